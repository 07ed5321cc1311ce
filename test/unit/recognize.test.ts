import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as presets from '../../src/presets/index.ts';
import { codeOf } from '../../src/recognize/code.ts';
import { contentOf, contentOfBeginning } from '../../src/recognize/contents.ts';
import { formOf } from '../../src/recognize/ids.ts';
import type { Recognition } from '../../src/recognize/recognition.ts';
import type { Server } from '../../src/recognize/server.ts';
import { signatures } from '../../src/recognize/signatures/index.ts';
import { zoneOfTimes } from '../../src/recognize/zone.ts';
import { base64 } from '../../src/stores/base64.ts';

describe('signatures', () => {
  test('each preset is there, and each that is named exists', () => {
    const cookies = ['drupalCookieName', 'laravelCookie', 'laravelEncrypted', 'typo3Cookie'];
    const all = Object.keys(presets).filter((name) => !cookies.includes(name));
    expect([...new Set(signatures.flatMap(({ preset }) => preset ?? []))].sort()).toEqual(all.sort());
  });

  test('the columns of the session are among those that a table must have', () => {
    for (const { application, id, data, time, columns, also = [] } of signatures) {
      expect([application, Object.keys(columns)]).toEqual([
        application,
        expect.arrayContaining([id, data, time, ...also]),
      ]);
    }
  });
});

describe('the form of ids', () => {
  const hex = '0284a198733d98c1eed0a3fe2fc78d65';
  test.each([
    ["PHP's default", [hex], { sidLength: 32, sidBitsPerCharacter: 4 }],
    ["Debian's", ['0v3k9d1qs7e2m4tb8n5u6h0cva'], { sidLength: 26, sidBitsPerCharacter: 5 }],
    ['six bits', ['Ab,-9zZ0v3k9d1qs7e2m4tb8n'], { sidLength: 25, sidBitsPerCharacter: 6 }],
    ['one of five has another length', [hex, hex, hex, hex, `${hex}0`], { sidLength: 32, sidBitsPerCharacter: 4 }],
    ['two lengths', [hex, `${hex}0`], undefined],
    ['none', [], undefined],
  ])('%s', (_, ids, form) => expect(formOf(ids)).toEqual(form));
});

describe('the zone of times', () => {
  const server = (ahead: number | undefined, isUtc = false) =>
    ({ zone: { isUtc, ahead, option: 'SYSTEM', name: 'SYSTEM (X)' } }) as Server;
  const utc = { is: 'utc' };
  const known = (zone: string, isSure: boolean) => ({ is: 'known', zone, isSure });
  const unknown = { is: 'unknown', why: expect.any(String) };
  test.each([
    ['a server in UTC, a time of now', -5, server(0, true), true, utc],
    ['a server in UTC, a time to come', 3600, server(0, true), true, unknown],
    ['a server in UTC, an end', 3600, server(0, true), false, utc],
    ['no time', undefined, server(3600), true, unknown],
    ['a zone that the server does not know', -5, server(undefined), true, unknown],
    ["a time to come, but in the server's zone", 3500, server(3600), true, known('SYSTEM', true)],
    ['a server behind UTC, and a time to come in its zone', -60, server(-3600), true, known('+00:00', true)],
    ['a server behind UTC, and a time of now in its zone', -3660, server(-3600), true, known('SYSTEM', false)],
    ['a server ahead of UTC, and a time of now in UTC', -60, server(3600), true, known('+00:00', false)],
    ['long ago', -9000, server(3600), true, unknown],
    ['a server whose zone is UTC now, as London in winter', -5, server(0), true, known('SYSTEM', true)],
  ])('%s', (_, newest, at, isExact, expected) => expect(zoneOfTimes(newest, at, isExact)).toEqual(expected));
});

describe('what is in a row', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  test.each([
    ['php', 'a|i:1;', undefined, 'php'],
    ['php_serialize', 'a:1:{s:1:"a";i:1;}', undefined, 'php_serialize'],
    ['base64', 'YXxpOjE7', base64, 'php'],
    ['JSON', '{"a":1}', undefined, 'json'],
    ['an empty list of JSON', '[]', undefined, 'json'],
    ['a list of JSON', '[1]', undefined, undefined],
    ['igbinary', '\0\0\0\x02\x14\x01\x11\x01a\x06\x01', undefined, 'igbinary'],
    ['what is no base64', 'a|i:1;', base64, undefined],
    ['text', 'hello', undefined, undefined],
  ])('%s', (_, text, encoding, format) => expect(contentOf(bytes(text), encoding)?.format).toBe(format));

  test.each([
    ['php', 'a|s:50000:"xxxx', undefined, 'php'],
    ['php_serialize', 'a:1:{s:1:"a";s:50000:"xxx', undefined, 'php_serialize'],
    ['base64', Buffer.from('user|s:50000:"xxxxxxxxx').toString('base64').slice(0, 22), base64, 'php'],
    ['text', 'hello, this is a long text', undefined, undefined],
    ['a letter', 'Dear|friend', undefined, undefined],
  ])('the beginning of %s', (_, text, encoding, format) =>
    expect(contentOfBeginning(bytes(text), encoding)?.format).toBe(format),
  );
});

describe('the code to paste', () => {
  const recognition = (name: string): Omit<Recognition, 'code'> => ({
    ...{ table: name, application: 'Laminas', certainty: 'sure', preset: 'laminas', options: { name } },
    ...{ store: { table: name, columns: { id: name } }, session: {}, phpIni: { store: {}, session: { name } } },
    ...{ rows: { seen: 1, understood: 1 }, sure: [], unknown: [], todo: [] },
  });

  test('texts come back as they are, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const code = codeOf(recognition(name)).replace(/^import .*$/gm, '');
        const seen: unknown[] = [];
        const names = ['laminas', 'mysqlStore', 'phpSession', 'process'];
        const take = (options: object) => seen.push(options) && {};
        new Function(...names, code)(take, take, take, { env: {} });
        expect(seen).toMatchObject([{ name }, { table: name, columns: { id: name } }, { name }]);
      }),
    );
  });
});
