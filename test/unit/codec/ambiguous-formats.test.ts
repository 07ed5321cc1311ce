import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SessionFormatName } from '../../../src/codec/index.ts';
import { detectSessionFormat } from '../../../src/formats.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';
import { PhpOracle } from '../../helpers/php-oracle.ts';

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

// Each of these is a session in two formats, which PHP is asked about.
test.each<[what: string, data: string, possible: SessionFormatName[], format: SessionFormatName | undefined]>([
  [
    'a string whose end is the end of a value in it: nothing is odd in php_serialize',
    'a:1:{i:0;s:15:"|a:1:{i:0;s:0:"";}',
    ['php_serialize', 'php'],
    'php_serialize',
  ],
  [
    'the same after another element',
    'a:2:{i:0;N;i:1;s:15:"|a:1:{i:0;s:0:"";}',
    ['php_serialize', 'php'],
    'php_serialize',
  ],
  ['a name that is an array, or bytes after an array', 'a:0:{}|i:1;', ['php', 'php_serialize'], undefined],
  ['a name that is null, or bytes after null', 'N;|i:1;', ['php', 'php_serialize'], undefined],
  ['a name that is an array with an element', 'a:1:{i:0;N;}|i:1;', ['php', 'php_serialize'], undefined],
  ['an odd name, or odd names', '\x01as:6:"|s:0:"";', ['php_binary', 'php'], 'php_binary'],
])('%s', async (_what, data, possible, format) => {
  for (const one of ['php', 'php_binary', 'php_serialize'] as const) {
    const answer = await php.one('session', latin1Bytes(data), { 'session.serialize_handler': one });
    expect([one, answer.ok]).toEqual([one, possible.includes(one)]);
  }
  expect(detectSessionFormat(latin1Bytes(data))).toEqual({
    format,
    certainty: format === undefined ? 'none' : 'likely',
    possible,
  });
});

test('what fits none has the error of the format that fits furthest', () => {
  for (const [data, offset] of [
    ['name|s:5:"abc";', 7],
    ['a:1:{i:0;x}', 9],
    ['\x01ai:1;\x01bx', 8],
    ['\x03a|xi:1;\x01bx', 10],
    ['xyz', 0],
  ] as const) {
    expect(detectSessionFormat(latin1Bytes(data))).toMatchObject({
      certainty: 'none',
      possible: [],
      error: { offset },
    });
  }
});
