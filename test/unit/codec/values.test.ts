import { format, inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import {
  asList,
  asMap,
  encodeSession,
  isPhpArray,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  PhpArray,
  PhpFloat,
  PhpObject,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure, session } from './helpers.ts';

describe('PhpFloat', () => {
  test('counts, and shows in JSON, as its number', () => {
    const price = new PhpFloat(12.5);
    expect(Number(price) + 1).toBe(13.5);
    expect(JSON.stringify({ price })).toBe('{"price":12.5}');
  });
});

describe('PhpArray', () => {
  const array = () =>
    new PhpArray([
      ['b', 1],
      ['5', 2],
      [7n, 3],
      ['05', 4],
    ] as [string | bigint, number][]);

  test('has the keys that PHP makes of those it is given', () => {
    expect([...array()]).toEqual([
      ['b', 1],
      [5, 2],
      [7, 3],
      ['05', 4],
    ]);
    expect([array().get(5), array().get(5n), array().get('5'), array().get(7), array().get('7')]).toEqual([
      2, 2, 2, 3, 3,
    ]);
    expect([array().has('7'), array().has(8n), array().get('x')]).toEqual([true, false, undefined]);
    expect([...array().keys()]).toEqual(['b', 5, 7, '05']);
    expect([...array().values()]).toEqual([1, 2, 3, 4]);
  });

  test('beyond 2^53 keys are bigints, beyond 64 bits they are text', () => {
    const keys = ['9007199254740991', '9007199254740992', '9223372036854775807', '9223372036854775808'];
    expect([...new PhpArray(keys.map((key) => [key, 0])).keys()]).toEqual([
      9007199254740991,
      9007199254740992n,
      9223372036854775807n,
      '9223372036854775808',
    ]);
  });

  test('a key that is set again keeps its place; one that is deleted and set goes last', () => {
    const changed = array().set('b', 9).set(5n, 8);
    expect([changed.size, changed.delete('7'), changed.delete('7'), changed.size]).toEqual([4, true, false, 3]);
    changed.set(7, 1);
    expect(latin1Text(serialize(changed))).toBe('a:4:{s:1:"b";i:9;i:5;i:8;s:2:"05";i:4;i:7;i:1;}');
  });
});

describe('PhpObject', () => {
  // As PHP mangles the names of a public, a protected, and a private property, and of a private one of a parent class.
  const data = 'O:5:"Child":4:{s:4:"open";i:1;s:8:"\0*\0guard";i:2;s:10:"\0Child\0own";i:3;s:10:"\0Base\0base";i:4;}';
  const read = () => unserialize<PhpObject>(latin1Bytes(data));

  test('gives a property by its name, whatever its visibility', () => {
    const object = read();
    expect(['open', 'guard', 'own', 'base', 'none'].map((name) => object.get(name))).toEqual([1, 2, 3, 4, undefined]);
    expect(['open', 'guard', 'own', 'base', 'none'].map((name) => object.has(name))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  test('changes the property that it gives; a new one is public', () => {
    const object = read();
    for (const name of ['open', 'guard', 'own', 'base', 'more']) object.set(name, `new`);
    const expected = data
      .replaceAll(/i:\d;/g, 's:3:"new";')
      .replace(':4:{', ':5:{')
      .replace(/}$/, 's:4:"more";s:3:"new";}');
    expect(latin1Text(serialize(object))).toBe(expected);
    expect(['guard', 'base', 'none'].map((name) => object.delete(name))).toEqual([true, true, false]);
    expect([...object.entries()].map(({ name }) => name)).toEqual(['open', 'own', 'more']);
  });

  test('public before protected before private, the own class before a parent', () => {
    const properties: [string, number][] = [
      ['\0Base\0p', 4],
      ['\0Child\0p', 3],
      ['\0*\0p', 2],
      ['p', 1],
    ];
    for (let left = properties.length; left > 0; left--) {
      expect(new PhpObject('Child', properties.slice(0, left)).get('p')).toBe(5 - left);
    }
  });

  test('lists all properties with their visibility, in their order', () => {
    expect([...read().entries()]).toEqual([
      { name: 'open', visibility: 'public', value: 1 },
      { name: 'guard', visibility: 'protected', value: 2 },
      { name: 'own', visibility: 'private', declaredBy: 'Child', value: 3 },
      { name: 'base', visibility: 'private', declaredBy: 'Base', value: 4 },
    ]);
    expect(JSON.stringify(read())).toBe('{"open":1}');
  });

  test('names that only look mangled are public', () => {
    const names = ['a\0b', '\0', '\0x', 'x\0*\0y', ''];
    const object = new PhpObject(
      'Foo',
      names.map((name) => [name, 1]),
    );
    expect([...object.entries()]).toEqual(names.map((name) => ({ name, visibility: 'public', value: 1 })));
    expect([
      ...new PhpObject('Foo', [
        ['\0\0x', 1],
        ['\0A\0', 2],
      ]).entries(),
    ]).toEqual([
      { name: 'x', visibility: 'private', declaredBy: '', value: 1 },
      { name: '', visibility: 'private', declaredBy: 'A', value: 2 },
    ]);
  });

  test('int names are found as they are, and listed as text', () => {
    const object = unserialize<PhpObject>(latin1Bytes('O:13:"SplFixedArray":1:{i:0;i:1;}'));
    expect(object.properties.get(0)).toBe(1);
    expect([...object.entries()]).toEqual([{ name: '0', visibility: 'public', value: 1 }]);
  });

  test('a __proto__ is a property', () => {
    const object = new PhpObject('Foo', [['__proto__', { x: 1 }]]);
    expect(JSON.stringify(object)).toBe('{"__proto__":{"x":1}}');
    expect(Object.keys(object.toJSON() as object)).toEqual(['__proto__']);
  });
});

describe('the exact view', () => {
  const exact = (data: string) => unserialize<PhpArray>(latin1Bytes(data), { view: 'exact' });

  test('keeps names of properties that PHP would refuse as new ones', () => {
    const data = 'a:2:{i:0;i:1;i:1;O:8:"stdClass":1:{s:2:"\0x";i:1;}}';
    expect(latin1Text(serialize(exact(data)))).toBe(data);
  });

  test('a value of it may be changed, moved and written', () => {
    const read = exact('a:2:{s:1:"o";O:3:"Foo":1:{s:1:"p";d:1;}s:1:"c";C:3:"Bar":2:{xy}}');
    const object = read.get('o') as PhpObject;
    object.set('p', [object.get('p'), read.get('c')]);
    expect(latin1Text(serialize(new PhpArray([[7, object]]), { classes: ['Foo', 'Bar'] }))).toBe(
      'a:1:{i:7;O:3:"Foo":1:{s:1:"p";a:2:{i:0;d:1;i:1;C:3:"Bar":2:{xy}}}}',
    );
  });
});

test('an array that was read may become a session', () => {
  for (const view of ['plain', 'exact'] as const) {
    const read = unserialize<{ a: object }>(latin1Bytes('a:1:{s:1:"a";a:2:{s:1:"x";i:1;s:1:"y";N;}}'), { view });
    const array = view === 'plain' ? read.a : (read as unknown as PhpArray).get('a');
    expect(latin1Text(encodeSession(array as object))).toBe('x|i:1;y|N;');
  }
});

describe('the plain view', () => {
  test('has the keys that are there, and no others', () => {
    const read = (data: string) => unserialize<object>(latin1Bytes(data));
    for (const [data, keys] of [
      ['a:0:{}', []],
      ['a:3:{i:0;N;i:1;N;i:2;N;}', ['0', '1', '2']],
      ['a:3:{i:0;N;i:1;N;i:5;N;}', ['0', '1', '5']],
      ['a:3:{i:0;N;i:1;N;i:1;N;}', ['0', '1']],
      ['a:2:{i:0;N;s:1:"x";N;}', ['0', 'x']],
      ['a:2:{i:1;N;i:2;N;}', ['1', '2']],
      ['a:1:{i:-1;N;}', ['-1']],
      ['a:1:{i:10;N;}', ['10']],
      ['a:1:{s:1:"0";N;}', ['0']],
      ['a:2:{i:0;N;i:9223372036854775807;N;}', ['0', '9223372036854775807']],
    ] as const) {
      expect(Object.keys(read(data))).toEqual(keys);
    }
  });

  test('shows in util.inspect as objects do', () => {
    const read = session('a|a:1:{s:1:"b";a:1:{s:1:"c";i:1;}}d|a:1:{i:0;i:2;}');
    expect(inspect(read, { depth: 9 })).toBe('{ a: { b: { c: 1 } }, d: [ 2 ] }');
    expect(Object.keys(read.a as object)).toEqual(['b']);
  });

  test('shows as text, as a number and in JSON as objects do, whatever its keys are', () => {
    const map = 'a:4:{s:8:"toString";i:1;s:7:"valueOf";i:2;s:6:"toJSON";i:3;s:9:"__proto__";i:4;}';
    const read = session(`a|${map}empty|a:1:{i:5;a:0:{}}`) as Record<string, object>;
    for (const value of [read, read.a!, read.empty!, asMap(read.empty!)]) {
      const plain = {};
      expect(`${value}`).toBe(`${plain}`);
      expect(value + '').toBe(plain + '');
      expect([1, [value]].join()).toBe([1, [plain]].join());
      expect(Number(value)).toBe(Number(plain));
      expect(new Date(value as Date).getTime()).toBeNaN();
      expect({ [String(value)]: 1 }).toEqual({ [String(plain)]: 1 });
      expect(Object.prototype.toString.call(value)).toBe(Object.prototype.toString.call(plain));
    }
    expect(JSON.stringify(read.a)).toBe('{"toString":1,"valueOf":2,"toJSON":3,"__proto__":4}');
    expect(inspect(read.a)).toBe("{ toString: 1, valueOf: 2, toJSON: 3, ['__proto__']: 4 }");
    expect(format('%O %j %d', read.empty, read.empty, read.empty)).toBe(`{ '5': [] } {"5":[]} NaN`);
  });

  test('what makes it show so is nothing of its own', () => {
    const read = session('a|a:1:{s:1:"b";i:1;}') as { a: Record<string, unknown> };
    for (const value of [read, read.a]) {
      const keys = Object.keys(value);
      expect(Reflect.ownKeys(value)).toEqual(keys);
      expect(Reflect.ownKeys({ ...value })).toEqual(keys);
      expect(Reflect.ownKeys(Object.assign({}, value))).toEqual(keys);
      const seen = [];
      for (const key in value) seen.push(key);
      expect(seen).toEqual(keys);
      expect(structuredClone(value)).toEqual({ ...value });
      expect(value).toEqual({ ...value });
      // Nor can it be exchanged for all of them by an assignment to one.
      expect(() => Object.assign(value, { [Symbol.toPrimitive]: () => 'mine' })).toThrow(TypeError);
    }
    expect(latin1Text(encodeSession(read))).toBe('a|a:1:{s:1:"b";i:1;}');
  });

  test('takes objects and arrays of other realms', () => {
    const foreign = runInNewContext('({ x: 1, list: [2, { y: 3 }], bytes: new Uint8Array([255]) })');
    expect(latin1Text(serialize(foreign))).toBe(
      'a:3:{s:1:"x";i:1;s:4:"list";a:2:{i:0;i:2;i:1;a:1:{s:1:"y";i:3;}}s:5:"bytes";s:1:"\xff";}',
    );
    expect(failure(() => serialize(runInNewContext('new Map()'))).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('what only says that it is bytes, or a plain object, is none', () => {
    const bytesInName = { [Symbol.toStringTag]: 'Uint8Array', x: 1 };
    expect(latin1Text(serialize(bytesInName))).toBe('a:1:{s:1:"x";i:1;}');
    class Cart {
      x = 1;
      hasOwnProperty() {
        return true;
      }
    }
    expect(failure(() => serialize(new Cart())).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });
});

test.each([null, undefined, 0, 1n, '', 'a', true, Symbol('a'), () => 1, {}, [], Object.create(null)])(
  'an error names what is none of PHP’s values: %p',
  (value) => {
    const answers = [isPhpArray, isPhpCustom, isPhpEnum, isPhpFloat, isPhpObject, isPhpReference].map((is) =>
      is(value),
    );
    expect(answers).toEqual(Array(6).fill(false));
  },
);

test.each([null, undefined, 5, 'ab', Symbol('a'), () => 1])('asList and asMap of %p are a TypeError', (value) => {
  expect(() => asList(value as never)).toThrow(/^asList\(\) needs/);
  expect(() => asMap(value as never)).toThrow(/^asMap\(\) needs/);
});
