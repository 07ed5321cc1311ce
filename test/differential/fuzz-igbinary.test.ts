import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { toPhpSerialize } from '../../src/codec/igbinary/to-php-serialize.ts';
import { decodeSession, encodeSession, PhpSessionError } from '../../src/codec/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { asPhpWrites } from '../helpers/exact.ts';
import { steadySeed as seed, timeout } from '../helpers/fuzz.ts';
import { IgbinaryOracle, type Kind, type Made } from '../helpers/igbinary-oracle.ts';
import { ended } from '../helpers/php-process.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// PHP's extension igbinary and we, on random sessions that PHP makes. `npm run fuzz -- --only igbinary` takes more of them.

/** Of each kind. */
const cases = Number(process.env.FUZZ_CASES ?? 2000);
const batch = 100;
const format = 'php_serialize';
const limits = { maxBytes: 16_777_216, maxDepth: 4096, maxElements: 1_048_576 };

let php: IgbinaryOracle;
beforeAll(() => {
  php = new IgbinaryOracle();
});
afterAll(() => php.close());

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Sessions of all kinds, in batches. */
async function eachBatch(kinds: readonly Kind[], check: (made: Made[], isCompact: boolean) => Promise<void>) {
  for (let done = 0; done < cases; done += batch) {
    const kind = kinds[(done / batch) % kinds.length]!;
    const isCompact = (done / batch) % 7 !== 0;
    const seeds = Array.from({ length: batch }, (_, index) => (seed + done + index) % 2 ** 31);
    const made = await php.make(seeds, kind, isCompact);
    expect(made.length).toBeGreaterThan(batch / 2);
    await check(made, isCompact);
  }
}

/** What we write for the values of a session, whatever its bytes were. */
function writtenAnew(session: Uint8Array): Buffer {
  const exact = decodeSession(toPhpSerialize(session, limits).text, { format, view: 'exact' });
  return Buffer.from(encodeSession(exact, { format: igbinary }));
}

function changed(session: Uint8Array): Buffer {
  const read = decodeSession(session, { format: igbinary });
  read.counter = 'hello';
  return Buffer.from(encodeSession(read));
}

/** Whether it is known that PHP's `serialize()` loses something: it writes null for an array that is in an object in it. */
function losesArray(ours: string, theirs: string): boolean {
  let at = 0;
  while (ours[at] === theirs[at] && at < ours.length) at++;
  return theirs.startsWith('N;', at) && ours.startsWith('a:', at);
}

function areSame(theirs: Buffer, ours: Uint8Array): void {
  if (!theirs.equals(ours)) expect([seed, hex(ours)]).toEqual([seed, hex(theirs)]); // to call `expect` takes longer
}

/**
 * PHP reads what we write as it reads its own, and would not write it again in another way.
 *
 * @param isRead whether PHP had read the session before it wrote it. What was shared until then may be so no more: ArrayObject takes a copy of its array
 */
async function areEqual(
  pairs: (readonly [ours: Buffer, theirs: Buffer])[],
  isCompact: boolean,
  isRead: boolean = true,
): Promise<void> {
  const others = pairs.filter(([ours, theirs]) => !ours.equals(theirs));
  const [ours, theirs] = [0, 1].map((index) => others.map((pair) => pair[index]!));
  const [mine, php1] = [await php.read(ours!, isCompact), await php.read(theirs!, isCompact)];
  for (const [index, bytes] of ours!.entries()) {
    const one = mine[index];
    const other = php1[index];
    if (one === undefined || one === ended || other === undefined || other === ended) {
      throw new Error(`seed ${seed}: PHP does not read ${hex(bytes)}, which stands for ${hex(theirs![index]!)}`);
    }
    const [a, b] = [text(one.serialized), text(other.serialized)];
    if (isRead) areSame(bytes, one.session);
    if (a !== b && !losesArray(b, a) && !losesArray(a, b)) expect([seed, a]).toEqual([seed, b]);
  }
}

