import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../src/codec/index.ts';
import { type Edit, PhpOracle } from '../helpers/php-oracle.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// Sessions full of references, in which Node and PHP make the same changes: both must write the same bytes. So every
// reference that remains means what it meant, whatever its number is now.

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const cases = Number(process.env.FUZZ_CASES ?? 20_000);
const batch = 500;

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

/** A session as PHP itself would write it, or `undefined` for random bytes that are none. */
function canonical(bytes: Buffer): Buffer | undefined {
  try {
    return Buffer.from(encodeSession(decodeSession(bytes, { view: 'exact' })));
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}

/** A change of a variable, or of an element of an array. */
function randomEdit(session: SessionData, random: RandomPhp): Edit {
  const keys = [...Object.keys(session).filter((key) => key !== '12' && !/[\ud800-\udfff]/.test(key)), 'new'];
  const key = random.pick(keys);
  const value = random.below(3) === 0 ? null : `v${random.below(100)}`;
  const inner = session[key];
  const isArray = typeof inner === 'object' && inner !== null && !(Symbol.toStringTag in inner);
  const isPlain = isArray && (Array.isArray(inner) || Object.getPrototypeOf(Object.getPrototypeOf(inner)) === null);
  if (!isPlain || random.below(3) === 0) return [[key], value];
  const elements = Object.keys(inner).filter((name) => !/[\ud800-\udfff]/.test(name));
  return [[key, random.pick([...elements, 'new'])], value];
}

function apply(session: SessionData, [[key, element], value]: Edit): void {
  // biome-ignore lint/suspicious/noExplicitAny: an array or an object
  const holder: any = element === undefined ? session : session[key!];
  const name = element ?? key!;
  if (value === null) delete holder[name];
  else holder[name] = value;
}

/** Our bytes, with those object references as PHP's references that are so in PHP's. */
function asObjects(ours: string, theirs: string): string {
  return [...ours]
    .map((byte, at) => (byte === 'r' && theirs[at] === 'R' && ours[at + 1] === ':' ? 'R' : byte))
    .join('');
}

test('what Node changes is what PHP changes', async () => {
  const random = new RandomPhp(seed);
  let compared = 0;
  let referring = 0;
  for (let done = 0; done < cases; done += batch) {
    const jobs: { before: Buffer; edits: Edit[]; after: string }[] = [];
    while (jobs.length < batch) {
      const before = canonical(random.session());
      if (before === undefined) continue;
      const session = decodeSession(before);
      const edits: Edit[] = [];
      for (let left = 1 + random.below(3); left > 0; left--) {
        const edit = randomEdit(session, random);
        // A scalar behind a reference is shared again when the session is written, not before: what is set in one place
        // and then unset there does not reach the others.
        if (edits.some(([[key]]) => key === edit[0][0])) continue;
        // What was an array may be text by now, through a reference.
        if (edit[0].length === 2 && edits.length > 0) continue;
        edits.push(edit);
        apply(session, edit);
      }
      try {
        jobs.push({ before, edits, after: Buffer.from(encodeSession(session)).toString('latin1') });
      } catch (error) {
        // Two places of one reference got different values: PHP's last one wins, here it is an error.
        if ((error as PhpSessionError).code !== 'ERR_PHP_REFERENCE') throw error;
      }
    }
    const answers = await php.ask(jobs.map(({ before, edits }) => ({ operation: 'edit', argument: before, edits })));
    for (const [index, { before, edits, after }] of jobs.entries()) {
      if (!answers[index]!.ok) continue; // an element of what a reference had made a string
      const theirs = answers[index]!.bytes.toString('latin1');
      compared++;
      if (/[rR]:\d/.test(theirs)) referring++;
      // In PHP what an edit dropped lives on if it is a cycle, and may be the other holder of a reference to an object.
      if (after !== theirs && asObjects(after, theirs) !== theirs) {
        const show = (text: string) => JSON.stringify(text);
        throw new Error(
          `seed ${seed}: ${show(before.toString('latin1'))}\n  ${show(JSON.stringify(edits))}\n  Node ${show(after)}\n  PHP  ${show(theirs)}`,
        );
      }
    }
  }
  expect(compared).toBeGreaterThan(cases * 0.9);
  expect(referring).toBeGreaterThan(cases / 10);
});
