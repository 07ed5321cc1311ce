import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  type PhpObject,
  type SessionData,
  type SessionFormatName,
} from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// Objects that serialized themselves (C:), and hold objects of the session: what Node wrote, PHP reads, and finds the same
// object in both places. test/differential/edits.test.ts asks that at random.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const formats = ['php', 'php_binary', 'php_serialize'] as const;

/** Whether PHP, having read a session, finds this condition true. */
async function holds(session: Uint8Array, format: SessionFormatName, condition: string): Promise<boolean> {
  const base64 = Buffer.from(session).toString('base64');
  const code = `${declaration} session_decode(base64_decode('${base64}')); return ${condition};`;
  const answer = await php.one('eval', code, { 'session.serialize_handler': format });
  expect(answer.ok).toBe(true);
  return answer.bytes.toString() === 'b:1;';
}

/** What PHP stores for this code. */
async function stored(code: string, format: SessionFormatName): Promise<Buffer> {
  const { ok, session } = await php.one('eval', `${declaration} ${code}`, { 'session.serialize_handler': format });
  expect(ok).toBe(true);
  return session;
}

// The oracle is one process: a class is declared once.
const declaration = `
  class_exists('Basket') || eval('class Basket implements Serializable {
    public $data;
    function serialize() { return serialize($this->data); }
    function unserialize($text) { $this->data = unserialize($text); }
  }');`;

function changed(session: Uint8Array, format: SessionFormatName, change: (session: SessionData) => void): Uint8Array {
  const read = decodeSession(session, { format });
  change(read);
  return encodeSession(read);
}

describe.each(formats)('in the format %s', (format) => {
  test('a class of an application', async () => {
    const code = `$o = (object) ['n' => 1]; $b = new Basket; $b->data = ['in' => $o, 'n' => &$_SESSION['count']];
      $_SESSION['count'] = 1; $_SESSION['o'] = $o; $_SESSION['b'] = $b; $_SESSION['page'] = 'x';`;
    const before = await stored(code, format);
    expect(before.toString()).toMatch(/C:6:"Basket":\d+:\{a:2:\{s:2:"in";r:\d;s:1:"n";R:\d;\}\}/);
    const after = changed(before, format, (session) => {
      session.page = ['y', 'z'];
      session.again = session.b;
    });
    const sees = "$_SESSION['b']->data['in'] === $_SESSION['o'] && $_SESSION['again'] === $_SESSION['b']";
    expect(await holds(after, format, sees)).toBe(true);
    // A change would reach the other place, too: it is one variable.
    expect(await holds(after, format, "($_SESSION['count'] = 7) && $_SESSION['b']->data['n'] === 7")).toBe(true);

    for (const change of [(s: SessionData) => delete s.o, (s: SessionData) => (s.o as PhpObject).set('n', 5)]) {
      expect(() => changed(before, format, change)).toThrow(expect.objectContaining({ code: 'ERR_PHP_REFERENCE' }));
    }
  });

  test('SplObjectStorage, as PHP 7.3 stores it', async () => {
    // Later versions read this form, and write another one.
    const number = format === 'php_serialize' ? 3 : 2;
    const variables: [name: string, value: string][] = [
      ['count', 'i:1;'],
      ['o', 'O:8:"stdClass":0:{}'],
      ['s', `C:16:"SplObjectStorage":28:{x:i:1;r:${number};,s:1:"y";;m:a:0:{}}`],
    ];
    const framed = {
      php: variables.map(([name, value]) => `${name}|${value}`).join(''),
      php_binary: variables.map(([name, value]) => `${String.fromCharCode(name.length)}${name}${value}`).join(''),
      php_serialize: `a:3:{${variables.map(([name, value]) => `s:${name.length}:"${name}";${value}`).join('')}}`,
    };
    const after = changed(Buffer.from(framed[format]), format, (session) => {
      session.count = 'two';
      session.new = [1];
    });
    const sees = "$_SESSION['s'][$_SESSION['o']] === 'y' && $_SESSION['count'] === 'two' && $_SESSION['new'] === [1]";
    expect(await holds(after, format, sees)).toBe(true);
  });
});
