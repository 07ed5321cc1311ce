import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpCustom,
  PhpObject,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, failure, session, touched } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

// An object that serialized itself (C:) may hold r: and R: whose numbers count values of the whole session. Only its class can
// write it anew: it is copied while all before it is as it was, and is an error after any other change.

const holder = 'C:12:"WritesNested":4:{r:1;}';
const data = `o|O:8:"stdClass":1:{s:1:"x";i:1;}n|i:5;v|${holder}w|i:7;`;
const hidden = { code: 'ERR_PHP_REFERENCE', path: ['v'] };

function exactlyChanged(before: string, change: (session: PhpArray) => void): string {
  const read = decodeSession(latin1Bytes(before), { view: 'exact' });
  change(read);
  return latin1Text(encodeSession(read));
}

/** The session with a variable in front of all. */
function inFront(read: PhpArray, key: string, value: unknown): void {
  const entries = [...read];
  for (const [name] of entries) read.delete(name);
  for (const [name, old] of [[key, value] as const, ...entries]) read.set(name, old);
}

describe('what does not move the numbers', () => {
  test('nothing is changed', () => {
    expect(touched(data)).toBe(data);
    expect(exactlyChanged(data, () => {})).toBe(data);
    expect(changed(data, () => {})).toBe(data);
  });

  test('values after it change in any way', () => {
    const change = (s: Any) => {
      delete s.w;
      s.more = [1, { k: 2 }];
      s.other = s.o;
    };
    const before = data.slice(0, data.indexOf('w|'));
    // A value after a C: can contain one that comes before it.
    expect(changed(data, change)).toBe(`${before}more|a:2:{i:0;i:1;i:1;a:1:{s:1:"k";i:2;}}other|r:1;`);
    const replace = (s: PhpArray) => {
      s.delete('w');
      s.set('more', 1);
    };
    expect(exactlyChanged(data, replace)).toBe(`${before}more|i:1;`);
  });

  test('a scalar is set, such as a counter, and the application reads no array or object', () => {
    expect(changed(data, (s: Any) => s.n++)).toBe(data.replace('i:5;', 'i:6;'));
    expect(changed(data, (s: Any) => Object.assign(s, { n: 'x', more: 1 }))).toBe(
      `${data.replace('i:5;', 's:1:"x";')}more|i:1;`,
    );
  });

  test('it is put into a second place', () => {
    expect(changed(data, (s) => Object.assign(s, { z: s.v }))).toBe(`${data}z|r:4;`);
  });

  test('variables are added in each format', () => {
    for (const format of ['php', 'php_binary', 'php_serialize'] as const) {
      const first = encodeSession(new PhpArray([['o', new PhpObject('stdClass')]]), { format, classes: ['stdClass'] });
      const text = latin1Text(first).replace(/^a:1:{(.*)}$/, '$1');
      const number = format === 'php_serialize' ? 2 : 1;
      const custom = `C:12:"WritesNested":4:{r:${number};}`;
      const name = { php: 'v|', php_binary: '\x01v', php_serialize: 's:1:"v";' }[format];
      const framed = (all: string, count: number) => (format === 'php_serialize' ? `a:${count}:{${all}}` : all);
      const read = decodeSession(latin1Bytes(framed(`${text}${name}${custom}`, 2)), { format });
      expect([read.o, read.v]).toEqual([
        new PhpObject('stdClass'),
        new PhpCustom('WritesNested', latin1Bytes(`r:${number};`)),
      ]);
      read.w = 1;
      const added = `${text}${name}${custom}${name.replace('v', 'w')}i:1;`;
      expect(latin1Text(encodeSession(read))).toBe(framed(added, 3));
    }
  });

  test('of a value by itself', () => {
    const value = `a:2:{i:0;O:3:"Foo":0:{}i:1;C:12:"WritesNested":4:{r:2;}}`;
    for (const view of ['plain', 'exact'] as const) {
      expect(latin1Text(serialize(unserialize(latin1Bytes(value), { view })))).toBe(value);
      expect(latin1Text(serialize(unserialize(latin1Bytes(holder), { view })))).toBe(holder);
      const tied = 'O:3:"Foo":2:{s:1:"a";i:1;s:1:"b";C:12:"WritesNested":4:{R:2;}}';
      expect(latin1Text(serialize(unserialize(latin1Bytes(tied), { view })))).toBe(tied);
    }
  });

  test('of an object whose properties are ints, as those of an SplFixedArray', () => {
    const value = 'O:13:"SplFixedArray":2:{i:0;i:5;i:1;C:12:"WritesNested":4:{R:2;}}';
    for (const view of ['plain', 'exact'] as const) {
      expect(latin1Text(serialize(unserialize(latin1Bytes(value), { view })))).toBe(value);
      const inside = `a:2:{i:0;N;i:1;${value.replace('R:2', 'R:4')}}`;
      expect(latin1Text(serialize(unserialize(latin1Bytes(inside), { view })))).toBe(inside);
    }
  });

  test('an instance of a mapped class is the object that it was made from', () => {
    class Foo {
      x = 0;
    }
    const classes = [
      {
        className: 'Foo',
        class: Foo,
        fromPhp: (object: PhpObject) => Object.assign(new Foo(), { x: object.get('x') }),
        toPhp: (foo: Foo, object: PhpObject) => void object.set('x', foo.x),
      },
    ];
    const before = `o|O:3:"Foo":1:{s:1:"x";i:1;}v|${holder}`;
    const read = decodeSession<Any>(latin1Bytes(before), { classes });
    expect([read.o, read.v]).toEqual([{ x: 1 }, new PhpCustom('WritesNested', latin1Bytes('r:1;'))]);
    expect(encoded(read)).toBe(before);
    read.o.x = 2;
    expect(failure(() => encoded(read))).toMatchObject(hidden);
  });
});

