import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  type PhpArray,
  PhpFloat,
  PhpObject,
  PhpReference,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { Rules } from '../../helpers/rules.ts';
import { changed, encoded, failure, session, touched } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const rules = new Rules();

describe('what stood at a place', () => {
  test('a scalar says nothing about the array that takes its place', () => {
    for (const token of ['i:5;', 's:1:"x";', 'd:1;', 'N;', 'E:6:"Suit:H";', 'C:3:"Foo":0:{}']) {
      for (const data of [`a|${token}b|N;`, `a|a:1:{s:1:"k";${token}}b|N;`, `a|a:2:{i:0;${token}i:1;N;}b|N;`]) {
        const put = (value: unknown) =>
          changed(data, (s: Any) => {
            if (Array.isArray(s.a)) s.a[0] = value;
            else if (data.includes('"k"')) s.a.k = value;
            else s.a = value;
          });
        expect(put({ x: 1 })).toBe(data.replace(token, 'a:1:{s:1:"x";i:1;}'));
        expect(put([1])).toBe(data.replace(token, 'a:1:{i:0;i:1;}'));
      }
    }
  });

  test('an object in a list says nothing about the map that takes its place', () => {
    const put = (s: Any) => s.a.splice(0, 1, { x: 1 });
    expect(changed('a|a:1:{i:0;O:3:"Foo":1:{s:1:"x";d:1;}}', put)).toBe('a|a:1:{i:0;a:1:{s:1:"x";i:1;}}');
  });

  test('a key that is gone is not looked for in what the new map inherits', () => {
    const put = (s: Any) => Object.assign(s, { a: { b: 2 } });
    expect(changed('a|a:2:{s:8:"toString";i:1;s:1:"b";i:2;}', put)).toBe('a|a:1:{s:1:"b";i:2;}');
  });

  test('in the exact view it says nothing: what is there now is written as it is', () => {
    const read = decodeSession(latin1Bytes('o|O:3:"Foo":1:{s:1:"p";d:1;}a|a:1:{s:1:"p";d:1;}'), { view: 'exact' });
    (read.get('o') as PhpObject).set('p', 5);
    (read.get('a') as PhpArray).set('p', 5);
    expect(encoded(read)).toBe('o|O:3:"Foo":1:{s:1:"p";i:5;}a|a:1:{s:1:"p";i:5;}');
  });

  test('an array that begins like a list may have any keys after that', () => {
    const data = 'a:4:{i:0;i:1;i:5;i:2;i:6;i:3;s:1:"k";i:4;}';
    expect({ ...unserialize<object>(latin1Bytes(data)) }).toEqual({ 0: 1, 5: 2, 6: 3, k: 4 });
    expect(touched(`a|${data}`)).toBe(`a|${data}`);
    expect(unserialize(latin1Bytes('a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}'))).toEqual([1, 2, 3]);
  });
});

describe('a session in php_serialize', () => {
  test('is an array, N; or nothing', async () => {
    for (const data of ['N', 'N:', 'Nx', 'Nx;', 'x;', ';', 'x:0:{}', 'A:0:{}', 's:0:{}', 'a;0:{}']) {
      await rules.bothRefuse(data, 'php_serialize');
    }
    for (const data of ['N;', '', 'a:0:{}']) {
      expect(Object.keys(decodeSession(latin1Bytes(data), { format: 'php_serialize' }))).toEqual([]);
    }
  });
});

describe('limits of a session that is built at once', () => {
  test('an empty array is no level, an empty object is one', () => {
    const read = (inner: string) => decodeSession(latin1Bytes(`a|a:1:{i:0;${inner}}`), { maxDepth: 1 });
    expect({ ...read('a:0:{}') }).toEqual({ a: [[]] });
    expect(failure(() => read('O:3:"Foo":0:{}')).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => read('a:1:{i:0;N;}')).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => decodeSession(latin1Bytes('a|O:3:"Foo":0:{}'), { maxDepth: 0 })).code).toBe('ERR_PHP_LIMIT');
  });
});