test(
  'what PHP wrote is read as PHP reads it, and written again with the same bytes',
  async () => {
    let compared = 0;
    let rewritten = 0;
    await eachBatch(['simple', 'plain', 'all'], async (all, isCompact) => {
      const again: (readonly [Buffer, Buffer])[] = [];
      for (const { made, session, serialized } of all) {
        try {
          for (const bytes of [made, session]) {
            const read = text(encodeSession(decodeSession(bytes, { format: igbinary, view: 'exact' }), { format }));
            // PHP writes R: for an object that is also in a reference, and we do.
            if (read !== text(serialized) && !losesArray(read, text(serialized))) {
              expect([seed, hex(bytes), read]).toEqual([seed, hex(bytes), text(serialized)]);
            }
          }
        } catch (error) {
          if ((error as PhpSessionError).code !== 'ERR_PHP_REFERENCE') throw error; // past an object that serialized itself
          continue;
        }
        compared++;
        for (const bytes of [made, session]) {
          const plain = decodeSession(bytes, { format: igbinary });
          areSame(bytes, encodeSession(plain));
          const exact = decodeSession(bytes, { format: igbinary, view: 'exact' });
          areSame(bytes, encodeSession(exact, { format: igbinary }));
        }
        if (isCompact) again.push([writtenAnew(session), session], [writtenAnew(made), session]);
      }
      rewritten += again.filter(([ours, theirs]) => ours.equals(theirs)).length;
    });
    expect(compared).toBeGreaterThan(cases * 0.8);
    expect(rewritten).toBeGreaterThan(cases * 0.3);
  },
  timeout,
);

test(
  'after a change we write what PHP writes',
  async () => {
    let same = 0;
    await eachBatch(['simple', 'plain', 'all'], async (all, isCompact) => {
      const pairs: (readonly [Buffer, Buffer])[] = [];
      const first: (readonly [Buffer, Buffer])[] = [];
      for (const { made, session, changed: theirs, changedAtFirst } of all) {
        try {
          pairs.push([changed(session), theirs]);
          first.push([changed(made), changedAtFirst]);
        } catch (error) {
          expect((error as PhpSessionError).code).toBe('ERR_PHP_REFERENCE');
        }
      }
      same += pairs.filter(([ours, theirs]) => ours.equals(theirs)).length;
      // In a session without any repeated string nothing shows that strings are not to be shortened.
      if (isCompact) await areEqual(pairs, isCompact);
      if (isCompact) await areEqual(first, isCompact, false);
    });
    expect(same).toBeGreaterThan(cases * 0.8);
  },
  timeout,
);

test(
  'what another format holds is written as PHP writes it',
  async () => {
    const random = new RandomPhp(seed);
    let compared = 0;
    for (let done = 0; done < cases; done += batch) {
      const inputs = Array.from({ length: batch }, () => random.session(format));
      for (const [index, answer] of (await php.convert(inputs)).entries()) {
        if (answer === undefined || answer === ended) continue;
        const ours: string[] = [];
        try {
          // The exact view joins an object and a reference to it, as serialize() does, and the plain view keeps keys that come twice.
          for (const view of ['exact', 'plain'] as const) {
            const session = asPhpWrites(decodeSession(inputs[index]!, { format, view }));
            ours.push(hex(encodeSession(session, { format: igbinary })));
          }
        } catch (error) {
          if (!(error instanceof PhpSessionError)) throw error;
          expect(error.code).toMatch(/^ERR_PHP_(KEY|REFERENCE|SYNTAX)$/);
          continue;
        }
        compared++;
        // Sessions with both are left out.
        const hasBoth = ['r:', 'R:'].every((letter) => inputs[index]!.includes(letter));
        if (!hasBoth && !ours.includes(hex(answer.session))) {
          expect([seed, text(inputs[index]!), ours[0]]).toEqual([seed, text(inputs[index]!), hex(answer.session)]);
        }
      }
    }
    expect(compared).toBeGreaterThan(cases / 10);
  },
  timeout,
);

test.each([
  ['first', '140311016114010600250607' + '0605250102' + '1101620101'],
  ['last', '1403' + '0605250607' + '1101611401060025' + '0101' + '1101620102'],
])('a variable that is left out as its name is an int shares nothing: %s', async (_, session) => {
  // Only the variable 5 shares the element with an array, which is in two places.
  const bytes = Buffer.from(`00000002${session}`, 'hex');
  const [theirs] = await php.read([bytes]);
  if (theirs === undefined || theirs === ended) throw new Error('PHP does not read it');
  expect(text(theirs.serialized)).toBe('a:2:{s:1:"a";a:1:{i:0;i:7;}s:1:"b";a:1:{i:0;i:7;}}');
  expect(readDamaged(bytes)).toEqual({ serialized: text(theirs.serialized) });
});

