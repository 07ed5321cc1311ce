import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError, type SessionDecodeOptions } from '../../../src/codec/index.ts';
import { msgpack } from '../../../src/codec/msgpack/index.ts';
import { countsAsNone, explain } from '../../../src/session/unreadable.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const [igbinary] = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/encodings/sessions.json'), 'utf8'));

function explained(data: Uint8Array, options: SessionDecodeOptions = {}): PhpSessionError {
  let failure: unknown;
  try {
    decodeSession(data, options);
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeDefined();
  return explain(data, options, failure) as PhpSessionError;
}

const session = { user: 'alice', cart: ['a', 'b'] };
const base64 = (data: Uint8Array) => latin1(Buffer.from(data).toString('base64'));

describe('what a row holds', () => {
  test.each<[string, Uint8Array, RegExp, SessionDecodeOptions?]>([
    [
      'php_serialize',
      encodeSession(session, { format: 'php_serialize' }),
      /format php: it is one in the format php_serialize: give serializeHandler/,
    ],
    ['php_binary', encodeSession(session, { format: 'php_binary' }), /it is one in the format php_binary/],
    ['php', encodeSession(session), /format php_serialize: it is one in the format php: /, { format: 'php_serialize' }],
    [
      'Laravel',
      base64(encodeSession(session, { format: 'php_serialize' })),
      /it is base64 of .* php_serialize, as Laravel stores it: give mysqlStore the encoding base64 of .*encoded, and serializeHandler php_serialize, or the preset laravel/,
    ],
    [
      'Magento',
      base64(encodeSession(session)),
      /it is base64 of .* format php, as Magento .*: give .* serializeHandler php$/,
    ],
    [
      'igbinary in base64',
      base64(Buffer.from(igbinary.hex, 'hex')),
      /it is base64 of a session of .* igbinary: give .* serializeHandler igbinary of php-session-bridge\/igbinary/,
    ],
    [
      'igbinary',
      Buffer.from(igbinary.hex, 'hex'),
      /it is a session of PHP's extension igbinary: give serializeHandler igbinary of php-session-bridge\/igbinary/,
    ],
    ['msgpack', Buffer.from('82c001a16e01', 'hex'), /it is a session of .* msgpack: give serializeHandler msgpack\(\)/],
    [
      'damaged msgpack',
      Buffer.from('82c001a16ec1', 'hex'),
      /format msgpack: it is damaged at byte 5 of 6/,
      { format: msgpack() },
    ],
    [
      'its beginning',
      Buffer.from('82a16ec1', 'hex'),
      /format msgpack: it is damaged at byte 3 of 4/,
      { format: msgpack() },
    ],
    ['JSON', latin1(JSON.stringify(session)), /it is JSON, .*: give serializeHandler json of .*formats/],
    ['encrypted', base64(latin1('{"iv":"a","value":"b","mac":"c"}')), /Laravel has encrypted: the preset laravel/],
    ['gzip', gzipSync('x'), /it is what gzip has compressed, which no option reads/],
    ['gzip in base64', base64(gzipSync('x')), /it is base64 of what gzip has compressed, which no option reads/],
    ['text', latin1('hello'), /it does not begin as one/],
    ['a bad value', latin1('a|i:1;b|x:2;c|i:3;'), /it is damaged at byte 8 of 18/],
    ['a rest', latin1('a|i:1;;;;;'), /4 of its 10 bytes, from byte 6 on, are no variable/],
  ])('%s', (...row) => {
    const [, data, message, options] = row;
    const error = explained(data, options);
    expect(error).toBeInstanceOf(PhpSessionError);
    expect([error.code, error.message]).toEqual(['ERR_PHP_SYNTAX', expect.stringMatching(message)]);
    expect(error.message).not.toMatch(/alice|hello/);
  });

  test('a string that was cut off: where it begins, and how much of it is there', () => {
    expect(explained(latin1('user|s:5:"ali')).message).toMatch(
      /it was cut off after 13 bytes: at byte 7 begins a string of 5 bytes, of which 3 are there$/,
    );
    const full = latin1(`a|s:70000:"${'x'.repeat(70_000)}";`).subarray(0, 65_535);
    expect(explained(full).message).toMatch(
      /cut off after 65535 bytes, as many as a column BLOB or TEXT holds: at byte 4/,
    );
  });

  test('wherever a session is cut off inside of a value, that is said', () => {
    const whole = 'u|O:3:"Foo":2:{s:1:"a";i:-12;s:1:"b";a:1:{i:0;d:1.5E+3;}}x|b:1;y|N;z|s:3:"a|b";e|E:3:"A:B";r|R:2;';
    const said: string[] = [];
    for (let length = 3; length < whole.length; length++) {
      const data = latin1(whole.slice(0, length));
      const options = { classes: ['Foo'] };
      try {
        decodeSession(data, options);
      } catch {
        if (/^[a-z]$/.test(/[^;}]*$/.exec(whole.slice(0, length))![0])) continue; // a name
        said.push(explained(data, options).message.replace(/.*: /, '').replace(/\d+.*/, ''));
      }
    }
    expect(said.length).toBe(80);
    expect(new Set(said)).toEqual(new Set(['it was cut off after ', 'at byte ']));
  });

  test('a value above a limit is a plain error', () => {
    const error = explained(latin1(`a|s:100:"${'x'.repeat(100)}";`), { maxBytes: 50 });
    expect([error.code, error.message]).toEqual(['ERR_PHP_LIMIT', expect.stringContaining('maxBytes, 50')]);
  });

  test('an excerpt that was asked for stays', () => {
    const error = explained(latin1('a|x:1;'), { excerpts: true });
    expect([error.offset, error.excerpt]).toEqual([2, expect.any(String)]);
    expect(error.message).toContain(error.excerpt);
  });
});

describe('the rule', () => {
  const error = explained(latin1('a|x:1;'));
  const data = latin1('a|x:1;');

  test('a function decides by the bytes and the error', () => {
    const seen: unknown[] = [];
    const rule = (bytes: Uint8Array, why: PhpSessionError) => {
      seen.push(bytes, why);
      return 'new' as const;
    };
    expect([
      countsAsNone(data, 'error', error),
      countsAsNone(data, 'new', error),
      countsAsNone(data, rule, error),
    ]).toEqual([false, true, true]);
    expect(seen).toEqual([data, error]);
  });

  test('what is none of ours is never the row’s fault', () => {
    expect(countsAsNone(data, 'new', new TypeError('a bug'))).toBe(false);
  });

  test('it must return one of the two', () => {
    expect(() => countsAsNone(data, () => true as never, error)).toThrow(
      /^onUnreadable\(\) must return 'error' or 'new'$/,
    );
  });
});
