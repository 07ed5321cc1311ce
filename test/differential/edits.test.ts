import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpSessionError,
  type SessionData,
  type SessionFormatName,
} from '../../src/codec/index.ts';
import { batch, cases, seed, shrink, timeout } from '../helpers/fuzz.ts';
import { type Answer, type Edit, PhpOracle } from '../helpers/php-oracle.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// Sessions full of references, in which Node and PHP make the same changes: both must write the same bytes. So every
// reference that remains means what it meant, whatever its number is now.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

interface Case {
  /** As PHP itself would write it. */
  before: Buffer;
  edits: Edit[];
}

/** A session as PHP itself would write it, or `undefined` for random bytes that are none. */
function canonical(bytes: Buffer, format: SessionFormatName): Buffer | undefined {
  try {
    return Buffer.from(encodeSession(decodeSession(bytes, { view: 'exact', format }), { format }));
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

function randomCase(random: RandomPhp, format: SessionFormatName): Case {
  let before: Buffer | undefined;
  while (before === undefined) before = canonical(random.session(format), format);
  return edited(before, random, format);
}

function edited(before: Buffer, random: RandomPhp, format: SessionFormatName): Case {
  const edits: Edit[] = [];
  let session: SessionData;
  try {
    session = decodeSession(before, { format });
  } catch {
    return { before, edits }; // What we wrote ourselves: `ours` says what is wrong with it.
  }
  for (let left = 1 + random.below(3); left > 0; left--) {
    const edit = randomEdit(session, random);
    // A scalar in a reference is shared again when the session is written, not before: what is set in one place
    // and then unset there does not reach the others.
    if (edits.some(([[key]]) => key === edit[0][0])) continue;
    // Nor does what is set in an array that is then replaced, here or where a reference holds it too.
    if (edits.some(([[key]]) => isObject(session[key!]) && session[key!] === session[edit[0][0]!])) continue;
    // What was an array may have become text, through a reference.
    if (edit[0].length === 2 && edits.length > 0) continue;
    edits.push(edit);
    apply(session, edit);
  }
  return { before, edits };
}

function apply(session: SessionData, [[key, element], value]: Edit): void {
  // biome-ignore lint/suspicious/noExplicitAny: an array or an object
  const holder: any = element === undefined ? session : session[key!];
  const name = element ?? key!;
  if (value === null) delete holder[name];
  else holder[name] = value;
}

/** What we write, or `undefined` for a change that PHP takes and that is an error here. Any other error is a mismatch. */
function ours({ before, edits }: Case, format: SessionFormatName): string | undefined {
  try {
    const session = decodeSession(before, { format });
    for (const edit of edits) apply(session, edit);
    return Buffer.from(encodeSession(session)).toString('latin1');
  } catch (error) {
    // Two places of one reference got different values: PHP's last one wins.
    return (error as PhpSessionError).code === 'ERR_PHP_REFERENCE' ? undefined : `threw ${error}`;
  }
}

async function theirs(all: readonly Case[], format: SessionFormatName): Promise<(string | undefined)[]> {
  const ini = { 'session.serialize_handler': format };
  const jobs = all.map(({ before, edits }) => ({ operation: 'edit' as const, argument: before, edits, ini }));
  // PHP refuses an element of what a reference had made a string.
  return (await php.ask(jobs)).map((answer: Answer) => (answer.ok ? answer.bytes.toString('latin1') : undefined));
}

async function differs(one: Case, format: SessionFormatName): Promise<boolean> {
  // Only what is still a session as PHP and we would write it, and what the changes still fit.
  if (canonical(one.before, format)?.equals(one.before) !== true) return false;
  const session = decodeSession(one.before, { format });
  if (one.edits.some(([[key, element]]) => element !== undefined && !isObject(session[key!]))) return false;
  const mine = ours(one, format);
  const [untouched, other] = await theirs([{ ...one, edits: [] }, one], format);
  if (untouched !== one.before.toString('latin1')) return false;
  return mine !== undefined && other !== undefined && mine !== other;
}

async function report(found: Case, format: SessionFormatName): Promise<string> {
  let { edits } = found;
  for (const edit of edits) {
    const fewer = edits.filter((other) => other !== edit);
    if (await differs({ ...found, edits: fewer }, format)) edits = fewer;
  }
  const before = await shrink(found.before, (bytes) => differs({ before: bytes, edits }, format));
  const [other] = await theirs([{ before, edits }], format);
  const show = (text: string | undefined) => JSON.stringify(text);
  return [
    `seed ${seed}, PHP ${php.version}: ${show(before.toString('latin1'))}`,
    `  changes ${JSON.stringify(edits)}`,
    `  ours    ${show(ours({ before, edits }, format))}`,
    `  PHP     ${show(other)}`,
  ].join('\n');
}

/** A case, and what we write for it. */
type Made = readonly [one: Case, mine: string];

/** Compares with PHP; returns how many could be, and in how many of them PHP wrote references. */
async function compare(
  all: readonly Made[],
  format: SessionFormatName,
): Promise<[compared: number, referring: number]> {
  const answers = await theirs(
    all.map(([one]) => one),
    format,
  );
  const compared = answers.flatMap((other, index) => (other === undefined ? [] : [[...all[index]!, other] as const]));
  for (const [one, mine, other] of compared) if (mine !== other) throw new Error(await report(one, format));
  return [compared.length, compared.filter(([, , other]) => /[rR]:\d/.test(other)).length];
}

const formats = ['php', 'php_binary', 'php_serialize'] as const;

test.each(formats)(
  'what Node changes is what PHP changes, in the format %s',
  async (format) => {
    const random = new RandomPhp(seed);
    let compared = 0;
    let referring = 0;
    for (let done = 0; done < cases; done += batch) {
      const all: Made[] = [];
      while (all.length < batch) {
        const one = randomCase(random, format);
        const mine = ours(one, format);
        if (mine !== undefined) all.push([one, mine]);
      }
      const counts = await compare(all, format);
      compared += counts[0];
      referring += counts[1];
    }
    expect(compared).toBeGreaterThan(cases * 0.9);
    expect(referring).toBeGreaterThan(cases / 10);
  },
  timeout,
);

/** PHP is asked twice for each of these. */
const some = cases / 5;

/** PHP code that makes a session with objects that serialize themselves, and hold what else is in it: by value and by reference. */
function hiding(random: RandomPhp): string {
  const values = ["'x'", '[]', "[1, 'y']", "['k' => 1, 'l' => [2]]", "(object) ['p' => 1]", 'new stdClass'];
  const places: string[] = [];
  const held = () => `${random.pick(['', '&'])}${random.pick(places)}`;
  let code = "class_exists('Hides') || eval(base64_decode('"; // a class is there once for all sessions
  code += `${Buffer.from(hides).toString('base64')}'));`;
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'].slice(random.below(4))) {
    const place = `$_SESSION['${name}']`;
    const kind = places.length === 0 ? 0 : random.below(8);
    if (kind < 3) {
      const value = random.pick(values);
      code += `${place} = ${value};`;
      if (value.includes("'k'")) places.push(`${place}['k']`);
      if (value.includes("'y'")) places.push(`${place}[1]`);
    } else if (kind < 5) {
      code += `${place} = ${held()};`;
    } else {
      code += `${place} = new Hides([${held()}, ${random.pick(['1', "['z']", held()])}]);`;
    }
    places.push(place);
  }
  return code;
}

const hides = `
  class Hides implements Serializable {
    public $data;
    function __construct($data) { $this->data = $data; }
    function serialize() { return serialize($this->data); }
    function unserialize($text) { $this->data = unserialize($text); }
  }`;

test.each(formats)(
  'after objects that serialized themselves, what Node changes is what PHP changes, or an error, in the format %s',
  async (format) => {
    const random = new RandomPhp(seed);
    let compared = 0;
    let refused = 0;
    const ini = { 'session.serialize_handler': format };
    for (let done = 0; done < some; done += batch) {
      const jobs = Array.from({ length: batch }, () => ({ operation: 'eval' as const, argument: hiding(random), ini }));
      const all: Made[] = [];
      for (const { session } of await php.ask(jobs)) {
        const before = canonical(session, format);
        if (before === undefined) continue; // cannot be read, as a reference comes after a C:
        if (!before.equals(session)) throw new Error(`seed ${seed}: ${session} is written as ${before}`);
        const one = edited(before, random, format);
        const mine = ours(one, format);
        if (mine === undefined) refused++;
        else all.push([one, mine]);
      }
      compared += (await compare(all, format))[0];
    }
    expect(compared).toBeGreaterThan(some / 2);
    expect(refused).toBeGreaterThan(some / 10);
  },
  timeout,
);
