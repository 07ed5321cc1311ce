import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, isPhpReference, PhpReference, serialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, failure, session, touched } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

// What PHP writes for references and shared objects; recorded from session_encode().
const sessions: [code: string, data: string][] = [
  ['$a = 1; $b = &$a', 'a|i:1;b|R:1;'],
  ['$a = [1, 2]; $b = &$a', 'a|a:2:{i:0;i:1;i:1;i:2;}b|R:1;'],
  ['$a = [1, 2]; $b = &$a[1]', 'a|a:2:{i:0;i:1;i:1;i:2;}b|R:3;'],
  ['$a = $b = $c = new stdClass', 'a|O:8:"stdClass":0:{}b|r:1;c|r:1;'],
  ['$o->self = $o; $a = $b = $o', 'a|O:8:"stdClass":1:{s:4:"self";r:1;}b|r:1;'],
  ['$b = &$o->x; $c = &$a; $d = $o', 'a|O:8:"stdClass":1:{s:1:"x";i:1;}b|R:2;c|R:1;d|r:1;'],
  ['$a = &$o; $b = &$o; $c = $o; $d = 5; $e = &$d', 'a|O:8:"stdClass":0:{}b|R:1;c|r:1;d|i:5;e|R:3;'],
  ["$a['s'] = &$a", 'a|a:1:{s:1:"s";R:1;}'],
  ['r takes a number, R does not', 'x|O:8:"stdClass":1:{s:1:"p";i:1;}y|a:2:{i:0;r:1;i:1;R:2;}z|i:3;w|R:5;'],
  ['an enum twice', 'a|E:4:"SS:A";b|r:1;c|i:1;d|R:3;'],
];

