import {
  decodeSession,
  encodeSession,
  isPhpArray,
  isPhpObject,
  isPhpReference,
  PhpArray,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
  PhpSessionError,
} from '../../src/codec/index.ts';
import { isObject } from '../../src/codec/values.ts';
import type { MergeCase } from './php-merge.ts';
import type { RandomPhp } from './random-php.ts';

const formats = ['php', 'php_binary', 'php_serialize'] as const;
const rules = ['mine', 'theirs', 'error', 'function'] as const;
const classes = ['stdClass', 'Foo', 'App\\Übung', 'foo', 'Suit'];

export interface Triple extends MergeCase {
  readonly isDamaged: boolean;
}

/** Three sessions at random: mostly one, and what two requests have made of it. */
export function randomTriple(random: RandomPhp): Triple {
  for (;;) {
    const format = random.pick(formats);
    const read = readable(random, format);
    const sides = [read, edited(read, random, format), edited(read, random, format)];
    const isDamaged = random.below(15) === 0;
    if (isDamaged) {
      const side = random.below(3);
      sides[side] = random.damaged(sides[side]!);
    }
    const [base, mine, theirs] = sides as [Buffer, Buffer, Buffer];
    // PHP reads this size as 1, and never writes one like it. For PHP's merge it is too large.
    if ([base, mine, theirs].some((side) => side.includes('18446744073709551617'))) continue;
    return { format, rule: random.pick(rules), base, mine, theirs, isDamaged };
  }
}

/** As PHP would write it, in most cases; the others have spellings that PHP only reads. */
function readable(random: RandomPhp, format: (typeof formats)[number]): Buffer {
  for (;;) {
    const bytes = random.session(format);
    const written = unlessRefused(() => encodeSession(decodeSession(bytes, { view: 'exact', format }), { format }));
    if (written !== undefined) return random.below(4) === 0 ? bytes : Buffer.from(written);
  }
}

function edited(base: Buffer, random: RandomPhp, format: (typeof formats)[number]): Buffer {
  if (random.below(20) === 0) return readable(random, format);
  for (let tries = 0; tries < 20; tries++) {
    const session = decodeSession(base, { view: 'exact', format });
    const nested = [session, ...containersIn(session)];
    for (let left = 1 + random.below(4); left > 0; left--)
      edit(random.below(2) === 0 ? session : random.pick(nested), nested, random);
    const reordered = random.below(6) === 0 ? reversed(session, format) : session;
    const bytes = unlessRefused(() => encodeSession(reordered, { format, classes }));
    if (bytes !== undefined) return Buffer.from(bytes);
  }
  return base;
}

type Container = PhpArray | PhpObject;

function entriesOf(container: Container): Pick<Map<PhpKey, unknown>, 'get' | 'set' | 'delete' | 'keys'> {
  return isPhpArray(container) ? (container as never) : container.properties;
}

function containersIn(session: PhpArray): Container[] {
  const found = new Set<Container>();
  const rest: unknown[] = [...session.values()];
  while (rest.length > 0) {
    const value = rest.pop();
    if (!isObject(value)) continue;
    if (isPhpReference(value)) rest.push(value.value);
    else if ((isPhpArray(value) || isPhpObject(value)) && !found.has(value)) {
      found.add(value);
      rest.push(...(isPhpArray(value) ? value.values() : value.properties.values()));
    }
  }
  return [...found];
}

/** One change as applications make them. */
function edit(container: Container, all: readonly Container[], random: RandomPhp): void {
  const entries = entriesOf(container);
  const keys = [...entries.keys()];
  const key = keys.length > 0 && random.below(3) > 0 ? random.pick(keys) : random.pick(['new', 'a', '7x', '!x', 'é']);
  switch (random.below(8)) {
    case 0:
      entries.delete(key);
      return;
    case 1: {
      const value = entries.get(key); // renamed
      entries.delete(key);
      if (value !== undefined) entries.set(random.pick(['other', 'b']), value);
      return;
    }
    case 2: {
      const other = entriesOf(random.pick(all)); // made a reference of two places
      const from = [...other.keys()].at(-1);
      if (from === undefined) return;
      const value = other.get(from);
      const reference = isObject(value) && isPhpReference(value) ? value : new PhpReference(value);
      other.set(from, reference);
      entries.set(key, reference);
      return;
    }
    case 3: {
      const object = all.find(isPhpObject); // the same object once more
      entries.set(key, object ?? new PhpObject('Foo', [['p', random.below(3)]]));
      return;
    }
    case 4:
      entries.set(key, new PhpArray([[random.pick(['m', 't', 'x']), random.below(3)]]));
      return;
    case 5:
      entries.set(key, new PhpArray());
      return;
    case 6: {
      const value = entries.get(key);
      if (isObject(value) && isPhpReference(value)) value.value = random.below(5);
      else entries.set(key, new PhpFloat(random.below(9) / 8));
      return;
    }
    default:
      entries.set(key, random.pick<unknown>([random.below(4), 'text', null, true, -0.5]));
  }
}

function reversed(session: PhpArray, format: string): PhpArray {
  return new PhpArray([...session].reverse(), { literalKeys: format !== 'php_serialize' });
}

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}
