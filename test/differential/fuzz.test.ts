import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, serialize, unserialize } from '../../src/codec/index.ts';
import { asPhpWrites } from '../helpers/exact.ts';
import { batch, cases, seed, shrink, timeout } from '../helpers/fuzz.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { RandomPhp } from '../helpers/random-php.ts';

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

/**
 * What we make of it: the bytes written again, or `undefined` where it is refused by an error of ours. Any other error is a
 * mismatch too.
 */
function ours(read: () => Uint8Array): string | undefined {
  try {
    return Buffer.from(read())
      .toString('latin1')
      .replaceAll(/O:8:"stdclass"/gi, 'O:8:"stdClass"'); // in PHP's case
  } catch (error) {
    return error instanceof PhpSessionError ? undefined : `threw ${error}`;
  }
}

// Where PHP itself loses something, or is not to be followed:
// - a class that PHP does not know and that serialized itself (C:) loses its data; an enum (E:) it does not know is refused
// - references to the root of unserialize() give bytes that depend on the version (cut off with N;)
// - __PHP_Incomplete_Class_Name renames the object
const excluded = /[CE]:\+?\d*:|[{;]R:0*1;|__PHP_Incomplete/;

function differs(input: Buffer, mine: string | undefined, answer: { ok: boolean; bytes: Buffer }): boolean {
  const theirs = answer.ok ? answer.bytes.toString('latin1') : undefined;
  if (mine === theirs) return false;
  return mine?.startsWith('threw ') === true || !excluded.test(input.toString('latin1'));
}

function report(input: Buffer, mine: string | undefined, answer: { ok: boolean; bytes: Buffer }): string {
  return `${JSON.stringify(input.toString('latin1'))}\n  ours ${JSON.stringify(mine)}\n  PHP  ${
    answer.ok ? JSON.stringify(answer.bytes.toString('latin1')) : 'refused'
  }`;
}

async function compare(
  operation: 'unserialize' | 'session',
  ini: Record<string, string>,
  next: (random: RandomPhp) => Buffer,
  read: (bytes: Buffer) => Uint8Array,
) {
  const random = new RandomPhp(seed);
  const mismatches: string[] = [];
  let accepted = 0;
  for (let done = 0; done < cases && mismatches.length < 5; done += batch) {
    const inputs = Array.from({ length: batch }, () => next(random));
    const answers = await php.ask(inputs.map((argument) => ({ operation, argument, ini })));
    for (const [i, input] of inputs.entries()) {
      const mine = ours(() => read(input));
      if (answers[i]!.ok) accepted++;
      if (!differs(input, mine, answers[i]!)) continue;
      const answer = async (argument: Buffer) => (await php.ask([{ operation, argument, ini }]))[0]!;
      const shortest = await shrink(input, async (bytes) =>
        differs(
          bytes,
          ours(() => read(bytes)),
          await answer(bytes),
        ),
      );
      mismatches.push(
        report(
          shortest,
          ours(() => read(shortest)),
          await answer(shortest),
        ),
      );
    }
  }
  if (mismatches.length > 0) throw new Error(`seed ${seed}, PHP ${php.version}:\n${mismatches.join('\n')}`);
  // Most of what is compared must be data that PHP accepts, or little is compared.
  expect(accepted).toBeGreaterThan(cases / 4);
}

const mostlyValid = (make: (random: RandomPhp) => Buffer) => (random: RandomPhp) => {
  const bytes = make(random);
  return random.below(2) === 0 ? bytes : random.damaged(bytes);
};

test.each(['php', 'php_binary', 'php_serialize'] as const)(
  'sessions in the format %s: PHP and we accept the same bytes, and write the same bytes again',
  async (format) => {
    await compare(
      'session',
      { 'session.serialize_handler': format },
      mostlyValid((random) => random.session(format)),
      (bytes) => {
        // PHP takes any value for a session there, but then it can neither be used nor written.
        if (format === 'php_serialize' && /^[^aN]/.test(bytes.toString('latin1'))) return refusedLikeUnserialize(bytes);
        return encodeSession(asPhpWrites(decodeSession(bytes, { view: 'exact', format })), { format });
      },
    );
  },
  timeout,
);

/** What PHP writes for a session that is no array: nothing. */
function refusedLikeUnserialize(bytes: Buffer): Uint8Array {
  expect(() => decodeSession(bytes, { format: 'php_serialize' })).toThrow(PhpSessionError);
  readOne(bytes);
  return new Uint8Array();
}

/** PHP up to 8.2 does not report bytes after the value, and we do. So only the value is read. */
function readOne(bytes: Buffer): unknown {
  try {
    return unserialize(bytes, { view: 'exact' });
  } catch (error) {
    const { offset } = error as PhpSessionError;
    if (offset === undefined || offset === 0 || offset >= bytes.length) throw error;
    return unserialize(bytes.subarray(0, offset), { view: 'exact' });
  }
}

test(
  'unserialize(): PHP and we accept the same bytes, and write the same bytes again',
  async () => {
    await compare(
      'unserialize',
      {},
      mostlyValid((random) => random.serialized()),
      (bytes) => serialize(asPhpWrites(readOne(bytes))),
    );
  },
  timeout,
);
