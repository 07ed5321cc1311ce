import { describe, expect, test } from '@jest/globals';
import {
  encodeSession,
  PhpArray,
  PhpEnum,
  PhpFloat,
  PhpObject,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, failure, session } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

describe('numbers', () => {
  test('what was a float stays a float under the same key', () => {
    expect(
      changed('a|d:1;b|a:1:{s:5:"price";d:12.5;}', (s: Any) => {
        s.a = 2;
        s.b.price = 13;
      }),
    ).toBe('a|d:2;b|a:1:{s:5:"price";d:13;}');
  });

  test('what was an int becomes a float only with a fraction', () => {
    expect(changed('a|i:1;b|i:1;c|i:1;', (s) => Object.assign(s, { a: 2, b: 2.5, c: -0 }))).toBe(
      'a|i:2;b|d:2.5;c|i:0;',
    );
  });

  test('a list of floats keeps them, also when it grows; in another list only what did not move', () => {
    expect(changed('a|a:2:{i:0;d:1;i:1;d:2;}', (s: Any) => s.a.push(3))).toBe('a|a:3:{i:0;d:1;i:1;d:2;i:2;d:3;}');
    expect(changed('a|a:3:{i:0;d:1;i:1;i:2;i:2;d:3;}', (s: Any) => s.a.push(4))).toBe(
      'a|a:4:{i:0;d:1;i:1;i:2;i:2;d:3;i:3;i:4;}',
    );
    expect(changed('a|a:3:{i:0;i:1;i:1;d:2;i:2;i:3;}', (s: Any) => s.a.shift())).toBe('a|a:2:{i:0;i:2;i:1;i:3;}');
  });

  test('a float keeps its text', () => {
    expect(
      changed('a|a:2:{s:1:"x";d:0.10000000000000001;s:1:"y";i:1;}', (s: Any) => {
        s.a.y = 2;
      }),
    ).toBe('a|a:2:{s:1:"x";d:0.10000000000000001;s:1:"y";i:2;}');
  });

  test('new numbers', () => {
    expect(
      encoded({ a: 1, b: 1.5, c: 2 ** 53, d: 5n, e: -(2n ** 63n), f: new PhpFloat(3), g: -0, h: Number.NaN }),
    ).toBe('a|i:1;b|d:1.5;c|d:9007199254740992;d|i:5;e|i:-9223372036854775808;f|d:3;g|d:-0;h|d:NAN;');
  });
});

