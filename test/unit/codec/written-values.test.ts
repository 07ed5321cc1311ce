import { describe, expect, test } from '@jest/globals';
import {
  asList,
  decodeSession,
  encodeSession,
  type PhpArray,
  PhpCustom,
  PhpObject,
  PhpReference,
  serialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { Rules } from '../../helpers/rules.ts';
import { changed, encoded, failure, session, touched } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const rules = new Rules();
const pad = `pad|s:1200:"${'x'.repeat(1200)}";`;

describe('names that begin with NUL', () => {
  const object = (name: string) => new PhpObject('Foo', [[name, 1]]);

  test('are keys of arrays like any other', async () => {
    for (const key of ['\0', '\0x', '\0\0a\0b']) {
      const data = `a|a:1:{s:${key.length}:"${key}";O:8:"stdClass":0:{}}`;
      expect(await rules.phpWritesAgain(data)).toBe(data);
      expect(latin1Text(encodeSession({ a: { [key]: new PhpObject('stdClass') } }, { classes: ['stdClass'] }))).toBe(
        data,
      );
    }
  });

  test('are properties only where they say whose they are', async () => {
    for (const name of ['\0*\0x', '\0Foo\0x', '\0a\0b\0c', '\0a\0']) {
      const data = `a|O:3:"Foo":1:{s:${name.length}:"${name}";i:1;}`;
      expect(await rules.phpWritesAgain(data)).toBe(data);
      expect(latin1Text(encodeSession({ a: object(name) }, { classes: ['Foo'] }))).toBe(data);
    }
    for (const name of ['\0', '\0x', '\0\0', '\0\0a\0b']) {
      expect(failure(() => serialize(object(name), { classes: ['Foo'] })).code).toBe('ERR_PHP_KEY');
    }
  });
});

describe('classes that were neither read nor registered', () => {
  test('of objects that serialized themselves too', () => {
    const custom = new PhpCustom('Foo', latin1Bytes('i:1;'));
    expect(failure(() => serialize(custom)).code).toBe('ERR_PHP_CLASS');
    expect(latin1Text(serialize(custom, { classes: ['foo'] }))).toBe('C:3:"Foo":4:{i:1;}');
    expect(failure(() => changed('a|O:3:"Bar":0:{}', (s) => Object.assign(s, { b: custom }))).code).toBe(
      'ERR_PHP_CLASS',
    );
  });
});

describe('minus zero is a float', () => {
  test('unless an int stood in its place', () => {
    const inPlaceOf = (token: string) => changed(`a|a:1:{s:1:"k";${token}}`, (s: Any) => Object.assign(s.a, { k: -0 }));
    for (const token of ['b:1;', 'N;', 's:1:"x";', 'd:5;', 'a:0:{}']) {
      expect(inPlaceOf(token)).toBe('a|a:1:{s:1:"k";d:-0;}');
    }
    expect(inPlaceOf('i:5;')).toBe('a|a:1:{s:1:"k";i:0;}');
    expect(encoded({ a: -0, b: [-0, -1, 0, 1] })).toBe('a|d:-0;b|a:4:{i:0;d:-0;i:1;i:-1;i:2;i:0;i:3;i:1;}');
  });
});

describe('in the place of an object of a PHP class', () => {
  test('a plain object in a list is new, as elements move', () => {
    const put = (s: Any) => s.a.splice(0, 1, { x: 1 });
    expect(changed('a|a:1:{i:0;O:3:"Foo":0:{}}', put)).toBe('a|a:1:{i:0;a:1:{s:1:"x";i:1;}}');
  });

  test('a map that stood elsewhere is what it was', () => {
    const put = (s: Any) => Object.assign(s, { o: s.m });
    expect(changed('o|O:3:"Foo":0:{}m|a:1:{s:1:"x";d:1;}', put)).toBe('o|a:1:{s:1:"x";d:1;}m|a:1:{s:1:"x";d:1;}');
  });
});

describe('instances of a mapped class', () => {
  class Foo {
    id = 1;
  }
  const mapping = (fromPhp: (object: PhpObject) => Foo) => ({
    className: 'Foo',
    class: Foo,
    fromPhp,
    toPhp: (foo: Foo, object: PhpObject) => void object.set('id', foo.id),
  });
  const classes = [mapping(() => new Foo())];

  test('have one number, held by references and without', async () => {
    const code = '$o = new stdClass; $o->id = 1; $_SESSION = ["a" => $o]; $_SESSION["b"] = &$o; $_SESSION["c"] = &$o;';
    const written = (await rules.phpWrites(code)).replace('8:"stdClass"', '3:"Foo"');
    expect(written).toBe('a|O:3:"Foo":1:{s:2:"id";i:1;}b|R:1;c|R:1;');
    const foo = new Foo();
    const reference = new PhpReference(foo);
    expect(latin1Text(encodeSession({ a: foo, b: reference, c: reference }, { classes }))).toBe(written);
  });

  test('inside a cycle are put where the object was, but not where fromPhp put something else', () => {
    const cycle = (inner: string) => `foo|O:3:"Foo":2:{s:2:"id";i:1;s:2:"in";${inner}}`;
    const holders: [inner: string, set: (holder: Any, key: string, value: unknown) => void][] = [
      ['O:3:"Bar":2:{s:1:"p";r:1;s:1:"q";r:1;}', (holder, key, value) => holder.set(key, value)],
      ['a:2:{s:1:"p";r:1;s:1:"q";r:1;}', (holder, key, value) => Object.assign(holder, { [key]: value })],
    ];
    for (const [inner, set] of holders) {
      let holder: Any;
      const fromPhp = (object: PhpObject) => {
        holder = object.get('in');
        set(holder, 'p', 5);
        return new Foo();
      };
      const { foo } = decodeSession<Any>(latin1Bytes(cycle(inner)), { classes: [mapping(fromPhp)] });
      const get = (key: string) => (holder instanceof PhpObject ? holder.get(key) : holder[key]);
      expect([get('p'), get('q') === foo, foo instanceof Foo]).toEqual([5, true, true]);
    }
  });
});

describe('values that were not read', () => {
  test('is copied between sessions of one kind, and fromPhp is not called for it', () => {
    class Foo {}
    let made = 0;
    const fromPhp = () => {
      made++;
      return new Foo();
    };
    const classes = [{ className: 'Foo', class: Foo, fromPhp, toPhp: () => {} }];
    const variables = `a|i:+1;foo|O:3:"Foo":0:{}${pad}`;
    const data = {
      php: variables,
      php_serialize: latin1Text(encodeSession(session(variables), { format: 'php_serialize' })),
    };
    for (const format of ['php', 'php_serialize'] as const) {
      const read = decodeSession(latin1Bytes(data[format]), { format, classes });
      read.b = 1;
      const binary = format === 'php' ? latin1Text(encodeSession(read, { format: 'php_binary' })) : '';
      expect(binary.includes('\x03fooO:3:"Foo":0:{}')).toBe(format === 'php');
      expect(latin1Text(encodeSession(read))).toContain('i:+1;');
      expect(made).toBe(0);
    }
  });

  test('with references keeps a name that comes twice, as long as nothing is changed', () => {
    for (const end of ['', pad]) {
      const data = `a|i:1;a|i:2;b|i:3;c|R:3;${end}`;
      expect(encoded(session(data))).toBe(data);
      expect(changed(data, (s) => Object.assign(s, { c: 4 }))).toBe(`a|i:2;b|i:4;c|R:2;${end}`);
    }
  });
});

describe('a name that comes twice', () => {
  test('goes when another one takes its place', () => {
    const replace = (s: Any) => {
      delete s.a;
      s.b = 1;
    };
    expect(changed('a|i:1;a|i:2;', replace)).toBe('b|i:1;');
    expect(touched('a|i:1;a|i:2;')).toBe('a|i:1;a|i:2;');
  });
});

describe('bytes that PHP 7 ignored after the last variable', () => {
  test('is gone when the session is written, however short it is', () => {
    for (const variables of ['', 'a|i:1;']) {
      for (const rest of ['\n', '\0', 'x', 'xy', ' '.repeat(20)]) {
        const read = decodeSession(latin1Bytes(variables + rest), { phpVersion: '7.4' });
        expect(encoded(read)).toBe(variables);
      }
    }
  });
});

test('asList() takes what the exact view gives for an array', () => {
  const read = decodeSession(latin1Bytes('a|a:2:{s:1:"x";i:1;i:5;s:1:"y";}'), { view: 'exact' });
  expect(asList(read.get('a') as PhpArray)).toEqual([1, 'y']);
  expect(asList(read)).toEqual([read.get('a')]);
  expect(encoded({ l: asList(session('a|d:1;b|i:2;')) })).toBe('l|a:2:{i:0;i:1;i:1;i:2;}');
});
