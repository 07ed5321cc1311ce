import { describe, expect, test } from '@jest/globals';
import { mask } from '../../src/cli/mask.ts';
import { excerpt } from '../../src/cli/verify/examples.ts';

const masked = (text: string) => mask(Buffer.from(text, 'latin1'));

describe('mask()', () => {
  test.each([
    ['user|s:5:"alice";n|i:-42;', 'xxxx|s:5:"xxxxx";x|i:.00;'],
    ['f|d:0.25;b|b:1;x|N;', 'x|d:0.00;x|b:0;x|N;'],
    ['a:2:{i:17;s:3:"a;}";s:1:"k";R:2;}', 'a:2:{i:00;s:3:"x..";s:1:"x";R:2;}'],
    ['O:7:"App\\Key":1:{s:6:"\0*\0tel";s:3:"\xc3\xa41";}', 'O:7:"xxx.xxx":1:{s:6:"...xxx";s:3:"..0";}'],
    ['C:3:"Own":4:{name}', 'C:3:"xxx":4:{xxxx}'],
    ['E:8:"Suit:One";', 'E:8:"xxxx.xxx";'],
    ['s:99:"cut off', 's:99:"xxx.xxx'],
    ['c29tZXRoaW5nIQ==', 'x00xxxxxxx0xxx..'],
    ['{"name":"alice 7"}', '{"xxxx":"xxxxx.0"}'],
  ])('%j', (text, expected) => {
    expect(masked(text)).toBe(expected);
    expect(masked(text)).toHaveLength(text.length);
  });
});

test('the place of a fault, in a long row', () => {
  const row = Buffer.from(`a|s:200:"${'x'.repeat(200)}";secret|i:;${'y'.repeat(200)}`);
  const shown = excerpt(row, row.indexOf('i:;'), false);
  expect(shown).toMatch(/^….*";xxxxxx\| <here> x:;x+…$/);
  expect(excerpt(row, row.indexOf('i:;'), true)).toMatch(/secret\| <here> i:;y+…$/);
  expect(excerpt(Buffer.from('\x1b[2J'), undefined, true)).toBe('\\x1b[2J');
});
