/** What the differential tests with random data have in common. `npm run fuzz` sets the environment. */

export const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** For PHP's extensions, with which PHP may end: without a seed that was asked for, all runs of the tests are the same. */
export const steadySeed = Number(process.env.FUZZ_SEED ?? 1);

/** Of each kind. What is taken where nothing is said keeps `npm test` short; `npm run fuzz` takes more. */
export const cases = Number(process.env.FUZZ_CASES ?? 20_000);

/** How many cases are one question to PHP. */
export const batch = 500;

/** Time for one test, in milliseconds: far more than it takes. */
export const timeout = 120_000 + cases * 10;

/**
 * The shortest data that still fail: whole elements are left out, as long as that helps, and then any bytes.
 *
 * @param fails whether these bytes still show the mismatch
 */
export async function shrink(input: Buffer, fails: (bytes: Buffer) => Promise<boolean>): Promise<Buffer> {
  let bytes = input;
  for (;;) {
    const shorter = await firstOf(candidates(bytes), fails);
    if (shorter === undefined) return bytes;
    bytes = shorter;
  }
}

async function firstOf(all: Iterable<Buffer>, fails: (bytes: Buffer) => Promise<boolean>): Promise<Buffer | undefined> {
  for (const bytes of all) if (await fails(bytes)) return bytes;
  return undefined;
}

function* candidates(bytes: Buffer): Generator<Buffer> {
  const text = bytes.toString('latin1');
  for (const shorter of withoutElements(text)) yield Buffer.from(shorter, 'latin1');
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= bytes.length; at += size) {
      yield Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    }
  }
}

/** The text without some neighbouring tokens, which are one element fewer of what is around them. */
function* withoutElements(text: string): Generator<string> {
  const ends = [...text.matchAll(/[;{}]/g)].map(({ index }) => index + 1);
  for (const [at, from] of ends.entries()) {
    const count = /(\d+)(:\{)$/.exec(text.slice(0, openBrace(text, from) + 1));
    if (count === null) continue;
    const before =
      text.slice(0, count.index) + (Number(count[1]) - 1) + text.slice(count.index + count[1]!.length, from);
    let depth = 0;
    for (const to of ends.slice(at + 1)) {
      if (text[to - 1] === '{') depth++;
      if (text[to - 1] === '}') depth--;
      if (depth < 0) break;
      if (depth === 0) yield before + text.slice(to);
    }
  }
}

/** The offset of the brace that is open at this offset, or -1. */
function openBrace(text: string, offset: number): number {
  let depth = 0;
  for (let at = offset - 1; at >= 0; at--) {
    if (text[at] === '}') depth++;
    if (text[at] === '{' && depth-- === 0) return at;
  }
  return -1;
}
