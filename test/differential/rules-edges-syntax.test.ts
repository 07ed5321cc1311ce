import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpEnum, PhpObject, unserialize } from '../../src/codec/index.ts';
import { readCookie } from '../../src/session/cookie.ts';
import { isSessionId } from '../../src/stores/session-id.ts';
import { latin1Bytes, latin1Text } from '../helpers/latin1.ts';
import { codeOf, phpString, Rules } from '../helpers/rules.ts';

// What codecs often get wrong about PHP's sessions, asked of the installed PHP and of the codec. The first part is
// rules-edges-values.test.ts.

const rules = new Rules();
const empty = 'O:8:"stdClass":0:{}';

/** An enum and a class, declared once in the PHP that answers. */
const suit = `if (!enum_exists('Suit')) { enum Suit { case H; case S; } }`;
const listed = `if (!class_exists('Listed')) {
  class Listed { function __serialize(): array { return [1, 'k' => 2]; } function __unserialize(array $data): void {} }
}`;

describe('edge cases: objects, syntax, limits, formats and ids', () => {
  test('an object of a class that PHP does not know: names with NUL, case and order stay', async () => {
    await rules.bothRead('a|O:3:"Foo":2:{s:4:"\0*\0p";i:1;s:6:"\0fOO\0q";d:0.5;}b|O:3:"foo":0:{}');
  });

  test('a class that PHP knows gets the case of its declaration, one that it does not keeps its own', async () => {
    await rules.bothKeep('a|O:8:"STDCLASS":0:{}', `a|${empty}`);
    await rules.bothRead('a|O:3:"fOO":0:{}');
  });

  test('names of properties are strings', async () => {
    await rules.bothRead('a|O:8:"stdClass":1:{i:5;i:1;}', 'a|O:8:"stdClass":1:{s:1:"5";i:1;}');
    await rules.bothRead('a|O:8:"stdClass":1:{s:1:"5";i:1;}');
  });

  test('int keys in an O: stay, as the classes that write them want them', async () => {
    const data = 'a|O:11:"ArrayObject":4:{i:0;i:0;i:1;a:1:{i:0;i:7;}i:2;a:0:{}i:3;N;}';
    expect(await rules.phpWritesAgain(data)).toBe(data);
    const session = decodeSession(latin1Bytes(data));
    (session.a as PhpObject).properties.get(1);
    expect(latin1Text(encodeSession(session))).toBe(data);
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' })))).toBe(data);
    // Where PHP does not know the class, it makes strings of them: here they stay even so.
    await rules.bothKeep('a|O:3:"Foo":1:{i:5;i:1;}', 'a|O:3:"Foo":1:{s:1:"5";i:1;}');
  });

  test('C: has a length in bytes, and its brace right after it', async () => {
    await rules.bothKeep('a|C:3:"Foo":3:{}";}b|i:1;', 'a|O:3:"Foo":0:{}b|i:1;');
    await rules.bothRefuse('a|C:3:"Foo":2:{}";}b|i:1;');
    await rules.bothRefuse('a|C:3:"Foo":99:{}";}b|i:1;');
  });

  test('what an unknown class wrote itself (C:) is lost in PHP, and stays here', async () => {
    const data = 'a|C:3:"Foo":4:{i:5;}b|i:1;';
    await rules.bothKeep(data, 'a|O:3:"Foo":0:{}b|i:1;');
    const session = decodeSession(latin1Bytes(data));
    session.b = 2;
    expect(latin1Text(encodeSession(session))).toBe('a|C:3:"Foo":4:{i:5;}b|i:2;');
  });

  test('an enum: the same case is one object; a PHP that does not know it destroys the session', async () => {
    expect(await rules.phpWritesAgain('a|E:7:"Unknown:H";')).toBeUndefined();
    const values = `$_SESSION = ['a' => Suit::H, 'b' => Suit::H, 'c' => 1, 'd' => Suit::S];`;
    const session = { a: new PhpEnum('Suit', 'H'), b: new PhpEnum('Suit', 'H'), c: 1, d: new PhpEnum('Suit', 'S') };
    const data = 'a|E:6:"Suit:H";b|r:1;c|i:1;d|E:6:"Suit:S";';
    await rules.bothWrite(`${suit} ${values}`, session, data, { classes: ['Suit'] });
    await rules.bothKeep(data, data);
    const older = { classes: ['Suit'], phpVersion: '8.0' } as const;
    expect(codeOf(() => encodeSession(session, older))).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('S: is read, and never written', async () => {
    await rules.bothRead('a|S:3:"\\41b\\7C";', 'a|s:3:"Ab|";');
    const session = decodeSession(latin1Bytes('a|S:1:"\\41";'));
    session.a = 'B';
    expect(latin1Text(encodeSession(session))).toBe('a|s:1:"B";');
  });

  test('a ";" after an array belongs to the next name', async () => {
    await rules.bothRead('a|a:1:{i:0;i:1;};b|i:2;');
    expect(Object.keys(decodeSession(latin1Bytes('a|a:1:{i:0;i:1;};b|i:2;')))).toEqual(['a', ';b']);
    await rules.bothRefuse('a|a:1:{i:0;i:1;};');
  });

  test('a space belongs to the name', async () => {
    await rules.bothRead('a|i:1; b|i:2;');
    expect(Object.keys(decodeSession(latin1Bytes('a|i:1; b|i:2;')))).toEqual(['a', ' b']);
  });

  test('no ";" after an array inside an array', async () => {
    await rules.bothRefuse('a|a:2:{i:0;a:0:{};i:1;i:2;}');
    await rules.bothRefuse('a|a:1:{i:0;i:1;;}');
  });

  test.each(
    ['b:2;', 'b:01;', 'i: 5;', 'i:;', 'd:inf;', 'd:+INF;', 'd:1e;', 'd:.;', 'd:1,5;', 'd:0x1p3;', 'N:;', 'n;'].concat([
      's:+1:"a";',
      'a:-1:{}',
      'a:+1:{i:0;N;}',
      'a:1;{i:0;N;}',
      'O:+8:"stdClass":0:{}',
      'O:8:"stdClass":0;{}',
      'o:8:"stdClass":0:{}',
      'R:+1;',
    ]),
  )('tokens that are none: %s', async (token) => {
    await rules.bothRefuse(`z|i:1;a|${token}`);
  });

  test.each([
    ['i:+5;', 'i:5;'],
    ['i:007;', 'i:7;'],
    ['i:-0;', 'i:0;'],
    ['d:.5;', 'd:0.5;'],
    ['d:5.;', 'd:5;'],
    ['d:+1.5;', 'd:1.5;'],
    ['d:1.E5;', 'd:100000;'],
    ['d:1e999;', 'd:INF;'],
    ['s:03:"abc";', 's:3:"abc";'],
    ['a:01:{i:0;N;}', 'a:1:{i:0;N;}'],
    ['O:08:"stdClass":0:{}', empty],
    ['O:8:"stdClass":+0:{}', empty],
    ['O:8:"stdClass"::{}', empty],
    ['R:01;', 'R:1;'],
  ])('tokens in other spellings: %s', async (token, again) => {
    await rules.bothRead(`z|i:1;a|${token}`, `z|i:1;a|${again}`);
  });

  test('lengths are counted modulo 2^64', async () => {
    await rules.bothRead('a|s:18446744073709551617:"a";', 'a|s:1:"a";');
    await rules.bothRefuse('a|s:4294967297:"a";');
  });

  test.each(['b:1;', 'd:1;', 'N;', 'a:0:{}', 'R:1;', 'r:1;', `${empty}`, 'E:1:"a";'])(
    'keys are ints and strings: %s',
    async (key) => {
      await rules.bothRefuse(`z|i:1;a|a:1:{${key}i:1;}`);
    },
  );

  test('4,096 levels; below them an empty array may stand, and an empty object may not', async () => {
    const nested = (levels: number, inner: string) => `a|${'a:1:{i:0;'.repeat(levels)}${inner}${'}'.repeat(levels)}`;
    await rules.bothKeep(nested(4096, 'i:1;'), nested(4096, 'i:1;'));
    await rules.bothKeep(nested(4096, 'a:0:{}'), nested(4096, 'a:0:{}'));
    await rules.bothRefuse(nested(4097, 'i:1;'), 'php', 'ERR_PHP_LIMIT');
    await rules.bothRefuse(nested(4096, empty), 'php', 'ERR_PHP_LIMIT');
  });

  test('php_binary: keys of up to 127 bytes, the top bit of a length says nothing, no rest', async () => {
    const longest = 'k'.repeat(127);
    await rules.bothWrite(`$_SESSION['${longest}'] = 1;`, { [longest]: 1 }, `\x7f${longest}i:1;`, {
      format: 'php_binary',
    });
    expect(await rules.phpWrites(`$_SESSION['${longest}k'] = 1;`, 'php_binary')).toBe('');
    expect(codeOf(() => encodeSession({ [`${longest}k`]: 1 }, { format: 'php_binary' }))).toBe('ERR_PHP_KEY');
    await rules.bothKeep('\x81ai:1;\x80i:2;', '\x01ai:1;\x00i:2;', 'php_binary');
    for (const rest of ['\x7f', '\n', '\x01', '\x01a']) await rules.bothRefuse(`\x01ai:1;${rest}`, 'php_binary');
  });

  test('php_serialize: what follows the array is dropped at the next write; N; is an empty session', async () => {
    await rules.bothKeep('a:1:{s:1:"a";i:1;}garbage', 'a:1:{s:1:"a";i:1;}', 'php_serialize');
    const session = decodeSession(latin1Bytes('a:1:{s:1:"a";i:1;}garbage'), { format: 'php_serialize' });
    session.a = 2;
    expect(latin1Text(encodeSession(session))).toBe('a:1:{s:1:"a";i:2;}');
    await rules.bothKeep('N;', 'a:0:{}', 'php_serialize');
    // PHP takes these for a session, and never writes it again.
    for (const data of ['i:5;', 's:1:"a";', empty]) {
      expect(await rules.phpWritesAgain(data, 'php_serialize')).toBe('');
      expect(codeOf(() => decodeSession(latin1Bytes(data), { format: 'php_serialize' }))).toBe('ERR_PHP_SYNTAX');
    }
  });

  test.each(['|i:1;', 'a\0b|i:1;', 'GLOBALS|i:1;', '_SESSION|i:1;', 'this|i:1;', '!a|i:1;'])(
    'any name without "|" is one: %j',
    async (data) => {
      await rules.bothRead(data);
    },
  );

  test('what we write is how PHP writes it, so PHP only touches a session that it did not change', async () => {
    const session = { a: 1.5, b: [1, -0, 1e25], c: { 5: 'é', x: true }, d: null, e: new PhpObject('Foo', [['p', 1]]) };
    const data = latin1Text(encodeSession(session, { classes: ['Foo'] }));
    const lazy = { 'session.lazy_write': '1' };
    const close = 'session_start(); session_write_close();';
    const { calls } = await rules.calls(phpString(data), close, lazy);
    expect(calls).toEqual(['open', 'read abc', 'touch', 'close']);
    const other = await rules.calls(`'a|d:1.50;'`, close, lazy);
    expect(other.calls).toEqual(['open', 'read abc', 'write a|d:1.5;', 'close']);
  });

  test('a visitor without data has a session of no bytes, which is empty, not broken', async () => {
    const { calls } = await rules.calls(`''`, 'session_start(); session_write_close();');
    // From 8.6 on session_encode() gives '' for it instead of false (php-src #21181), which is what was read: nothing changed.
    const saved = Number.parseFloat(rules.php.version) >= 8.6 ? 'touch' : 'write ';
    expect(calls).toEqual(['open', 'read abc', saved, 'close']);
    expect({ ...decodeSession(new Uint8Array()) }).toEqual({});
    expect({ ...decodeSession(new Uint8Array(), { format: 'php_binary' }) }).toEqual({});
    expect({ ...decodeSession(new Uint8Array(), { format: 'php_serialize' }) }).toEqual({});
    // No bytes is not the same as no answer.
    expect((await rules.calls('null', '$result = session_start();')).result).toBe(false);
  });

  test('a comma in an id travels as %2C, and case matters', async () => {
    const { calls } = await rules.calls(`''`, `session_id('aB,c'); session_start();`);
    expect(calls).toEqual(['open', 'read aB,c']);
    expect(readCookie('PHPSESSID=aB%2Cc', 'PHPSESSID')).toBe('aB,c');
    expect(isSessionId('aB,c')).toBe(true);
  });

  test.each([
    ['Europe/Paris', 3],
    ['+05:30', 1],
    ['EST', 2],
  ])('DateTime in %s takes four numbers', async (zone, type) => {
    const code = `$_SESSION['a'] = new DateTime('2020-01-02 03:04:05.678901', new DateTimeZone('${zone}'));
      $_SESSION['b'] = 1; $_SESSION['c'] = &$_SESSION['b'];`;
    const data = await rules.phpWrites(code);
    expect(data).toBe(
      `a|O:8:"DateTime":3:{s:4:"date";s:26:"2020-01-02 03:04:05.678901";s:13:"timezone_type";i:${type};` +
        `s:8:"timezone";s:${zone.length}:"${zone}";}b|i:1;c|R:5;`,
    );
    await rules.bothKeep(data, data);
    await rules.bothChange(data, [[['b'], 'x']], data.replace('b|i:1;', 'b|s:1:"x";'));
  });

  test('__serialize() gives int and string keys; the object and each element take a number', async () => {
    const code = `${listed} $_SESSION['a'] = new Listed; $_SESSION['b'] = 1; $_SESSION['c'] = &$_SESSION['b'];`;
    const data = await rules.phpWrites(code);
    expect(data).toBe('a|O:6:"Listed":2:{i:0;i:1;s:1:"k";i:2;}b|i:1;c|R:4;');
    const session = decodeSession(latin1Bytes(data));
    expect([...(session.a as PhpObject).properties.keys()]).toEqual([0, 'k']);
    session.new = 1;
    expect(latin1Text(encodeSession(session))).toBe(`${data}new|i:1;`);
  });

  test('what cannot be written is an error, and the row stays as it was', async () => {
    const { calls, result } = await rules.calls(
      `'a|i:1;'`,
      `session_start(); $_SESSION['f'] = function () {}; session_write_close();`,
    );
    expect(result).toBe('Exception');
    expect(calls.filter((call) => call.startsWith('write'))).toEqual([]);
    expect(codeOf(() => encodeSession({ f: () => 1 }))).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('php_serialize: a reference to the session itself can never be written again', async () => {
    const data = 'a:1:{s:1:"a";R:1;}';
    expect(await rules.phpWritesAgain(data, 'php_serialize')).toBe('');
    expect(codeOf(() => decodeSession(latin1Bytes(data), { format: 'php_serialize' }))).toBe('ERR_PHP_REFERENCE');
  });

  test('no leading zeros are written: PHP 7.2 would read the octal number', async () => {
    const values = { a: 7, b: -8, c: 0, d: [10, 8n, 0.5], e: { '010': 1, 8: 2 }, f: '08', g: 1e-7 };
    const data = latin1Text(encodeSession(values));
    expect(data).not.toMatch(/[ais]:-?0\d/);
    await rules.bothRead(data);
  });

  test('a leading backslash: refused in the name of a class, ignored in that of an enum', async () => {
    await rules.bothRefuse('a|O:4:"\\Foo":0:{}');
    expect(await rules.eval<boolean>(`${suit} return unserialize('E:7:"\\\\Suit:H";') === Suit::H;`)).toBe(true);
    expect(unserialize(latin1Bytes('E:7:"\\Suit:H";'))).toMatchObject({ className: '\\Suit', caseName: 'H' });
    await rules.bothKeep('a|E:7:"\\Suit:H";b|i:1;', 'a|E:6:"Suit:H";b|i:1;');
  });
});

// What the rules say about save handlers, cookies and ids is tested where the stores and the middleware are.
test.each([
  [
    'integration/php-handler.test.ts',
    'data that PHP cannot decode are destroyed by PHP, and the next request starts anew',
  ],
  ['differential/cookie.test.ts', 'PHP keeps the ids that we take, and no others (files, strict mode off)'],
  ['integration/koa-failures.test.ts', 'a key with "|" cannot be stored: 500, and the row stays'],
  ['integration/koa-life.test.ts', 'data that did not change are not sent'],
  ['integration/koa-life.test.ts', 'lazyWrite: false writes each time, as PHP does, but no row for an empty session'],
  ['integration/koa-id.test.ts', 'a comma travels percent-encoded, both ways'],
  ['integration/koa-id.test.ts', 'an id that differs in case only is another one'],
])('%s tests with a server: %s', (file, name) => {
  expect(readFileSync(join(__dirname, '..', file), 'utf8')).toContain(`test('${name}'`);
});