describe('arrays', () => {
  test('keys keep their order, new ones go last', () => {
    expect(
      changed('a|a:3:{s:1:"b";i:1;i:10;i:2;i:9;i:3;}', (s: Any) => {
        s.a[1] = 4;
        s.a.b = 5;
        s.a.c = 6;
        delete s.a[10];
      }),
    ).toBe('a|a:4:{s:1:"b";i:5;i:9;i:3;i:1;i:4;s:1:"c";i:6;}');
  });

  test('a map that is replaced takes the order and floats of the one at its place', () => {
    expect(
      changed('a|a:2:{s:1:"z";d:1;s:1:"y";i:2;}', (s: Any) => {
        s.a = { x: 0, ...JSON.parse(JSON.stringify(s.a)) };
      }),
    ).toBe('a|a:3:{s:1:"z";d:1;s:1:"y";i:2;s:1:"x";i:0;}');
  });

  test('a list that is replaced does not', () => {
    expect(
      changed('a|a:2:{i:0;d:1;i:1;d:2;}', (s: Any) => {
        s.a = s.a.map((n: number) => n);
      }),
    ).toBe('a|a:2:{i:0;i:1;i:1;i:2;}');
  });

  test('an array that is moved keeps what it was', () => {
    const moved = changed('a|a:1:{s:1:"x";a:2:{s:1:"b";d:1;i:5;N;}}c|i:1;', (s: Any) => {
      s.c = s.a.x;
      delete s.a;
    });
    expect(moved).toBe('c|a:2:{s:1:"b";d:1;i:5;N;}');
  });

  test('an array in two places is written twice, as PHP copies it', () => {
    expect(
      changed('a|a:1:{i:0;d:1;}', (s) => {
        s.b = s.a;
      }),
    ).toBe('a|a:1:{i:0;d:1;}b|a:1:{i:0;d:1;}');
  });

  test('an empty array that gained names is a map; so is a list', () => {
    expect(
      changed('a|a:0:{}b|a:1:{i:0;N;}', (s: Any) => {
        s.a.x = 1;
        s.b.x = 2;
      }),
    ).toBe('a|a:1:{s:1:"x";i:1;}b|a:2:{i:0;N;s:1:"x";i:2;}');
  });

  test('a hole in a list is a missing key, as after unset', () => {
    expect(
      changed('a|a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}', (s: Any) => {
        delete s.a[1];
      }),
    ).toBe('a|a:2:{i:0;i:1;i:2;i:3;}');
  });

  test('negative and huge keys on a list are keys', () => {
    expect(
      changed('a|a:0:{}b|a:0:{}', (s: Any) => {
        s.a[-5] = 'x';
        s.b[80_000_000] = 'y';
      }),
    ).toBe('a|a:1:{i:-5;s:1:"x";}b|a:1:{i:80000000;s:1:"y";}');
    expect(failure(() => serialize(Object.assign([1], { '-1': 2 }))).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('undefined is left out of maps, and null in lists', () => {
    expect(encoded({ a: { x: undefined, y: 1 }, b: [undefined, 1], c: undefined })).toBe(
      'a|a:1:{s:1:"y";i:1;}b|a:2:{i:0;N;i:1;i:1;}',
    );
  });

  test('keys that PHP takes for ints are ints', () => {
    expect(
      encoded({ a: { 5: 1, '05': 2, '-3': 3, '-0': 4, '9223372036854775808': 5, '9223372036854775807': 6 } }),
    ).toBe(
      'a|a:6:{i:5;i:1;s:2:"05";i:2;i:-3;i:3;s:2:"-0";i:4;s:19:"9223372036854775808";i:5;i:9223372036854775807;i:6;}',
    );
  });

  test('PhpArray is any order', () => {
    const array = new PhpArray([
      ['b', 1],
      [10, new PhpFloat(2)],
      ['9', [3]],
      [2n ** 62n, null],
    ]);
    expect(encoded({ a: array })).toBe('a|a:4:{s:1:"b";i:1;i:10;d:2;i:9;a:1:{i:0;i:3;}i:4611686018427387904;N;}');
    expect(array.get(9)).toEqual([3]);
    expect(array.has('10') && !array.has('x')).toBe(true);
  });

  test('objects of other realms and without prototype are plain objects', () => {
    expect(encoded({ a: structuredClone({ x: 1 }), b: Object.assign(Object.create(null), { y: [2] }) })).toBe(
      'a|a:1:{s:1:"x";i:1;}b|a:1:{s:1:"y";a:1:{i:0;i:2;}}',
    );
  });
});

describe('strings and bytes', () => {
  test('text, bytes and Buffers', () => {
    expect(encoded({ a: 'é😀', b: new Uint8Array([0xff]), c: Buffer.from('x') })).toBe(
      'a|s:6:"\xc3\xa9\xf0\x9f\x98\x80";b|s:1:"\xff";c|s:1:"x";',
    );
  });

  test('bytes that are changed in place', () => {
    expect(
      changed('a|s:2:"\xff\xfe";', (s: Any) => {
        s.a[0] = 0x41;
      }),
    ).toBe('a|s:2:"A\xfe";');
  });

  test('a key that is no UTF-8 stays', () => {
    expect(
      changed('a|a:2:{s:1:"\xe9";i:1;s:2:"\xc3\xa9";i:2;}', (s: Any) => {
        s.a['\udce9'] = 3;
      }),
    ).toBe('a|a:2:{s:1:"\xe9";i:3;s:2:"\xc3\xa9";i:2;}');
  });
});

describe('objects', () => {
  const user = 'u|O:8:"App\\User":3:{s:4:"name";s:1:"a";s:7:"\0*\0role";i:1;s:15:"\0App\\User\0score";d:1;}';

  test('can be read, by name and with visibility', () => {
    const { u } = session(user) as { u: PhpObject };
    expect(u.className).toBe('App\\User');
    expect([u.get('name'), u.get('role'), u.get('score'), u.get('none'), u.has('score')]).toEqual([
      'a',
      1,
      1,
      undefined,
      true,
    ]);
    expect([...u.entries()]).toEqual([
      { name: 'name', visibility: 'public', value: 'a' },
      { name: 'role', visibility: 'protected', value: 1 },
      { name: 'score', visibility: 'private', declaredBy: 'App\\User', value: 1 },
    ]);
    expect(JSON.stringify(u)).toBe('{"name":"a"}');
    expect(Object.keys(u)).toEqual(['className', 'properties']);
  });

  test('keep all but what was changed', () => {
    expect(
      changed(user, (s: Any) => {
        s.u.set('score', 5);
        s.u.set('new', 1);
        s.u.delete('role');
      }),
    ).toBe('u|O:8:"App\\User":3:{s:4:"name";s:1:"a";s:15:"\0App\\User\0score";d:5;s:3:"new";i:1;}');
  });

  test('int and string keys of objects stay apart', () => {
    const data = 'a|O:13:"SplFixedArray":2:{i:0;i:1;s:1:"1";N;}';
    expect(changed(data, (s: Any) => s.a.set('x', 1))).toBe(
      'a|O:13:"SplFixedArray":3:{i:0;i:1;s:1:"1";N;s:1:"x";i:1;}',
    );
  });

  test('C: and E: come back', () => {
    const data = 'a|C:3:"Foo":5:{\xff";}|}b|E:11:"Suit:Hearts";c|i:1;';
    const read = session(data) as Any;
    expect([read.a.className, read.a.data, read.b.className, read.b.caseName]).toEqual(
      ['Foo', Buffer.from('\xff";}|', 'latin1'), 'Suit', 'Hearts'].map((part) =>
        Buffer.isBuffer(part) ? new Uint8Array(part) : part,
      ),
    );
    read.c = 2;
    expect(encoded(read)).toBe(data.replace('c|i:1', 'c|i:2'));
  });

  test('one object in two places is one in PHP too', () => {
    expect(
      changed('a|i:1;u|O:3:"Foo":0:{}', (s) => {
        s.a = [1, s.u];
      }),
    ).toBe('a|a:2:{i:0;i:1;i:1;O:3:"Foo":0:{}}u|r:3;');
  });

  test('one enum case in two places is one in PHP too', () => {
    expect(
      changed('e|E:3:"A:B";', (s) => {
        s.f = new PhpEnum('A', 'B');
      }),
    ).toBe('e|E:3:"A:B";f|r:1;');
  });

  test('a case that PHP cannot have is refused', () => {
    const add = (data: string, caseName: string) => () =>
      changed(data, (s) => Object.assign(s, { x: new PhpEnum('A', caseName) }));
    expect(add('e|E:3:"A:B";', 'Other')()).toBe('e|E:3:"A:B";x|E:7:"A:Other";');
    expect(failure(add('e|E:3:"A:B";', 'x";')).code).toBe('ERR_PHP_CLASS');
    expect(failure(add('e|E:3:"A:B";', '')).code).toBe('ERR_PHP_CLASS');
  });

  test('a class is written if it was read in this session, or is registered', () => {
    const add = (data: string, classes: string[] = []) => {
      const read = session(data);
      read.x = new PhpObject('Foo', [['p', 1]]);
      return latin1Text(encodeSession(read, { classes }));
    };
    expect(add('a|O:3:"Foo":0:{}')).toBe('a|O:3:"Foo":0:{}x|O:3:"Foo":1:{s:1:"p";i:1;}');
    expect(add('', ['Foo'])).toBe('x|O:3:"Foo":1:{s:1:"p";i:1;}');
    expect(failure(() => add('a|s:3:"Foo";'))).toMatchObject({ code: 'ERR_PHP_CLASS', path: ['x'] });
    // The class must not be one that was not read under the name of one that was.
    const renamed = session('a|O:3:"Foo":0:{}');
    (renamed.a as Any).className = 'Evil';
    expect(failure(() => encodeSession(renamed))).toMatchObject({ code: 'ERR_PHP_CLASS', path: ['a'] });
  });

  test('a class that was read in another session was not read in this one', () => {
    const other = unserialize(latin1Bytes('a:1:{i:0;O:4:"Evil":0:{}}')) as unknown[];
    const add = (classes: string[]) => {
      const read = session('a|i:1;');
      read.b = other[0];
      return latin1Text(encodeSession(read, { classes }));
    };
    expect(failure(() => add([]))).toMatchObject({ code: 'ERR_PHP_CLASS', path: ['b'] });
    expect(add(['Evil'])).toBe('a|i:1;b|O:4:"Evil":0:{}');
  });

  test('a name that PHP would take for a broken mangled one is refused, unless it was there', () => {
    const data = 'a|O:8:"stdClass":1:{s:2:"\0x";i:1;}';
    expect(changed(data, (s: Any) => s.a.set('y', 1))).toBe('a|O:8:"stdClass":2:{s:2:"\0x";i:1;s:1:"y";i:1;}');
    const error = failure(() => changed(data, (s: Any) => s.a.properties.set('\0z', 1)));
    expect([error.code, error.path]).toEqual(['ERR_PHP_KEY', ['a', '\0z']]);
  });

  test('a plain object does not take the place of an object', () => {
    const error = failure(() =>
      changed(user, (s: Any) => {
        s.u = { ...s.u };
      }),
    );
    expect([error.code, error.path]).toEqual(['ERR_PHP_TYPE_CHANGED', ['u']]);
    expect(
      changed(user, (s: Any) => {
        s.u = new PhpArray([['x', 1]]);
      }),
    ).toBe('u|a:1:{s:1:"x";i:1;}');
  });
});

describe('what cannot be written', () => {
  const circular: Any = { a: {} };
  circular.a.b = circular;
  class Cart {}
  test.each<[name: string, value: unknown, code: string, path: string[]]>([
    ['a function', { f: () => 1 }, 'ERR_PHP_UNREPRESENTABLE', ['x', 'f']],
    ['a symbol', [1, Symbol('s')], 'ERR_PHP_UNREPRESENTABLE', ['x', '1']],
    ['half of a surrogate pair', { s: 'a\ud800' }, 'ERR_PHP_UNREPRESENTABLE', ['x', 's']],
    ['a key with half of a surrogate pair', { '\ud800': 1 }, 'ERR_PHP_KEY', ['x', '\ud800']],
    [
      'an object that inherits from another',
      Object.create(Object.assign(Object.create(null), { x: 1 })),
      'ERR_PHP_UNREPRESENTABLE',
      ['x'],
    ],
    ['a bigint beyond 64 bits', 2n ** 63n, 'ERR_PHP_UNREPRESENTABLE', ['x']],
    ['a Date', { d: new Date(0) }, 'ERR_PHP_UNREPRESENTABLE', ['x', 'd']],
    ['a Map', new Map(), 'ERR_PHP_UNREPRESENTABLE', ['x']],
    ['a Set', [new Set()], 'ERR_PHP_UNREPRESENTABLE', ['x', '0']],
    ['an instance of a class', { c: new Cart() }, 'ERR_PHP_UNREPRESENTABLE', ['x', 'c']],
    ['a boxed number', Object(1), 'ERR_PHP_UNREPRESENTABLE', ['x']],
    ['other views of bytes', new Uint16Array(1), 'ERR_PHP_UNREPRESENTABLE', ['x']],
    ['what contains itself', circular, 'ERR_PHP_UNREPRESENTABLE', ['x', 'a', 'b']],
    ['a list with named properties', Object.assign([1], { x: 1 }), 'ERR_PHP_UNREPRESENTABLE', ['x']],
    ['an unknown class', { o: new PhpObject('Foo') }, 'ERR_PHP_CLASS', ['x', 'o']],
    ['an unknown enum', new PhpEnum('Foo', 'A'), 'ERR_PHP_CLASS', ['x']],
    ['a number as key that is no integer', new PhpArray([[1.5, 1]]), 'ERR_PHP_KEY', ['x', '1.5']],
  ])('%s', (_name, value, code, path) => {
    const error = failure(() => encodeSession({ ok: 1, x: value }));
    expect([error.code, error.path]).toEqual([code, path]);
    expect(Object.keys(error)).not.toContain('path');
  });

  test.each([
    ['a top-level key with "|"', 'a|b'],
    ['an integer as top-level key', '5'],
    ['half of a surrogate pair', '\ud800'],
  ])('%s', (_name, key) => {
    for (const write of [
      () => encodeSession({ [key]: 1 }),
      () => changed('a|i:1;', (s) => Object.assign(s, { [key]: 1 })),
    ]) {
      const error = failure(write);
      expect([error.code, error.path]).toEqual(['ERR_PHP_KEY', [key]]);
    }
  });

  test.each<[says: string, value: unknown]>([
    ['A value of type function', () => 1],
    ['A list with named properties', Object.assign([1], { x: 1 })],
    ['An instance of Cart, ', new Cart()],
    ['An instance of Map, ', new Map()],
    ['An object of this kind', Object.create(Object.create(null))],
    ['A value that contains itself', circular],
  ])('%s: the message says what it is', (says, value) => {
    const { message } = failure(() => encodeSession({ value }));
    expect(message.startsWith(says)).toBe(true);
  });

  test('more levels than PHP reads', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 4096; i++) deep = [deep];
    expect(latin1Text(serialize(deep))).toMatch(/^a:1:/);
    expect(failure(() => serialize([deep])).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => serialize([[[deep]]])).code).toBe('ERR_PHP_LIMIT');
  });

  test('undefined by itself', () => {
    expect(failure(() => serialize(undefined)).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });
});

describe('single values', () => {
  test('are read and written', () => {
    const value = unserialize<Any>(latin1Bytes('a:2:{s:1:"b";d:1;i:0;O:3:"Foo":0:{}}'));
    value.b = 2;
    expect(latin1Text(serialize(value))).toBe('a:2:{s:1:"b";d:2;i:0;O:3:"Foo":0:{}}');
    expect(latin1Text(serialize(unserialize(latin1Bytes('d:1;'), { view: 'exact' })))).toBe('d:1;');
  });

  test('bytes after the value are an error', () => {
    expect(failure(() => unserialize(latin1Bytes('i:1;i:2;')))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 4 });
    expect(failure(() => unserialize(latin1Bytes('')))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 0 });
  });
});
