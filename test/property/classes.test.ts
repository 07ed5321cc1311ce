import { fc, test } from '@fast-check/jest';
import { expect } from '@jest/globals';
import {
  type ClassMapping,
  decodeSession,
  encodeSession,
  type PhpKey,
  PhpObject,
  PhpSessionError,
  type SessionData,
} from '../../src/codec/index.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// Sessions full of references and cycles, whose objects are instances: they are written as if they were PhpObjects.

/** Has its own copy of all properties. */
class Instance {
  properties: Map<PhpKey, unknown>;
  constructor(object: PhpObject) {
    this.properties = new Map(object.properties);
  }
}

class Foo extends Instance {}

const mapping = (className: string, type: typeof Instance): ClassMapping<Instance> => ({
  className,
  class: type,
  fromPhp: (object) => new type(object),
  toPhp(instance, object) {
    for (const key of object.properties.keys()) if (!instance.properties.has(key)) object.properties.delete(key);
    for (const [key, value] of instance.properties) object.properties.set(key, value);
  },
});

// Of `stdClass` objects stay what they are, so that both kinds are inside each other.
const classes = [mapping('App\\Übung', Instance), mapping('foo', Foo)];
const formats = fc.constantFrom('php' as const, 'php_binary' as const, 'php_serialize' as const);

/** A session as PHP writes it. */
function canonical(random: RandomPhp, format: 'php' | 'php_binary' | 'php_serialize'): Uint8Array | undefined {
  const bytes = attempt(() =>
    encodeSession(decodeSession(random.session(format), { view: 'exact', format }), { format }),
  );
  return typeof bytes === 'string' ? undefined : bytes;
}

function attempt(write: () => Uint8Array): Uint8Array | string {
  try {
    return write();
  } catch (error) {
    if (error instanceof PhpSessionError) return error.code;
    throw error;
  }
}

test.prop([fc.integer(), formats])('what did not change is written as the same bytes', (seed, format) => {
  const bytes = canonical(new RandomPhp(seed), format);
  fc.pre(bytes !== undefined);
  const session = decodeSession(bytes, { format, classes });
  Object.values(session);
  expect(attempt(() => encodeSession(session))).toEqual(bytes);
});

test.prop([fc.integer(), formats])('a change of an instance is that of the object', (seed, format) => {
  const random = new RandomPhp(seed);
  const bytes = canonical(random, format);
  fc.pre(bytes !== undefined);
  const names = Object.entries(decodeSession(bytes, { format })).filter(([, value]) => value instanceof PhpObject);
  fc.pre(names.length > 0);
  const key = random.pick(names)[0];
  const name = random.pick(['p', '\0*\0p', '\0Foo\0q', 'new']);
  const isDeleted = random.below(3) === 0;
  const isShared = random.below(2) === 0;
  const change = (session: SessionData) => {
    const { properties } = session[key] as PhpObject | Instance;
    if (isDeleted) properties.delete(name);
    else properties.set(name, 'changed');
    if (isShared) session.also = session[key];
    return attempt(() => encodeSession(session));
  };
  expect(change(decodeSession(bytes, { format, classes }))).toEqual(change(decodeSession(bytes, { format })));
});
