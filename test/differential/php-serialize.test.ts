import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isSerialized, serialize as theirSerialize, unserialize as theirUnserialize } from 'php-serialize';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpCustom,
  PhpObject,
  serialize,
  unserialize,
} from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// Next to php-serialize, the peer that most people use: a value that PHP wrote, in an array in which Node changes another
// key. It has no session format, so it gets serialize($_SESSION), once as text and once in its binary mode.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

const values: [what: string, code: string][] = [
  ['an object of an unknown class', 'unserialize(\'O:8:"App\\\\User":1:{s:4:"name";s:3:"bob";}\')'],
  ['a private property', 'unserialize("O:3:\\"Foo\\":1:{s:6:\\"\\0Foo\\0p\\";i:1;}")'],
  ['a float without a fraction', '1.0'],
  ['keys in the order b, 10, 9', "['b' => 1, 10 => 2, 9 => 3]"],
  ['a binary string', '"\\xff\\xfe\\0"'],
  ['a "|" in a value', "'x|y'"],
];

test('a session that PHP wrote, after Node has changed one other key', async () => {
  const rows: string[][] = [
    ['value', 'php-session-bridge', 'the same, unserialize()', 'php-serialize', 'in binary mode'],
  ];
  for (const [what, code] of values) {
    const { session, bytes } = await php.one('eval', `$_SESSION = ['n' => 1, 'value' => ${code}]; return $_SESSION;`);
    const expected = latin1(bytes).replace('i:1;', 'i:2;');
    const outcome = (run: () => string, wanted: string) => {
      try {
        return run() === wanted ? 'same bytes' : 'other bytes';
      } catch (error) {
        return `throws: ${(error as Error).message.slice(0, 40)}`;
      }
    };
    const read = decodeSession(session);
    read.n = 2;
    void read.value; // so that it is not only copied
    const ours = outcome(() => latin1(encodeSession(read)), latin1(session).replace('n|i:1;', 'n|i:2;'));
    const single = outcome(() => {
      const value = unserialize<Record<string, unknown>>(bytes);
      value.n = 2;
      return latin1(serialize(value));
    }, expected);
    const theirs = (data: Buffer, encoding: 'utf8' | 'binary') =>
      outcome(() => {
        const value = theirUnserialize(data, {}, { strict: false, encoding });
        value.n = 2;
        return Buffer.from(theirSerialize(value, {}, { encoding }), encoding).toString('latin1');
      }, expected);
    rows.push([what, ours, single, theirs(bytes, 'utf8'), theirs(bytes, 'binary')]);
    expect([ours, single]).toEqual(['same bytes', 'same bytes']);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${table.join('\n')}\n\n`);
});

// The data of its published tests (github.com/steelbrain/php-serialize, test/serialize.ts, unserialize-test.ts and
// isSerialized-test.ts, MIT). Each is the same in both packages, or PHP, which is asked here, agrees with this one.
describe('the data of its own tests', () => {
  class Test {
    serialize() {
      return 'asd';
    }
  }
  class TestTwo {
    test = 'hi';
  }
  class TestParent {
    serialize() {
      return theirSerialize([new Test(), new TestTwo()]);
    }
  }
  class DeepUser {}
  class User {
    name = 'Steel Brain';
    age = 17;
  }
  class SerializableUser extends User {
    serialize() {
      return JSON.stringify({ age: this.age, name: this.name });
    }
    unserialize(text: string) {
      Object.assign(this, JSON.parse(text));
    }
  }
  const nested = 'a:2:{i:0;C:4:"Test":3:{asd}i:1;O:7:"TestTwo":1:{s:4:"test";s:2:"hi";}}';

  /** The same classes in PHP; what was in a `C:` is kept as it was read. */
  beforeAll(() =>
    php.one(
      'eval',
      `class Test implements Serializable {
         public $data = 'asd';
         function serialize() { return $this->data; }
         function unserialize($data) { $this->data = $data; }
       }
       class TestParent extends Test { public $data = '${nested}'; }
       class SerializableUser extends Test { public $data = '{"age":17,"name":"Steel Brain"}'; }
       class TestTwo { public $test = 'hi'; }
       class User { public $name = 'Steel Brain'; public $age = 17; }`,
    ),
  );

  const text = 'Hey I am a very long string, this is to test if this package works with long strings, See #2';
  const sparse = ['shallow'];
  sparse[4] = 'array';
  const map = { some: 'thing', hello: 'buddy', someWeirdCoolLongKey: 'SomeWeirdCoolLongValue' };

  describe('plain values are written as PHP writes them, and read again', () => {
    test.each<[value: unknown, code: string]>([
      [null, 'null'],
      [true, 'true'],
      [false, 'false'],
      [1, '1'],
      [1.1, '1.1'],
      [1.7976931348623157e308, '1.7976931348623157E+308'],
      [9007199254740999n, '9007199254740999'],
      [text, `'${text}'`],
      ['你好世界', "'你好世界'"],
      [[], '[]'],
      [[1, 2, 3], '[1, 2, 3]'],
      [[1, 2, 3, 4, 5], '[1, 2, 3, 4, 5]'],
      [['Helló', 'World'], "['Helló', 'World']"],
      [{ some: [] }, "['some' => []]"],
      [{ some: { hey: 'Hello' } }, "['some' => ['hey' => 'Hello']]"],
      [
        map,
        `[${Object.entries(map)
          .map(([key, value]) => `'${key}' => '${value}'`)
          .join()}]`,
      ],
      [{ hey: 'hi' }, "['hey' => 'hi']"],
      [{ key: 'value', key2: 1 }, "['key' => 'value', 'key2' => 1]"],
      [{ key: 1, key2: 'value2' }, "['key' => 1, 'key2' => 'value2']"],
      [{ key: '1value', key2: 'value2' }, "['key' => '1value', 'key2' => 'value2']"],
      [{ key: 'value1', key2: 'value2' }, "['key' => 'value1', 'key2' => 'value2']"],
    ])('%p', async (value, code) => {
      const { bytes } = await php.one('eval', `return ${code};`);
      expect(Buffer.from(serialize(value))).toEqual(bytes);
      expect(Buffer.from(theirSerialize(value))).toEqual(bytes);
      expect(unserialize(bytes)).toEqual(value);
      expect(theirUnserialize(bytes)).toEqual(value);
    });
  });

  const bytesOf = (data: string) => new TextEncoder().encode(data);
  const user: [string, unknown][] = [
    ['name', 'Steel Brain'],
    ['age', 17],
  ];
  describe('what it takes as a JavaScript class or Map has a type of its own here', () => {
    test.each<[what: string, theirs: unknown, ours: unknown, code: string]>([
      ['Serializable', new Test(), new PhpCustom('Test', bytesOf('asd')), 'new Test'],
      ['an object', new TestTwo(), new PhpObject('TestTwo', [['test', 'hi']]), 'new TestTwo'],
      ['nested', new TestParent(), new PhpCustom('TestParent', bytesOf(nested)), 'new TestParent'],
      ['a namespace', new DeepUser(), new PhpObject('Deep\\User'), 'unserialize(\'O:9:"Deep\\User":0:{}\')'],
      ['more properties', new User(), new PhpObject('User', user), 'new User'],
      [
        'Serializable with JSON',
        new SerializableUser(),
        new PhpCustom('SerializableUser', bytesOf('{"age":17,"name":"Steel Brain"}')),
        'new SerializableUser',
      ],
      ['a Map', new Map([[1, 'q']]), new PhpArray([[1, 'q']]), "[1 => 'q']"],
      [
        'a Map of two',
        new Map([
          [1, '1'],
          [2, '2'],
        ]),
        new PhpArray([
          [1, '1'],
          [2, '2'],
        ]),
        "[1 => '1', 2 => '2']",
      ],
    ])('%s', async (_what, theirs, ours, code) => {
      const { bytes } = await php.one('eval', `return ${code};`);
      const classes = ['Test', 'TestTwo', 'TestParent', 'Deep\\User', 'User', 'SerializableUser'];
      expect(latin1(serialize(ours, { classes }))).toBe(latin1(bytes));
      expect(theirSerialize(theirs, { 'Deep\\User': DeepUser })).toBe(latin1(bytes));
      // The class name that was read may be written.
      expect(latin1(serialize(unserialize(bytes)))).toBe(latin1(bytes));
      expect(unserialize(bytes)).toEqual(theirs instanceof Map ? Object.fromEntries(theirs) : ours);
      expect(() => serialize(theirs)).toThrow(expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' }));
    });
  });

  test('an array with holes', async () => {
    const { bytes } = await php.one('eval', "return [0 => 'shallow', 4 => 'array'];");
    expect(latin1(serialize(sparse))).toBe(latin1(bytes));
    expect(theirSerialize(sparse)).toBe(latin1(bytes));
    expect(unserialize(bytes)).toEqual({ 0: 'shallow', 4: 'array' });
    expect(theirUnserialize(bytes)).toEqual({ 0: 'shallow', 4: 'array' });
  });

  test('an array without the first keys', async () => {
    const bytes = bytesOf('a:2:{i:25;i:105;i:31;i:106;}');
    expect(unserialize(bytes)).toEqual({ 25: 105, 31: 106 });
    expect(theirUnserialize(Buffer.from(bytes))).toEqual({ 25: 105, 31: 106 });
    expect((await php.one('unserialize', bytes)).bytes).toEqual(Buffer.from(bytes));
  });

  describe('a key that begins like a number', () => {
    const keys = ['97YEAY3JO237', '02YJXTVI6ZOJ', 'X0YJXTVI6ZOJ', 'X0', '0XYJXTVI6ZOJ', '0x', '0N'];
    test.each(keys)('%s', async (key) => {
      const bytes = bytesOf(`a:1:{s:${key.length}:"${key}";s:2:"hi";}`);
      expect(unserialize(bytes)).toEqual({ [key]: 'hi' });
      expect(theirUnserialize(Buffer.from(bytes))).toEqual({ [key]: 'hi' });
      expect((await php.one('unserialize', bytes)).bytes).toEqual(Buffer.from(bytes));
    });

    // The published data have no ";" after the value. PHP cannot read them, and destroys a session that has them.
    test.each(keys)('%s, without the last ";"', async (key) => {
      const bytes = bytesOf(`a:1:{s:${key.length}:"${key}";s:2:"hi"}`);
      expect(theirUnserialize(Buffer.from(bytes))).toEqual({ [key]: 'hi' });
      expect(() => unserialize(bytes)).toThrow(expect.objectContaining({ code: 'ERR_PHP_SYNTAX' }));
      expect((await php.one('unserialize', bytes)).ok).toBe(false);
    });
  });

  describe('an object of a class that is not known', () => {
    test('keeps its properties', async () => {
      const bytes = bytesOf('O:7:"Unknown":1:{s:1:"a";i:10;}');
      const theirs = theirUnserialize(Buffer.from(bytes), {}, { strict: false });
      expect(theirs).toEqual({ __PHP_Incomplete_Class_Name: 'Unknown', a: 10 });
      const ours = unserialize<PhpObject>(bytes);
      expect([ours.className, ours.get('a')]).toEqual(['Unknown', 10]);
      const again = (await php.one('unserialize', bytes)).bytes;
      expect(Buffer.from(serialize(ours))).toEqual(again);
      expect(theirSerialize(theirs)).not.toBe(latin1(again));
    });

    test('keeps what is in its `C:`', async () => {
      const inside = 'a:2:{i:0;C:4:"Test":3:{asd}i:1;O:7:"TestTwo":0:{}}';
      const bytes = bytesOf(`C:10:"TestParent":${inside.length}:{${inside}}`);
      const theirs = theirUnserialize(Buffer.from(bytes), {}, { strict: false });
      expect(theirs).toEqual({ __PHP_Incomplete_Class_Name: 'TestParent' });
      const ours = unserialize<PhpCustom>(bytes);
      expect([ours.className, latin1(ours.data)]).toEqual(['TestParent', inside]);
      // To PHP, which has this class, it is the same.
      const again = (await php.one('unserialize', bytes)).bytes;
      expect(Buffer.from(serialize(ours))).toEqual(again);
    });
  });

  test.each([
    ['a:1:{i:0;s:12:"add-post_tag";}', true],
    ['d:100010001000100004049513873408;', true],
    ['i:100000000;', true],
    ['d:1.7976931348623157E+308;', true],
    ['something', false],
    ['你好世界', false],
    ['i:10000a0000;', false],
    ['i:100000000', false],
  ])('isSerialized: %s', async (data, expected) => {
    const bytes = bytesOf(data);
    expect(isSerialized(data)).toBe(expected);
    expect((await php.one('unserialize', bytes)).ok).toBe(expected);
    if (expected) expect(() => unserialize(bytes)).not.toThrow();
    else expect(() => unserialize(bytes)).toThrow(expect.objectContaining({ code: 'ERR_PHP_SYNTAX' }));
  });
});
