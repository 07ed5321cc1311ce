import { expect, test } from '@jest/globals';
import { localPath } from '../../../src/login/local-path.ts';

test.each(['/', '/cart', '/cart?step=2&back=//example.org', '/a//b', '/%2F%2Fexample.org', '/@example.org', "/a'b"])(
  '%j is a path of this site',
  (path) => expect(localPath(path)).toBe(path),
);

test.each([
  undefined,
  '',
  '*',
  'cart',
  '//example.org/login',
  '/\\example.org',
  '/a\\b',
  'http://example.org/',
  'HTTPS:example.org',
  'javascript:alert(1)',
  '/a\r\nSet-Cookie: a=b',
  '/\t/example.org',
  '/a b',
  '/é',
  '/\0',
  `/${'a'.repeat(2048)}`,
])('%j is none', (target) => expect(localPath(target)).toBeUndefined());

test('a browser stays on this site with each path that is taken', () => {
  const parts = ['/', '\\', '.', '..', '?', '#', '@', ':', '%2f', '%5c', '\t', '\n', ' ', 'a', 'example.org'];
  let taken = 0;
  for (const a of parts) {
    for (const b of parts) {
      for (const c of parts) {
        const path = localPath(`/${a}${b}${c}`);
        if (path === undefined) continue;
        taken++;
        expect([path, new URL(path, 'https://shop.example').host]).toEqual([path, 'shop.example']);
      }
    }
  }
  expect(taken).toBeGreaterThan(1000);
});