describe('any other change is an error, with the path', () => {
  test.each<[what: string, change: (session: Any) => unknown]>([
    ['a variable before it is deleted', (s) => delete s.n],
    ['the object that it means is deleted', (s) => delete s.o],
    ['the object is replaced', (s) => (s.o = new PhpObject('stdClass', [['x', 2]]))],
    ['the object is replaced by a scalar', (s) => (s.o = 5)],
    ['the object gets a property', (s) => s.o.set('y', 1)],
    ['a property of the object is changed', (s) => s.o.set('x', 2)],
    ['a scalar is set after an object was read', (s) => s.o && s.n++],
    ['the object changes places', (s) => ([s.o, s.n] = [s.n, s.o])],
    ['the object is replaced by an array', (s) => (s.o = [1])],
    ['a scalar becomes an array with something in it', (s) => (s.n = [1])],
    ['a scalar becomes an object', (s) => (s.n = s.o)],
    [
      'a scalar becomes an object that serialized itself',
      (s) => (s.n = new PhpCustom('WritesNested', latin1Bytes('N;'))),
    ],
  ])('%s', (_what, change) => {
    expect(failure(() => changed(data, change))).toMatchObject(hidden);
  });

  test.each<[what: string, change: (session: PhpArray) => unknown]>([
    ['a variable is put in front', (s) => inFront(s, 'new', 1)],
    ['a variable before it is deleted', (s) => s.delete('n')],
    ['the object is replaced', (s) => s.set('o', new PhpObject('stdClass', [['x', 2]]))],
    ['the object gets a property', (s) => (s.get('o') as PhpObject).set('y', 1)],
    ['a scalar is set', (s) => s.set('n', 6)],
    ['the object loses a property', (s) => (s.get('o') as PhpObject).properties.clear()],
  ])('in the exact view: %s', (_what, change) => {
    expect(failure(() => exactlyChanged(data, change))).toMatchObject(hidden);
  });

  test('in the exact view: a variable or an element with another name is in another place', () => {
    const renamed = (s: PhpArray) => {
      const entries = [...s];
      for (const [name] of entries) s.delete(name);
      for (const [name, value] of entries) s.set(name === 'n' ? 'm' : name, value);
    };
    expect(failure(() => exactlyChanged(data, renamed))).toMatchObject(hidden);
    const nested = `m|a:1:{s:1:"a";i:1;}v|C:12:"WritesNested":4:{R:2;}`;
    const moved = (s: PhpArray) => {
      const map = s.get('m') as PhpArray;
      map.delete('a');
      map.set('b', 1);
    };
    expect(failure(() => exactlyChanged(nested, moved))).toMatchObject(hidden);
  });

  test('it is moved, alone or inside of something', () => {
    const nested = `a|a:1:{s:1:"k";O:3:"Foo":1:{s:1:"p";C:3:"Old":4:{R:9;}}}`;
    expect(touched(nested)).toBe(nested);
    const add = (s: Any) => {
      s.b = [s.a.k];
      delete s.a;
    };
    expect(failure(() => changed(nested, add))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['b', '0', 'p'] });
    expect(failure(() => serialize(session(data).v)).code).toBe('ERR_PHP_REFERENCE');
  });

  test('its second place becomes the first', () => {
    expect(failure(() => changed(`o|O:3:"Foo":0:{}v|${holder}z|r:2;`, (s) => delete s.v))).toMatchObject({
      code: 'ERR_PHP_REFERENCE',
      path: ['z'],
    });
  });

  test('another format', () => {
    const formats: [SessionFormatName, string][] = [
      ['php', data],
      ['php_serialize', `a:2:{s:1:"o";O:8:"stdClass":0:{}s:1:"v";C:12:"WritesNested":4:{r:2;}}`],
    ];
    for (const [format, before] of formats) {
      for (const view of ['plain', 'exact'] as const) {
        const read = () => decodeSession(latin1Bytes(before), { format, view: view as 'exact' });
        expect(latin1Text(encodeSession(read(), { format }))).toBe(before);
        for (const other of ['php', 'php_binary', 'php_serialize'] as const) {
          if (other !== format) expect(failure(() => encodeSession(read(), { format: other }))).toMatchObject(hidden);
        }
      }
    }
  });

  test('its numbers may mean what is in itself: even alone it cannot move', () => {
    const alone = 'v|C:12:"WritesNested":37:{a:2:{i:0;O:8:"stdClass":0:{}i:1;r:3;}}';
    expect(touched(alone)).toBe(alone);
    expect(failure(() => exactlyChanged(alone, (s) => inFront(s, 'new', 1)))).toMatchObject(hidden);
  });

  test('what another C: before it takes is known to its class alone, so that must be the same', () => {
    const two = `f|C:3:"Foo":4:{i:5;}n|i:5;v|C:12:"WritesNested":4:{R:2;}`;
    expect(changed(two, (s: Any) => s.n++)).toBe(two.replace('n|i:5;', 'n|i:6;'));
    const write = (s: Any) => s.f.data.set(latin1Bytes('N;N;'));
    expect(failure(() => changed(two, write))).toMatchObject(hidden);
    expect(failure(() => exactlyChanged(two, (s) => write({ f: s.get('f') })))).toMatchObject(hidden);
    expect(
      failure(() => changed(two, (s) => Object.assign(s, { f: new PhpCustom('Foo', latin1Bytes('i:6;')) }))),
    ).toMatchObject(hidden);
  });

  test('the first holder of a shared value goes', () => {
    for (const reference of ['r:1', 'R:1']) {
      const objects = `c|O:3:"Foo":0:{}d|r:1;e|R:1;v|C:12:"WritesNested":4:{${reference};}`;
      expect(failure(() => changed(objects, (s) => delete s.c))).toMatchObject(hidden);
      expect(failure(() => exactlyChanged(objects, (s) => s.delete('c')))).toMatchObject(hidden);
    }
  });

  test('the elements of a list change places', () => {
    const withList = `l|a:2:{i:0;i:1;i:1;i:2;}v|C:12:"WritesNested":4:{R:2;}`;
    expect(touched(withList)).toBe(withList);
    expect(failure(() => changed(withList, (s: Any) => s.l.reverse()))).toMatchObject(hidden);
  });
});