describe('references', () => {
  test.each(sessions)('%s', (_code, data) => {
    expect(touched(data)).toBe(data);
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' })))).toBe(data);
  });

  test.each(sessions)('%s: are renumbered by a key that comes before, and back when it goes', (_code, data) => {
    const later = data.replaceAll(/([rR]):(\d+)/g, (_all, kind, number) => `${kind}:${Number(number) + 3}`);
    const before = `new|a:2:{i:0;i:1;i:1;i:2;}${later}`;
    expect(touched(before)).toBe(before);
    expect(changed(before, (s) => delete s.new)).toBe(data);
  });

  test('an array in a reference is one object', () => {
    const read = session('a|a:1:{i:0;i:1;}b|R:1;') as Any;
    expect(read.b).toBe(read.a);
    read.b.push(2);
    expect(encoded(read)).toBe('a|a:2:{i:0;i:1;i:1;i:2;}b|R:1;');
  });

  test('a scalar in a reference: one place changed, all get it', () => {
    expect(changed('a|i:1;b|R:1;c|a:1:{i:0;R:1;}', (s) => Object.assign(s, { b: 2 }))).toBe(
      'a|i:2;b|R:1;c|a:1:{i:0;R:1;}',
    );
    expect(changed('a|i:1;b|R:1;', (s) => Object.assign(s, { a: 2, b: 2 }))).toBe('a|i:2;b|R:1;');
    const error = failure(() => changed('a|i:1;b|R:1;', (s) => Object.assign(s, { a: 2, b: 3 })));
    expect([error.code, error.path?.length]).toEqual(['ERR_PHP_REFERENCE', 1]);
  });

  test('a reference belongs to the place, not to the value', () => {
    expect(changed('a|a:1:{i:0;i:1;}b|R:1;c|i:0;', (s) => Object.assign(s, { c: s.a }))).toBe(
      'a|a:1:{i:0;i:1;}b|R:1;c|a:1:{i:0;i:1;}',
    );
    expect(changed('a|a:1:{i:0;i:1;}b|R:1;', (s) => Object.assign(s, { b: [7] }))).toBe('a|a:1:{i:0;i:7;}b|R:1;');
  });

  test('when the first place goes, the next one holds the value', () => {
    expect(changed('a|a:1:{i:0;i:1;}b|R:1;c|R:1;', (s) => delete s.a)).toBe('b|a:1:{i:0;i:1;}c|R:1;');
    expect(changed('a|a:2:{i:0;O:3:"Foo":0:{}i:1;i:5;}b|r:2;c|R:3;', (s) => delete s.a)).toBe('b|O:3:"Foo":0:{}c|i:5;');
  });

  test('a place that is left alone with a reference to an object holds the object', () => {
    const data = 'a|O:3:"Foo":0:{}b|a:2:{i:0;R:1;i:1;R:1;}';
    expect(touched(data)).toBe(data);
    expect(changed('a|O:3:"Foo":0:{}b|a:1:{i:0;r:1;}c|a:1:{i:0;R:3;}', (s) => delete s.c)).toBe(
      'a|O:3:"Foo":0:{}b|a:1:{i:0;r:1;}',
    );
  });

  test('what is set in an array that contains itself takes the place of the array', () => {
    expect(changed('a|a:1:{i:0;R:1;}', (s: Any) => Object.assign(s.a, { 0: 'x' }))).toBe('a|s:1:"x";');
    const inner = 'a|a:1:{s:1:"x";a:1:{i:0;R:2;}}';
    expect(changed(inner, (s: Any) => Object.assign(s.a.x, { 0: 'x' }))).toBe('a|a:1:{s:1:"x";s:1:"x";}');
  });

  test('in php_serialize a variable is an element too: alone with a reference to an object, it holds the object', () => {
    const read = () =>
      decodeSession(latin1Bytes('a:3:{i:0;O:3:"Foo":0:{}i:1;r:2;i:2;R:3;}'), { format: 'php_serialize' });
    const session = read();
    delete session[2];
    expect(latin1Text(encodeSession(session))).toBe('a:2:{i:0;O:3:"Foo":0:{}i:1;r:2;}');
    // In php it stays a reference, as it does in PHP.
    expect(changed('a|O:3:"Foo":0:{}b|r:1;c|R:2;', (s) => delete s.c)).toBe('a|O:3:"Foo":0:{}b|R:1;');
  });

  // One value of each kind, each meant by a reference or not.
  const unseen = 'n|i:1;o|O:8:"stdClass":1:{s:1:"x";i:1;}p|r:2;t|a:1:{i:0;R:3;}s|s:1:"s";u|i:2;v|R:7;';

  test('a scalar in place of a scalar leaves all numbers as they are, and so do changes after it', () => {
    expect(changed(unseen, (s) => Object.assign(s, { n: 'text', s: null }))).toBe(
      unseen.replace('n|i:1;', 'n|s:4:"text";').replace('s|s:1:"s";', 's|N;'),
    );
    expect(changed(unseen, (s) => Object.assign(s, { z: [1] }))).toBe(`${unseen}z|a:1:{i:0;i:1;}`);
    expect(changed(unseen, (s) => Object.assign(s, { z: new PhpReference(1) }))).toBe(`${unseen}z|i:1;`);
    const shared = new PhpReference(1);
    expect(changed(unseen, (s) => Object.assign(s, { y: shared, z: shared }))).toBe(`${unseen}y|i:1;z|R:8;`);
  });

  test('any other change moves the numbers of values that were not read', () => {
    const moved = (by: number) =>
      unseen
        .replace('n|i:1;', '')
        .replaceAll(/([rR]):(\d+)/g, (_all, kind, number) => `${kind}:${Number(number) + by}`);
    expect(changed(unseen, (s) => Object.assign(s, { n: [1, 2] }))).toBe(`n|a:2:{i:0;i:1;i:1;i:2;}${moved(2)}`);
    expect(changed(unseen, (s) => delete s.n)).toBe(moved(-1));
    expect(changed(unseen, (s) => Object.assign(s, { n: undefined }))).toBe(moved(-1));
  });

  test('a shared scalar changes in all places, also in those that were not read', () => {
    expect(changed(unseen, (s) => Object.assign(s, { u: 3 }))).toBe(unseen.replace('u|i:2;', 'u|i:3;'));
    expect(changed(unseen, (s) => Object.assign(s, { v: 3 }))).toBe(unseen.replace('u|i:2;', 'u|i:3;'));
    const read = session('u|i:2;a|a:1:{i:0;R:1;}') as Any;
    read.u = 3;
    expect(encoded(read)).toBe('u|i:3;a|a:1:{i:0;R:1;}');
    expect(session(encoded(read))).toHaveProperty('a', [3]);
  });

  test('unchanged values are copied, with names that come twice and with bytes; a byte that is set is a change', () => {
    const data = 'a|i:1;a|i:2;b|s:2:"\xff\xfe";c|a:1:{i:0;i:1;}d|R:4;';
    expect(changed(data, () => {})).toBe(data);
    expect(changed(data, (s) => void s.a)).toBe(data);
    expect(changed(data, (s: Any) => s.b.fill(0xfd, 0, 1))).toBe('a|i:2;b|s:2:"\xfd\xfe";c|a:1:{i:0;i:1;}d|R:3;');
  });

  test('keys that come twice, few and many, as ints and as text of ints', () => {
    for (const before of [0, 3, 20]) {
      const keys = Array.from({ length: before }, (_, index) => `s:3:"k${10 + index}";i:0;`).join('');
      const last = before + 3;
      // The second "7" fills the place of the first: the number of the first means its value.
      const array = `a:${before + 2}:{${keys}i:7;i:1;s:1:"7";i:2;}`;
      expect(session(`a|${array}b|R:${before + 2};c|R:${last};`)).toMatchObject({ b: 2, c: 2 });
      const list = `a:${before + 2}:{${Array.from({ length: before + 1 }, (_, at) => `i:${at};i:${at};`).join('')}i:0;i:9;}`;
      expect(session(`a|${list}b|R:2;c|R:${last};`)).toMatchObject({ b: 9, c: 9 });
    }
  });

  test('a list whose elements moved does not tell what became of its references', () => {
    const data = 'x|i:1;l|a:3:{i:0;R:1;i:1;i:2;i:2;i:3;}';
    const move = (change: (list: unknown[]) => unknown) => () => changed(data, (s: Any) => change(s.l));
    for (const change of [(l: Any) => l.shift(), (l: Any) => l.unshift(9), (l: Any) => l.reverse()]) {
      expect(failure(move(change))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['l', '0'] });
    }
    // These do.
    expect(move((list) => list.push(4))()).toBe('x|i:1;l|a:4:{i:0;R:1;i:1;i:2;i:2;i:3;i:3;i:4;}');
    expect(changed(data, (s: Any) => (s.l[0] = 7))).toBe('x|i:7;l|a:3:{i:0;R:1;i:1;i:2;i:2;i:3;}');
    expect(changed(data, (s: Any) => (s.l = s.l.slice(1)))).toBe('x|i:1;l|a:2:{i:0;i:2;i:1;i:3;}');
  });

  test('a PhpReference that leads to itself is an error', () => {
    const self = new PhpReference(5);
    self.value = self;
    expect(failure(() => serialize([self, self])).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('duplicate keys: a number means a place, or a variable of its own', () => {
    const elements = session('x|a:3:{i:0;i:1;i:0;i:5;i:1;R:2;}') as Any;
    expect(elements.x).toEqual({ 0: 5, 1: 5 });
    const variables = session('a|i:1;b|R:1;a|i:9;c|R:1;');
    expect({ ...variables }).toEqual({ a: 9, b: 1, c: 1 });
    expect(touched('a|i:1;b|R:1;a|i:9;c|R:1;')).toBe('a|i:9;b|i:1;c|R:2;');
  });

  test('the exact view shares cells', () => {
    const read = decodeSession(latin1Bytes('a|i:1;b|R:1;'), { view: 'exact' });
    const cell = read.get('a') as PhpReference;
    expect(isPhpReference(cell) && read.get('b') === cell).toBe(true);
    cell.value = 'x';
    expect(latin1Text(encodeSession(read))).toBe('a|s:1:"x";b|R:1;');
  });

  test('PhpReference makes references in the plain view', () => {
    const cell = new PhpReference([1]);
    expect(encoded({ a: cell, b: { c: cell } })).toBe('a|a:1:{i:0;i:1;}b|a:1:{s:1:"c";R:1;}');
    expect(changed('x|s:1:"y";', (s) => Object.assign(s, { a: cell, b: cell }))).toBe(
      'x|s:1:"y";a|a:1:{i:0;i:1;}b|R:2;',
    );
    const self = new PhpReference(null);
    self.value = [self, self];
    expect(latin1Text(serialize(self))).toBe('a:2:{i:0;R:1;i:1;R:1;}');
  });

  test('numbers after a change are different, also of values that were not read', () => {
    const long = `long|s:2000:"${'x'.repeat(2000)}";`;
    const behind = (number: number) => `o|O:3:"Foo":0:{}l|a:1:{i:0;r:${number};}m|R:${number};${long}`;
    const before = `n|i:5;${behind(2)}`;
    expect(changed(before, (s) => delete s.n)).toBe(behind(1));
    expect(changed(before, (s) => Object.assign(s, { n: [1, 2] }))).toBe(`n|a:2:{i:0;i:1;i:1;i:2;}${behind(4)}`);
  });

  test('a reference with one place left after a change is none, as in PHP: an object there has its own number', () => {
    const inside = (p: string, e: string) => `s:1:"p";${p}s:1:"q";R:3;s:1:"r";a:1:{s:1:"e";${e}}`;
    const data = (...parts: [string, string]) => `z|O:3:"Foo":0:{}x|a:3:{${inside(...parts)}}`;
    const read = data('a:1:{s:1:"e";r:1;}', 'R:4;');
    expect(touched(read)).toBe(data('a:1:{s:1:"e";R:1;}', 'R:1;'));
    // `p` gets it too, as it shares the value of `q`; what was in both is gone.
    expect(changed(read, (s: Any) => Object.assign(s.x, { q: 'new' }))).toBe(data('s:3:"new";', 'r:1;'));
  });

  test('after a C: numbers cannot be known', () => {
    expect(failure(() => session('a|C:3:"Foo":4:{i:5;}b|i:1;c|R:2;')).code).toBe('ERR_PHP_REFERENCE');
    const read = session('a|C:3:"Foo":4:{i:5;}o|O:3:"Bar":0:{}');
    read.p = read.o;
    expect(failure(() => encoded(read))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['p'] });
    // What comes before it can.
    expect(touched('a|i:1;b|R:1;c|C:3:"Foo":4:{i:5;}')).toBe('a|i:1;b|R:1;c|C:3:"Foo":4:{i:5;}');
  });
});
