import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpFloat,
  PhpSessionError,
  type SessionData,
  serialize,
  unserialize,
} from '../../src/codec/index.ts';
import { className, plainSessions, plainValues, scalars, sessions, values } from '../helpers/arbitraries.ts';
import { latin1Text } from '../helpers/latin1.ts';
import { RandomPhp } from '../helpers/random-php.ts';

const classes = [className];
const formats = fc.constantFrom('php' as const, 'php_binary' as const, 'php_serialize' as const);

/** An array whose keys are 0, 1, 2 and so on is a list in PHP, whatever JavaScript had. */
function asPhpSees(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asPhpSees);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.every(([key], index) => key === String(index))) return entries.map(([, element]) => asPhpSees(element));
  return Object.fromEntries(entries.map(([key, element]) => [key, asPhpSees(element)]));
}

describe('read and write', () => {
  test.prop([plainValues])('what is written is read again', (value) => {
    expect(unserialize(serialize(value))).toEqual(asPhpSees(value));
  });

  test.prop([plainSessions])('also as a session', (session) => {
    const read = decodeSession(encodeSession(session));
    expect({ ...read }).toEqual(
      Object.fromEntries(Object.entries(session).map(([key, value]) => [key, asPhpSees(value)])),
    );
  });

  test.prop([sessions])('what is read and looked at is written as the same bytes', (session) => {
    const bytes = encodeSession(session, { classes });
    const read = decodeSession(bytes);
    Object.values(read);
    expect(latin1Text(encodeSession(read))).toBe(latin1Text(bytes));
    expect(latin1Text(encodeSession(decodeSession(bytes, { view: 'exact' })))).toBe(latin1Text(bytes));
  });

  test.prop([values])('also a value by itself', (value) => {
    const bytes = serialize(value, { classes });
    const isScalar = typeof value !== 'object' || value === null || value instanceof PhpFloat;
    expect(latin1Text(serialize(unserialize(bytes, { view: isScalar ? 'exact' : 'plain' })))).toBe(latin1Text(bytes));
  });

  test.prop([fc.integer(), formats])('also with references, in all formats', (seed, format) => {
    const random = new RandomPhp(seed);
    const data = random.session(format);
    const canonical = valid(() => encodeSession(decodeSession(data, { view: 'exact', format }), { format }));
    fc.pre(canonical !== undefined);
    const read = decodeSession(canonical, { format });
    Object.values(read);
    expect(latin1Text(encodeSession(read))).toBe(latin1Text(canonical));
  });

  test.prop([fc.integer(), formats])('from one format to another and back', (seed, format) => {
    const random = new RandomPhp(seed);
    const data = random.session();
    const canonical = valid(() => encodeSession(decodeSession(data, { view: 'exact' })));
    // Keys that only this format keeps as text.
    fc.pre(canonical !== undefined && !Object.keys(decodeSession(canonical)).includes('12'));
    const other = encodeSession(decodeSession(canonical), { format });
    expect(latin1Text(encodeSession(decodeSession(other, { format }), { format: 'php' }))).toBe(latin1Text(canonical));
  });
});

describe('read, change one key, write', () => {
  test.prop([sessions, values, fc.nat()])('all other keys keep their bytes', (session, value, pick) => {
    const keys = Object.keys(session);
    fc.pre(keys.length > 0);
    const key = keys[pick % keys.length]!;
    const before = pieces(session);
    const read = decodeSession(encodeSession(session, { classes }));
    read[key] = value;
    const after = unlessTypeChanged(() => encodeSession(read, { classes }));
    fc.pre(after !== undefined);
    const expected = before
      .map((piece) => (piece.key === key ? pieces({ [key]: value })[0]!.bytes : piece.bytes))
      .join('');
    // What stood at the key may leave its mark (floats, order of keys), so the new value is compared by what it means.
    expect(meaning(after)).toEqual(meaning(Buffer.from(expected, 'latin1')));
    for (const piece of before) if (piece.key !== key) expect(latin1Text(after)).toContain(piece.bytes);
  });

  test.prop([sessions, scalars])('a new key goes last', (session, value) => {
    fc.pre(!('new' in session));
    const read = decodeSession(encodeSession(session, { classes }));
    read.new = value;
    expect(latin1Text(encodeSession(read))).toBe(
      pieces({ ...session, new: value })
        .map(({ bytes }) => bytes)
        .join(''),
    );
  });

  test.prop([sessions, fc.nat()])('a key that is deleted goes, and nothing else', (session, pick) => {
    const keys = Object.keys(session);
    fc.pre(keys.length > 0);
    const key = keys[pick % keys.length]!;
    const read = decodeSession(encodeSession(session, { classes }));
    delete read[key];
    expect(latin1Text(encodeSession(read))).toBe(
      pieces(session)
        .filter((piece) => piece.key !== key)
        .map(({ bytes }) => bytes)
        .join(''),
    );
  });
});

describe('any bytes', () => {
  test.prop([fc.uint8Array({ maxLength: 200 })])('give a session or an error of ours', (bytes) => {
    valid(() => encodeSession(touch(decodeSession(bytes))));
  });

  test.prop([fc.integer()])('damaged ones too; what is accepted is written and read again', (seed) => {
    const random = new RandomPhp(seed);
    const bytes = random.damaged(random.session());
    const written = valid(() => encodeSession(touch(decodeSession(bytes))));
    if (written !== undefined) expect(() => touch(decodeSession(written))).not.toThrow();
  });
});

function touch(session: SessionData): SessionData {
  Object.values(session);
  return session;
}

function valid(run: () => Uint8Array): Uint8Array | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}

/** A plain object where an object stood is an error, and not what is tested there. */
function unlessTypeChanged(run: () => Uint8Array): Uint8Array | undefined {
  try {
    return run();
  } catch (error) {
    if ((error as PhpSessionError).code === 'ERR_PHP_TYPE_CHANGED') return undefined;
    throw error;
  }
}

/** The bytes of each variable, as if it were alone: these sessions have no references. */
function pieces(session: SessionData): { key: string; bytes: string }[] {
  return Object.keys(session).map((key) => ({
    key,
    bytes: latin1Text(encodeSession({ [key]: session[key] }, { classes })),
  }));
}

function meaning(bytes: Uint8Array): unknown {
  return { ...decodeSession(bytes) };
}
