import { expect, test } from '@jest/globals';
import { createId } from '../../src/session/id.ts';
import { isSessionId } from '../../src/stores/session-id.ts';

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

test.each([4, 5, 6] as const)(
  'ids of %i bits a character use all their digits, equally often, and no others',
  (bits) => {
    const counts = new Map<string, number>();
    const length = 256;
    const ids = Array.from({ length: 500 }, () => createId(length, bits));
    for (const id of ids) {
      expect(id).toHaveLength(length);
      expect(isSessionId(id)).toBe(true);
      for (const digit of id) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([...digits.slice(0, 2 ** bits)].sort());
    // Ten standard deviations, which chance does not reach.
    const expected = (ids.length * length) / 2 ** bits;
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(10 * Math.sqrt(expected));
    expect(new Set(ids).size).toBe(ids.length);
  },
);

test('an id is 1 to 256 of these characters', () => {
  for (const id of ['0', digits, 'a'.repeat(256)]) expect(isSessionId(id)).toBe(true);
  const others = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).filter(
    (c) => !digits.includes(c),
  );
  for (const other of others) {
    for (const id of [other, `a${other}`, `${other}a`, `a${other}a`])
      expect([id, isSessionId(id)]).toEqual([id, false]);
  }
  for (const id of ['', 'a'.repeat(257)]) expect(isSessionId(id)).toBe(false);
});
