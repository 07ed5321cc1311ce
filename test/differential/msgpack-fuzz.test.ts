import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, type SessionFormat } from '../../src/codec/index.ts';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { batch, cases, steadySeed as seed, timeout } from '../helpers/fuzz.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { ended } from '../helpers/php-process.ts';
import { classesInPhp, layouts, RandomSession } from '../helpers/random-msgpack.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// PHP's extension may crash on what it wrote itself. So PHP reads here only what the codec takes for safe.

const many = process.env.FUZZ_CASES === undefined ? 2000 : cases;
const ini = { 'session.serialize_handler': 'msgpack' };
const format = 'php_serialize';
const classes = [...Object.keys(layouts), 'stdClass', 'Suit'];

let php: PhpOracle;
let questions = 0;
let hasEnums: boolean;
beforeAll(async () => {
  php = new PhpOracle(classesInPhp);
  const version = await php.one('eval', `return phpversion('msgpack') . '/' . PHP_VERSION_ID;`);
  const [, major, id] = /"(\d+)\..*\/(\d+)"/.exec(version.bytes.toString())!;
  hasEnums = Number(major) >= 3 && Number(id) >= 80_100;
});
afterAll(() => php.close());

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The result, or the code of an error of ours. Any other error is a failure. */
function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof PhpSessionError) return error.code;
    throw error;
  }
}

const set = (serialized: Uint8Array) =>
  `$_SESSION = unserialize(base64_decode('${Buffer.from(serialized).toString('base64')}'));`;
const start = (bytes: Uint8Array) =>
  `session_abort(); $_SESSION = []; $handler->data = base64_decode('${Buffer.from(bytes).toString('base64')}');
   session_start(); return $_SESSION;`;

/** Asks PHP for one thing of each case, if there is one. `undefined` too if PHP's process ended over it. */
async function ask(codes: readonly (string | undefined)[]) {
  if (++questions % 50 === 0) php.renew();
  const asked = codes.flatMap((argument) =>
    argument === undefined ? [] : [{ operation: 'eval' as const, argument, ini }],
  );
  const answers = await php.tryAll(asked);
  return codes.map((code) => {
    const answer = code === undefined ? undefined : answers.shift();
    return answer === ended ? undefined : answer;
  });
}

test(
  'PHP writes the bytes that we write, reads what it was, and writes them again',
  async () => {
    const own = msgpack({ layouts, ...(hasEnums && { version: '3.0' }) });
    const refusals: Record<string, number> = {};
    let read = 0;
    for (let done = 0; done < many; done += batch) {
      const sessions = Array.from({ length: batch }, (_, i) => new RandomSession(seed + done + i, hasEnums).session());
      const serialized = sessions.map((session) => encodeSession(session, { format, classes }));
      const ours = sessions.map((session) => attempt(() => encodeSession(session, { format: own, classes })));
      const written = await ask(serialized.map(set));
      // Version 3.0 counts enums wrongly when it reads them.
      const isSafe = (i: number) => typeof ours[i] !== 'string' && !/E:/.test(text(serialized[i]!));
      const readBack = await ask(ours.map((bytes, i) => (isSafe(i) ? start(bytes as Uint8Array) : undefined)));
      for (const [i, bytes] of ours.entries()) {
        const about = `seed ${seed + done + i}`;
        if (typeof bytes === 'string') {
          refusals[bytes] = (refusals[bytes] ?? 0) + 1;
          continue;
        }
        if (written[i] !== undefined) expect([about, hex(bytes)]).toEqual([about, hex(written[i].session)]);
        const session = decodeSession(bytes, { format: own, view: 'exact' });
        expect([about, text(encodeSession(session, { format }))]).toEqual([about, text(serialized[i]!)]);
        if (readBack[i] === undefined) continue;
        read++;
        expect([about, text(readBack[i].bytes)]).toEqual([about, text(serialized[i]!)]);
        expect([about, hex(readBack[i].session)]).toEqual([about, hex(bytes)]);
      }
    }
    expect(Object.keys(refusals)).toEqual(['ERR_PHP_REFERENCE']);
    expect(read).toBeGreaterThan(many * 0.7);
  },
  timeout,
);

/**
 * What PHP does not read as it stands there:
 *
 * - objects of classes that need code: their names or data may be damaged
 * - names of properties that are digits, in objects of a class that PHP does not know: it makes ints of them
 */
const excluded = /[OCE]:\d+:"(?!(stdClass|Ghost)")|[{;}]s:\d+:"-?\d+";|\xc0\xa5Ghost\xc0|__PHP_Incomplete/;

test(
  'of damaged bytes PHP reads what we read',
  async () => {
    const own = msgpack({ layouts });
    let read = 0;
    for (let done = 0; done < many; done += batch) {
      const inputs = Array.from({ length: batch }, (_, i) => damaged(seed + done + i, own));
      const ours = inputs.map((input) => attempt(() => translated(input, own)));
      const answers = await ask(inputs.map((input, i) => (/^a:/.test(ours[i]!) ? start(input) : undefined)));
      for (const [i, answer] of answers.entries()) {
        if (answer === undefined) continue;
        read++;
        expect([hex(inputs[i]!), text(answer.bytes)]).toEqual([hex(inputs[i]!), ours[i]]);
      }
    }
    expect(read).toBeGreaterThan(many * 0.05);
  },
  timeout,
);

/** A session in msgpack with one to three bytes changed. */
function damaged(number: number, own: SessionFormat): Buffer {
  const random = new RandomPhp(number);
  const session = new RandomSession(number, false).session();
  const bytes = attempt(() => encodeSession(session, { format: own, classes }));
  const damaged = Buffer.from(typeof bytes === 'string' ? [0x90] : bytes);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(damaged.length);
    damaged[at] = random.below(2) === 0 ? random.below(256) : damaged[at]! + random.pick([-1, 1]);
  }
  return damaged;
}

/** The session in php_serialize, if PHP may read the bytes; else nothing, or the code of an error. */
function translated(input: Buffer, own: SessionFormat): string {
  const session = decodeSession(input, { format: own, view: 'exact' });
  const serialized = text(encodeSession(session, { format }));
  // What we would not write PHP may not find.
  const written = encodeSession(decodeSession(Buffer.from(serialized, 'latin1'), { format, view: 'exact' }), {
    format: own,
  });
  // Damaged references are not for PHP.
  const isShared = input.some((byte, at) => at > 2 && byte === 0xc0 && input[at + 1]! <= 6);
  return isShared || excluded.test(serialized) || excluded.test(text(written)) ? '' : serialized;
}