describe('what stands for an object that is replaced by a scalar', () => {
  test.each(['O:3:"Foo":0:{}', 'C:3:"Foo":0:{}', 'C:3:"Foo":2:{N;}', 'E:6:"Suit:H";'])('%s', (object) => {
    const before = `f|${object}v|C:12:"WritesNested":4:{r:1;}`;
    expect(touched(before)).toBe(before);
    for (const value of [5, null, [], 'x']) {
      expect(failure(() => changed(before, (s) => Object.assign(s, { f: value })))).toMatchObject(hidden);
    }
  });
});

test('a C: whose bytes were transferred to another thread is not what it was', () => {
  const two = `f|C:3:"Foo":4:{i:5;}v|${holder}`;
  const transfer = (s: Any) => structuredClone(s.f.data, { transfer: [s.f.data.buffer] });
  expect(failure(() => changed(two, transfer))).toMatchObject(hidden);
});

describe('data with references that were not read', () => {
  const made = () => new PhpCustom('WritesNested', latin1Bytes('r:1;'));

  test('of the application itself: it cannot know the numbers', () => {
    for (const before of ['', data, 'a|C:12:"WritesNested":2:{N;}', 'a|i:1;b|R:1;']) {
      const read = session(before);
      read.new = [made()];
      const error = failure(() => encodeSession(read, { classes: ['WritesNested'] }));
      expect(error).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['new', '0'] });
    }
    expect(failure(() => serialize(made(), { classes: ['WritesNested'] })).code).toBe('ERR_PHP_REFERENCE');
  });

  test('of another session', () => {
    const other = session(data.replace('r:1', 'r:2')).v;
    expect(failure(() => changed(data, (s) => Object.assign(s, { v: other })))).toMatchObject(hidden);
  });

  test('written into what was read', () => {
    const before = 'v|C:12:"WritesNested":4:{i:1;}';
    expect(failure(() => changed(before, (s: Any) => s.v.data.set(latin1Bytes('r:1;'))))).toMatchObject(hidden);
    expect(failure(() => changed(data, (s: Any) => s.v.data.set(latin1Bytes('r:2;'))))).toMatchObject(hidden);
  });
});