/** The same bytes with one or two of them changed, added or removed, or cut off. */
function damaged(session: Buffer, random: RandomPhp): Buffer {
  let bytes = session;
  for (let left = 1 + random.below(2); left > 0; left--) {
    const at = random.below(bytes.length + 1);
    const other = Buffer.from([random.below(random.pick([256, 0x29]))]);
    const gone = random.pick([0, 1, 1, 1, bytes.length]);
    bytes = Buffer.concat([bytes.subarray(0, at), ...(random.below(4) > 0 ? [other] : []), bytes.subarray(at + gone)]);
  }
  return bytes;
}

/** `undefined` for what we refuse. Any other error is a mismatch. */
function readDamaged(bytes: Buffer): { serialized: string } | PhpSessionError {
  try {
    const exact = asPhpWrites(decodeSession(bytes, { format: igbinary, view: 'exact' }));
    return { serialized: text(encodeSession(exact, { format })) };
  } catch (error) {
    if (error instanceof PhpSessionError) return error;
    throw new Error(`seed ${seed}: ${hex(bytes)}: ${error}`);
  }
}

/** PHP's extension leaves the key `'7'` of damaged bytes a string, which no other code of PHP does. */
const normal = (serialized: Buffer) =>
  text(encodeSession(decodeSession(serialized, { format, view: 'exact' }), { format }));

/**
 * What PHP reads and never writes, and we refuse: a class with a name that none can have, a number beyond 64 bits, a reference to the session
 * itself. And what php_serialize cannot hold: references to a value whose key came again, arrays that contain themselves.
 */
function isRefusedAlone(bytes: Buffer, { code, offset = 0 }: PhpSessionError): boolean {
  const token = bytes[offset]!;
  const isClass = token >= 0x17 && token < 0x1d;
  const isWide = token === 0x20 || token === 0x21;
  const isSession = (token < 0x04 || (token > 0x21 && token < 0x25)) && bytes[offset + (token === 0x23 ? 2 : 1)] === 0;
  return code !== 'ERR_PHP_SYNTAX' || isClass || isWide || isSession;
}

test(
  'of damaged bytes we refuse what PHP refuses, and read the others as PHP does',
  async () => {
    const random = new RandomPhp(seed);
    const counts = { refused: 0, read: 0, alone: 0, skipped: 0 };
    await eachBatch(['plain'], async (all, isCompact) => {
      const inputs = all.filter(({ session }) => session.length < 500).map(({ session }) => damaged(session, random));
      const answers = await php.read(inputs, isCompact);
      for (const [index, bytes] of inputs.entries()) {
        let theirs = answers[index];
        const ours = readDamaged(bytes);
        const isRefused = ours instanceof PhpSessionError;
        // What PHP makes of objects that serialized themselves, and of enums, depends on their classes.
        if (!isRefused && /[CE]:\d/.test(ours.serialized)) continue;
        // PHP writes the name of a class as it was declared.
        if (!isRefused && /"(?!stdClass)[Ss][Tt][Dd][Cc][Ll][Aa][Ss][Ss]"/.test(ours.serialized)) continue;
        if (theirs === undefined && !isRefused) theirs = await php.readAnew(bytes);
        if (theirs === ended) counts.skipped++;
        else if (theirs === undefined && isRefused) counts.refused++;
        else if (isRefused && isRefusedAlone(bytes, ours)) counts.alone++;
        else if (theirs && !isRefused && losesArray(ours.serialized, normal(theirs.serialized))) counts.alone++;
        else if (isRefused || theirs === undefined || normal(theirs.serialized) !== ours.serialized) {
          expect([seed, hex(bytes), isRefused ? ours.message : ours.serialized]).toEqual([
            seed,
            hex(bytes),
            theirs && normal(theirs.serialized),
          ]);
        } else counts.read++;
      }
    });
    expect(counts.refused).toBeGreaterThan(cases / 4);
    expect(counts.read).toBeGreaterThan(cases / 20);
    expect(counts.alone).toBeLessThan(cases / 20);
  },
  timeout,
);
