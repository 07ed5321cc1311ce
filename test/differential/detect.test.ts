import { expect, test } from '@jest/globals';
import type { SessionFormatName } from '../../src/codec/index.ts';
import { detectSessionFormat } from '../../src/formats.ts';
import { seed } from '../helpers/fuzz.ts';
import { latin1Bytes } from '../helpers/latin1.ts';
import { RandomPhp } from '../helpers/random-php.ts';
import { Rules } from '../helpers/rules.ts';

const rules = new Rules();
const formats = ['php', 'php_serialize', 'php_binary'] as const;

/** The formats in which PHP reads these bytes to an array. */
async function formatsOfPhp(all: readonly Buffer[]): Promise<SessionFormatName[][]> {
  const possible: SessionFormatName[][] = all.map(() => []);
  for (const format of formats) {
    const ini = { 'session.serialize_handler': format };
    const answers = await rules.php.ask(all.map((argument) => ({ operation: 'session', argument, ini })));
    for (const [index, { ok, bytes }] of answers.entries()) {
      // Of a session that is no array, PHP writes nothing.
      const isArray = format !== 'php_serialize' || bytes.length > 0;
      if (ok && isArray) possible[index]!.push(format);
    }
  }
  return possible;
}

test('what is possible is what PHP reads', async () => {
  const random = new RandomPhp(seed);
  const all = Array.from({ length: 10_000 }, (_, index) => {
    const session = random.session(formats[index % 3]!);
    return random.below(3) === 0 ? random.damaged(session) : session;
  });
  const found = all.map((data) => detectSessionFormat(data));
  const differences = (await formatsOfPhp(all)).flatMap((possible, index) => {
    const ours = [...found[index]!.possible].sort();
    return String(ours) === String(possible.sort())
      ? []
      : [{ seed, data: all[index]!.toString('latin1'), possible, ours }];
  });
  // PHP reads references to $_SESSION, and cannot write them again. It treats them like data that are no array.
  expect(differences.filter(({ data }) => !/[{;][Rr]:0*1;|[CE]:/.test(data))).toEqual([]);
  expect(found.filter(({ certainty }) => certainty === 'sure').length).toBeGreaterThan(all.length / 4);
}, 120_000);

test.each(formats)('sessions that PHP wrote in %s', async (format) => {
  const codes = [
    `['a' => 1]`,
    `['count' => 5, 'user' => ['name' => 'x|y', 'since' => 1.5], 'é' => null]`,
    `['a' => new ArrayObject([1, 2]), 'b' => new DateTime('2020-01-02 UTC')]`,
    `['row' => 'a|i:1;b|s:1:"x";', 'json' => '{"a":"|"}']`,
  ];
  for (const code of codes) {
    const data = await rules.phpWrites(`$_SESSION = ${code};`, format);
    expect(detectSessionFormat(latin1Bytes(data))).toEqual({ format, certainty: 'sure', possible: [format] });
  }
});

// PHP reads each of these in two formats: strings may hold what another format would have there.
test.each([
  ['php_binary', `['a' => '|s:0:"']`, 'php'],
  ['php_serialize', `['x' => 'y|a:1:{i:0;s:0:"']`, 'php'],
  ['php', `['a' => str_repeat('.', 90) . 's:0:"']`, 'php_binary'],
] as const)('a session that PHP wrote in %s, and also reads in %3$s: %s', async (format, code, other) => {
  const data = latin1Bytes(await rules.phpWrites(`$_SESSION = ${code};`, format));
  expect((await formatsOfPhp([data]))[0]!.sort()).toEqual([format, other].sort());
  expect(detectSessionFormat(data)).toEqual({ format, certainty: 'likely', possible: [format, other] });
});