describe('what is taken for a reference', () => {
  const isTaken = (payload: string) => {
    const custom = `v|C:3:"Foo":${payload.length}:{${payload}}`;
    try {
      expect(changed(`a|i:1;${custom}`, (s) => delete s.a)).toBe(custom);
      return false;
    } catch (error) {
      expect(error).toMatchObject(hidden);
      return true;
    }
  };

  test.each(['r:1;', 'R:1;', 'x:i:1;r:12;,r:1;;m:a:0:{}', 'Author:5;', 'r:R:1;', '::r:0;r:', 'rr:1;'])(
    '%s',
    (payload) => {
      expect(isTaken(payload)).toBe(true);
    },
  );

  test.each(['', 'r', 'r:', 'r:;', 'r:1', ':1;', 'i:1;', 'r:x1;', 'r1;', 'r:1:', 's:1:"r";', 'R;1;', 'r:-1;'])(
    'not %s',
    (payload) => {
      expect(isTaken(payload)).toBe(false);
    },
  );

  test('nor what stands in strings outside of it', () => {
    const before = 'a|s:4:"r:1;";v|C:3:"Foo":2:{N;}w|s:4:"R:1;";';
    expect(changed(before, (s) => delete s.a)).toBe(before.slice(before.indexOf('v|')));
  });

  test('in a time that grows with their number only', () => {
    const payload = `${'r:1'.repeat(300_000)}${'r:'.repeat(100_000)}${'1'.repeat(300_000)}`;
    expect(isTaken(payload)).toBe(false);
  });
});
