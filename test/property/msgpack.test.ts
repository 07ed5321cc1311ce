import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../src/codec/index.ts';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { layouts, RandomSession } from '../helpers/random-msgpack.ts';

const format = msgpack({ layouts, version: '3.0' });
const classes = [...Object.keys(layouts), 'stdClass', 'Suit'];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A session as PHP writes it; `undefined` for what PHP itself could not read again. */
function packed(seed: number): Uint8Array | undefined {
  try {
    return encodeSession(new RandomSession(seed, true).session(), { format, classes });
  } catch (error) {
    if (error instanceof PhpSessionError && error.code === 'ERR_PHP_REFERENCE') return undefined;
    throw error;
  }
}

describe('a session in msgpack', () => {
  test.prop([fc.integer()])('is written again byte for byte, also when only another variable changes', (seed) => {
    const bytes = packed(seed);
    fc.pre(bytes !== undefined);
    // Without the option `layouts`: the bytes show them.
    const read = msgpack({ version: '3.0' });
    const exact = decodeSession(bytes, { format: read, view: 'exact' });
    expect(hex(encodeSession(exact, { format: read }))).toBe(hex(bytes));
    exact.set('new', 1);
    const more = encodeSession(exact, { format: read });
    const session = decodeSession<SessionData>(more, { format: read });
    Object.values(session);
    delete session.new;
    expect(hex(encodeSession(session))).toBe(hex(bytes));
  });

  test.prop([fc.integer()])('becomes one in php_serialize, and back', (seed) => {
    const bytes = packed(seed);
    fc.pre(bytes !== undefined);
    const serialized = encodeSession(decodeSession(bytes, { format }), { format: 'php_serialize' });
    const session = decodeSession(serialized, { format: 'php_serialize' });
    expect(hex(encodeSession(session, { format }))).toBe(hex(bytes));
  });
});
