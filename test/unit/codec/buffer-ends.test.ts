import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpArray, PhpEnum, PhpFloat, PhpObject } from '../../../src/codec/index.ts';
import { bytes, text } from './helpers.ts';

// What is written goes into memory of a size that was guessed. Bytes behind its end would be lost without an error, so each
// kind of token is written there: with every distance to the end at which it does not fit.

const classes = ['App\\User', 'Suit', 'Übung'];
const values: [what: string, value: unknown][] = [
  ['null', null],
  ['true', true],
  ['a digit', 5],
  ['an int', -1073741823],
  ['an int beyond 2^30', 1073741824],
  ['an int beyond 2^53', -(2n ** 63n)],
  ['a float', -1.5e-300],
  ['a PhpFloat', new PhpFloat(2)],
  ['no text', ''],
  ['short text', 'short text'],
  ['short text of three bytes a character', '日本語日本語'],
  ['text', 'some text that is not that short'],
  ['text of three bytes a character', '日'.repeat(40)],
  ['text of four bytes a character', '😀'.repeat(30)],
  ['text that is ASCII up to its end', `${'x'.repeat(40)}é`],
  ['short bytes', new Uint8Array([0xff, 0xfe])],
  ['bytes', new Uint8Array(50).fill(0xff)],
  ['an empty list', []],
  ['a list', [1, 'x', [true]]],
  ['a map', { key: 1, 10: 2, nested: { k: 'v' } }],
  ['a map with long names', { ['x'.repeat(40)]: 1, ['y'.repeat(60)]: 2 }],
  ['a map with names of three bytes a character', { 日本語: 1, ['日'.repeat(20)]: 2 }],
  ['a map with names that are no UTF-8', { '\udcff\udcfe': 1, ['\udcff'.repeat(30)]: 2 }],
  [
    'a map of which something is left out',
    Object.fromEntries([...Array(12).keys()].map((at) => [`k${at}`, at < 3 ? undefined : at])),
  ],
  [
    'a PhpArray',
    new PhpArray([
      ['5', 1],
      ['b', 2n],
    ]),
  ],
  [
    'an object',
    new PhpObject('App\\User', [
      ['name', 'x'],
      ['\0*\0p', 1],
      [5, null],
    ]),
  ],
  ['an object with a name that is not ASCII', new PhpObject('Übung')],
  ['an enum', new PhpEnum('Suit', 'Hearts')],
];

describe('whatever comes at the end of the memory', () => {
  test.each(values)('%s', (_what, value) => {
    const last = text(encodeSession({ last: value, end: 1 }, { classes }));
    for (let distance = 0; distance <= Math.min(last.length + 16, 160); distance++) {
      const pad = 'x'.repeat(65_536 - 'pad|s:65000:"";'.length - distance);
      const written = text(encodeSession({ pad, last: value, end: 1 }, { classes }));
      if (written !== `pad|s:${pad.length}:"${pad}";${last}`) throw new Error(`${distance} bytes before the end`);
    }
  });

  test.each(values)('%s, in a session that is patched', (_what, value) => {
    const data = bytes(`a|s:70000:"${'a'.repeat(70_000)}";`);
    const last = text(encodeSession({ last: value, end: 1 }, { classes }));
    for (let distance = 0; distance <= Math.min(last.length + 16, 160); distance++) {
      const pad = 'x'.repeat(1024 - 'pad|s:900:"";'.length - distance);
      const read = decodeSession(data);
      Object.assign(read, { pad, last: value, end: 1 });
      const written = text(encodeSession(read, { classes }));
      if (!written.endsWith(`";pad|s:${pad.length}:"${pad}";${last}`))
        throw new Error(`${distance} bytes before the end`);
    }
  });

  test.each(['php', 'php_binary', 'php_serialize'] as const)('names of variables, in the format %s', (format) => {
    for (const name of ['n', 'a name of some length', '日'.repeat(40), '\udcff'.repeat(40)]) {
      const one = (values: object) =>
        text(encodeSession(values, { format: 'php_serialize' })).slice('a:1:{'.length, -1);
      for (let distance = 0; distance <= 150; distance++) {
        const pad = 'x'.repeat(65_536 - 'a:3:{s:3:"pad";s:65000:"";'.length - distance);
        const values = { pad, [name]: 1, end: true };
        const written = encodeSession(values, { format });
        if (format === 'php_serialize') {
          expect(text(written) === `a:3:{${one({ pad })}${one({ [name]: 1 })}${one({ end: true })}}`).toBe(true);
        } else {
          expect(Object.keys(decodeSession(written, { format }))).toEqual(['pad', name, 'end']);
        }
      }
    }
  });
});
