import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../src/codec/index.ts';
import { hex, hexOf, oddHexOf } from '../helpers/hex-format.ts';
import { RandomPhp } from '../helpers/random-php.ts';

const format = 'php_serialize';
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** What PHP may have written, with references and objects, as the exact view writes it again; `undefined` for what is damaged. */
function canonical(seed: number): Uint8Array | undefined {
  try {
    const data = new RandomPhp(seed).session(format);
    return encodeSession(decodeSession(data, { view: 'exact', format }), { format });
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}

describe('a format that is translated', () => {
  test.prop([fc.integer(), fc.boolean()])('keeps the bytes of what was not changed', (seed, isLookedAt) => {
    const data = canonical(seed);
    fc.pre(data !== undefined);
    const odd = oddHexOf(data);
    const session = decodeSession(odd, { format: hex });
    if (isLookedAt) Object.values(session);
    expect(text(encodeSession(session))).toBe(text(odd));
    expect(text(encodeSession(decodeSession(odd, { format: hex, view: 'exact' }), { format: hex }))).toBe(text(odd));
  });

  test.prop([fc.integer(), fc.nat()])('writes a change as php_serialize does', (seed, chosen) => {
    const data = canonical(seed);
    fc.pre(data !== undefined);
    const change = (session: SessionData) => {
      const keys = Object.keys(session);
      const key = keys[chosen % (keys.length || 1)];
      if (key !== undefined && chosen % 3 > 0) delete session[key];
      if (chosen % 3 < 2) session['a new name'] = [chosen, { x: 'y' }];
      return session;
    };
    const written = (run: () => Uint8Array) => {
      try {
        return text(run());
      } catch (error) {
        return (error as PhpSessionError).code;
      }
    };
    const theirs = written(() => hexOf(encodeSession(change(decodeSession(data, { format })))));
    const expected = theirs === text(hexOf(data)) ? text(oddHexOf(data)) : theirs; // there was nothing to change
    expect(written(() => encodeSession(change(decodeSession(oddHexOf(data), { format: hex }))))).toBe(expected);
  });
});