describe('references', () => {
  test('in the exact view an object that is only shared is itself', () => {
    const read = decodeSession(latin1Bytes('a|O:3:"Foo":0:{}b|r:1;c|i:1;d|R:3;'), { view: 'exact' });
    expect(read.get('a')).toBeInstanceOf(PhpObject);
    expect(read.get('a')).toBe(read.get('b'));
    expect(read.get('c')).toBe(read.get('d'));
    expect(read.get('c')).toBeInstanceOf(PhpReference);
  });

  test('of another session are values in this one', () => {
    const from = () => session('first|i:1;x|a:2:{i:0;R:1;i:1;i:7;}').x;
    for (const data of ['old|i:1;', 'old|i:1;same|R:1;', 'a|s:5:"aaaaa";b|R:1;c|i:2;d|R:2;']) {
      const written = `${data}x|a:2:{i:0;i:1;i:1;i:7;}`;
      expect(changed(data, (s) => Object.assign(s, { x: from() }))).toBe(written);
      const replace = (s: Record<string, unknown>) => {
        delete s.gone;
        s.x = from();
      };
      expect(changed(`${data}gone|N;`, replace)).toBe(written);
    }
  });

  test('to the object that is written by itself are the object, as in PHP', async () => {
    for (const reference of ['R:1;', 'r:1;']) {
      const data = `O:3:"Foo":2:{s:1:"a";${reference}s:1:"b";i:1;}`;
      const again = (await rules.php.one('unserialize', latin1Bytes(data))).bytes;
      for (const view of ['plain', 'exact'] as const) {
        const value = unserialize<PhpObject>(latin1Bytes(data), { view });
        expect(value).toBeInstanceOf(PhpObject);
        expect(latin1Text(serialize(value))).toBe(latin1Text(again));
      }
    }
  });

  test('to the array that is written by itself lead into it', () => {
    const data = 'a:2:{i:0;R:1;i:1;i:5;}';
    for (const view of ['plain', 'exact'] as const) {
      expect(latin1Text(serialize(unserialize(latin1Bytes(data), { view })))).toBe(data);
    }
  });

  test('of a C: count an object that comes again', () => {
    const data = 'o|O:3:"Foo":0:{}p|r:1;m|a:1:{i:5;i:1;}v|C:12:"WritesNested":4:{R:4;}';
    expect(touched(data)).toBe(data);
    const read = decodeSession(latin1Bytes(data), { view: 'exact' });
    expect(encoded(read)).toBe(data);
    (read.get('m') as PhpArray).set(5, 2);
    expect(failure(() => encoded(read)).code).toBe('ERR_PHP_REFERENCE');
  });
});

describe('fromPhp', () => {
  test('is called for no value of data that are damaged somewhere', () => {
    class Foo {}
    let made = 0;
    const fromPhp = () => {
      made++;
      return new Foo();
    };
    const classes = [{ className: 'Foo', class: Foo, fromPhp, toPhp: () => {} }];
    for (const rest of ['x', 'N', '}']) {
      const read = () => unserialize(latin1Bytes(`a:2:{i:0;O:3:"Foo":0:{}i:1;N;}${rest}`), { classes });
      expect(failure(read).code).toBe('ERR_PHP_SYNTAX');
    }
    expect(failure(() => decodeSession(latin1Bytes('a|O:3:"Foo":0:{}b|x'), { classes })).code).toBe('ERR_PHP_SYNTAX');
    expect(made).toBe(0);
  });
});

test('memory after the written bytes contains nothing of failed attempts', () => {
  for (const size of [1000, 67_000, 70_000, 200_000]) {
    let times = 0;
    const value = {
      get text() {
        return times++ === 0 ? 'secret'.repeat(1000) : 'x';
      },
      last: new PhpFloat(1),
    };
    const written = encodeSession({ long: Buffer.alloc(size, 'x'), value });
    expect(times).toBeGreaterThan(1);
    expect(latin1Text(written).endsWith('value|a:2:{s:4:"text";s:1:"x";s:4:"last";d:1;}')).toBe(true);
    expect(Buffer.from(written.buffer).includes('secret')).toBe(false);
  }
});
