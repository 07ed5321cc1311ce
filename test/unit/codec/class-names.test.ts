import { describe, expect, test } from '@jest/globals';
import { encodeSession, PhpEnum, PhpObject, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, failure, session } from './helpers.ts';

const write = (name: string, classes: Iterable<string>) =>
  latin1Text(serialize(new PhpObject(name), { classes: classes as never }));

describe('names of registered classes', () => {
  test('are compared as PHP does: without the case of ASCII letters, with that of all others', () => {
    expect(write('App\\User', ['APP\\user'])).toBe('O:8:"App\\User":0:{}');
    expect(write('App\\Übung', ['APP\\ÜBUNG'])).toBe('O:10:"App\\\xc3\x9cbung":0:{}');
    expect(failure(() => write('App\\Übung', ['App\\übung'])).code).toBe('ERR_PHP_CLASS');
    expect(failure(() => write('App\\Users', ['App\\User'])).code).toBe('ERR_PHP_CLASS');
    expect(failure(() => write('Ü', ['B'])).code).toBe('ERR_PHP_CLASS');
  });

  test('are bytes in PHP, so half of a surrogate pair is no name, not of an enum case either', () => {
    expect(write('Foo\udcff', ['Foo\udcff'])).toBe('O:4:"Foo\xff":0:{}');
    expect(failure(() => write('Foo\ud800', ['Foo\ud800'])).code).toBe('ERR_PHP_CLASS');
    expect(failure(() => serialize(new PhpEnum('Suit', 'H\ud800'), { classes: ['Suit'] })).code).toBe('ERR_PHP_CLASS');
  });

  test('are those that the list has when a session is written', () => {
    const set = new Set(['Foo']);
    const list = ['Foo'];
    const frozen = Object.freeze(new Set(['Foo'])); // to which names can be added all the same
    for (const names of [set, list, frozen]) {
      expect(write('Foo', names)).toBe('O:3:"Foo":0:{}');
      expect(failure(() => write('Bar', names)).code).toBe('ERR_PHP_CLASS');
    }
    for (const names of [set.add('Bar'), [...list, 'Bar'], frozen.add('Bar')]) {
      expect(write('Bar', names)).toBe('O:3:"Bar":0:{}');
    }
    const constant = Object.freeze(['Foo']) as string[];
    expect([write('Foo', constant), write('foo', constant)]).toEqual(['O:3:"Foo":0:{}', 'O:3:"foo":0:{}']);
  });
});

describe('names of classes that were read', () => {
  test.each([
    ['an object', 'a|O:3:"Foo":0:{}'],
    ['an object in an array', 'a|a:1:{s:1:"x";a:1:{i:0;O:3:"Foo":0:{}}}'],
    ['an object in an object', 'a|O:3:"Bar":1:{s:1:"p";O:3:"Foo":0:{}}'],
    ['one that serialized itself', 'a|C:3:"Foo":2:{xy}'],
    ['an enum', 'a|E:5:"Foo:X";'],
    [
      'in another variable, after all kinds of values',
      'n|N;b|b:1;i|i:1;d|d:0.5;s|s:1:"x";S|S:1:"\\41";e|E:3:"A:B";o|O:3:"Bar":0:{}c|C:3:"Foo":0:{}',
    ],
  ])('may be written: %s', (_what, data) => {
    expect(changed(data, (read) => Object.assign(read, { new: new PhpObject('Foo') }))).toBe(
      `${data}new|O:3:"Foo":0:{}`,
    );
    expect(failure(() => changed(data, (read) => Object.assign(read, { new: new PhpObject('Fo') }))).code).toBe(
      'ERR_PHP_CLASS',
    );
  });

  test('are not those that only stand in text', () => {
    for (const data of ['a|s:14:"O:3:"Foo":0:{}";', 'a|C:3:"Bar":14:{O:3:"Foo":0:{}}', 'O:3:"Foo":0:{}|i:1;']) {
      const read = session(data);
      read.new = new PhpObject('Foo');
      expect(failure(() => encodeSession(read))).toMatchObject({ code: 'ERR_PHP_CLASS', path: ['new'] });
    }
  });

  test('a case of an enum that was read is new, and must have a name that PHP can have', () => {
    const add = (caseName: string) => () =>
      changed('e|E:3:"A:B";', (read) => Object.assign(read, { x: new PhpEnum('A', caseName) }));
    for (const name of ['C', '_', 'h2', 'Ü'])
      expect(add(name)()).toContain(`:"A:${Buffer.from(name).toString('latin1')}";`);
    for (const name of ['', '2', 'a b', 'a-b', 'a:b', 'a"', 'a;'])
      expect(failure(add(name)).code).toBe('ERR_PHP_CLASS');
  });
});

test('a new object may not have a name that PHP takes for a broken mangled one', () => {
  for (const name of ['\0', '\0x', '\0\0x']) {
    const error = failure(() => serialize([new PhpObject('Foo', [[name, 1]])], { classes: ['Foo'] }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_KEY', ['0', name]]);
  }
  const mangled = [
    ['\0*\0p', 1],
    ['\0Foo\0q', 2],
    ['x\0', 3],
  ] as const;
  const written = latin1Text(serialize(new PhpObject('Foo', mangled), { classes: ['Foo'] }));
  expect(latin1Text(serialize(unserialize(latin1Bytes(written))))).toBe(written);
});
