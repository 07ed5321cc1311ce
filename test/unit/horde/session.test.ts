import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpFloat,
  PhpObject,
  PhpSessionError,
} from '../../../src/codec/index.ts';
import { hordeCipher } from '../../../src/horde/credentials.ts';
import { hordeSession } from '../../../src/horde/index.ts';
import { HordeSession } from '../../../src/horde/session.ts';

const read = (text: string) => decodeSession(Buffer.from(text, 'latin1'));
const written = (session: object) => Buffer.from(encodeSession(session)).toString('latin1');
const cipher = hordeCipher({ key: 'pCH3yg2_tKeOA48SzSp8KaK', secretKey: 'hordelab-0000' });

function codeOf(run: () => unknown): [string, readonly string[] | undefined] {
  try {
    run();
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    return [error.code, error.path];
  }
  throw new Error('It did not fail');
}

describe('set() writes as Horde_Session does', () => {
  test.each<[string, unknown, string]>([
    ['a string', 'é', 's:3:"\0\xc3\xa9";'],
    ['an empty string', '', 's:1:"\0";'],
    ['bytes', Uint8Array.of(255), 's:2:"\0\xff";'],
    ['an int', 7, 'i:7;'],
    ['a float', new PhpFloat(7), 'd:7;'],
    ['NaN', Number.NaN, 'd:NAN;'],
    ['a boolean', false, 'b:0;'],
    ['a list', [1, 'é'], 's:14:"\x021[1,"\\u00e9"]";'],
    ['an empty array', {}, 's:4:"\x021[]";'],
    ['a map', { a: new PhpFloat(1), b: [null] }, 's:22:"\x021{"a":1.0,"b":[null]}";'],
    [
      "PHP's order",
      new PhpArray([
        ['b', 1],
        [5, 2],
      ]),
      's:15:"\x021{"b":1,"5":2}";',
    ],
  ])('%s', (_, value, bytes) => {
    const session = {};
    hordeSession(session).set('nodeapp', 'v', value);
    expect(written(session)).toBe(`nodeapp|a:1:{s:1:"v";${bytes}}`);
  });

  test('a float that was read in a pack, and an empty array for an app', () => {
    const session = read('nodeapp|a:0:{}horde|a:1:{s:1:"p";s:23:"Aa:2:{i:0;d:1;i:1;i:2;}";}');
    const horde = hordeSession(session);
    const list = horde.get('horde', 'p') as number[];
    expect(list).toEqual([1, 2]);
    list.push(3);
    horde.set('nodeapp', 'v', list);
    expect(written(session)).toContain('nodeapp|a:1:{s:1:"v";s:11:"\x021[1.0,2,3]";}');
  });

  test('what Horde could not read is an error that says where, and changes nothing', () => {
    const session = read('horde|a:1:{s:1:"v";i:1;}');
    const horde = hordeSession(session);
    let deep: unknown = 1;
    for (let i = 0; i < 512; i++) deep = [deep];
    for (const [value, code, path] of [
      [undefined, 'ERR_PHP_UNREPRESENTABLE', []],
      [new Date(0), 'ERR_PHP_UNREPRESENTABLE', []],
      [{ a: [Number.NaN] }, 'ERR_PHP_UNREPRESENTABLE', ['a', '0']],
      [{ a: Uint8Array.of(255) }, 'ERR_PHP_UNREPRESENTABLE', ['a']],
      [{ a: 'x\ud800' }, 'ERR_PHP_UNREPRESENTABLE', ['a']],
      [{ '\ud800': 1 }, 'ERR_PHP_KEY', ['\ud800']],
      [{ a: () => 1 }, 'ERR_PHP_UNREPRESENTABLE', ['a']],
      [new PhpObject('stdClass'), 'ERR_PHP_CLASS', []],
      [deep, 'ERR_PHP_UNREPRESENTABLE', undefined],
    ] as const) {
      const [found, where] = codeOf(() => horde.set('horde', 'v', value));
      expect(found).toBe(code);
      if (path !== undefined) expect(where).toEqual(['horde', 'v', ...path]);
    }
    expect(written(session)).toBe('horde|a:1:{s:1:"v";i:1;}');
  });
});

describe('get()', () => {
  test('takes null, an empty string and what is not there as Horde does', () => {
    const horde = hordeSession(read('horde|a:2:{s:1:"n";N;s:1:"e";s:0:"";}x|i:5;'));
    expect(['n', 'e', 'none', 'length', 'constructor', 'x/'].map((name) => horde.get('horde', name))).toEqual([
      null,
      '',
      null,
      null,
      null,
      null,
    ]);
    expect(horde.get('x', 'a')).toBe(null);
    expect(horde.get('toString', 'length')).toBe(null);
  });

  test('a name that ends in / stands for all that begin so', () => {
    const session = read('horde|a:3:{s:6:"auth/a";s:2:"\0x";s:6:"auth/b";i:1;s:5:"other";i:2;}');
    const horde = hordeSession(session);
    expect({ ...(horde.get('horde', 'auth/') as object) }).toEqual({ a: 'x', b: 1 });
    horde.remove('horde', 'auth'); // as Horde: no such name
    horde.remove('horde', 'auth/');
    expect(written(session)).toBe('horde|a:1:{s:5:"other";i:2;}');
  });

  test('a value without NUL that is no pack is an error, and nobody is logged in by it', () => {
    for (const value of [
      's:5:"alice";',
      's:5:"Alice";',
      's:1:"B";',
      's:3:"\x021x";',
      's:7:"AO:1:"x";',
      's:2:"\x7f1";',
    ]) {
      const size = value.slice(5, -2).length;
      const horde = hordeSession(read(`horde|a:1:{s:11:"auth/userId";s:${size}:"${value.slice(5, -2)}";}`));
      expect(codeOf(() => horde.get('horde', 'auth/userId'))).toEqual(['ERR_PHP_SYNTAX', ['horde', 'auth/userId']]);
    }
  });

  test('a class is never instantiated', () => {
    const packs = ['AO:4:"Date":1:{s:1:"a";i:1;}', 'B0{"__proto__":1}'];
    const [o, j] = packs.map((pack) => `s:${pack.length}:"${pack}";`);
    const horde = hordeSession(read(`horde|a:2:{s:1:"o";${o}s:1:"j";${j}}`));
    const value = horde.get('horde', 'o') as PhpObject;
    expect(value).toBeInstanceOf(PhpObject);
    expect(value.className).toBe('Date');
    expect((horde.get('horde', 'j') as PhpObject).get('__proto__')).toBe(1);
  });
});

describe('encrypted values', () => {
  const session = () => {
    const data = {};
    const horde = hordeSession(data);
    horde.set('horde', 'auth_app/imp', { password: 'planted-secret' }, cipher);
    horde.set('horde', 'auth/credentials', 'imp');
    horde.set('horde', 'auth/userId', 'alice');
    return { data, horde };
  };

  test('are marked, and read with the key alone', () => {
    const { data, horde } = session();
    expect(written(data)).toContain('_e|a:1:{s:5:"horde";a:1:{s:12:"auth_app/imp";b:1;}}');
    expect(written(data)).not.toContain('planted');
    expect(horde.get('horde', 'auth_app/imp', cipher)).toEqual({ password: 'planted-secret' });
    expect(horde.credentials(cipher)).toEqual({ password: 'planted-secret' });
    const place = ['horde', 'auth_app/imp'];
    expect(codeOf(() => horde.get('horde', 'auth_app/imp'))).toEqual(['ERR_PHP_ENCRYPTED', place]);
    expect(codeOf(() => horde.set('horde', 'auth_app/imp', 'x'))).toEqual(['ERR_PHP_ENCRYPTED', place]);
    for (const key of ['other', 'pCH3yg2_tKeOA48SzSp8KaL']) {
      const wrong = hordeCipher({ key, secretKey: 'hordelab-0000' });
      expect(codeOf(() => horde.get('horde', 'auth_app/imp', wrong))).toEqual(['ERR_PHP_ENCRYPTED', place]);
    }
  });

  test('are those of the application that has logged in the user, where one has no own', () => {
    const { horde } = session();
    horde.set('horde', 'auth_app/horde', true, cipher);
    for (const app of ['horde', 'turba', undefined]) {
      expect(horde.credentials(cipher, app)).toEqual({ password: 'planted-secret' });
    }
    horde.remove('horde', 'auth/userId');
    expect(horde.credentials(cipher)).toBe(null);
  });

  test('are gone after remove(), and a string in their place takes the mark away, as in Horde', () => {
    const { data, horde } = session();
    horde.remove('horde', 'auth_app/imp');
    expect(written(data)).toContain('_e|a:1:{s:5:"horde";a:1:{s:12:"auth_app/imp";b:1;}}');
    horde.set('horde', 'auth_app/imp', 'clear');
    expect(written(data)).toContain('_e|a:1:{s:5:"horde";a:0:{}}');
    expect(horde.get('horde', 'auth_app/imp')).toBe('clear');
  });

  test('neither the password nor the key is in an error, in util.inspect or in JSON', () => {
    const { data, horde } = session();
    const shown: string[] = [];
    const show = (value: unknown) =>
      shown.push(inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value) ?? '', String(value));
    const tries = [
      () => horde.get('horde', 'auth_app/imp'),
      () => horde.get('horde', 'auth_app/imp', hordeCipher({ key: 'planted-key', secretKey: 'planted-iv' })),
      () => horde.set('horde', 'auth_app/imp', { password: 'planted-secret' }),
      () => horde.set('horde', 'auth_app/imp', { password: 'planted-secret', at: new Date(0) }, cipher),
      () => horde.set('_e', 'x', 'planted-secret'),
      () => hordeCipher({ key: '', secretKey: 'planted-iv' }),
    ];
    for (const attempt of tries) {
      try {
        attempt();
        throw new Error('It did not fail');
      } catch (error) {
        show(error);
        show((error as Error).stack);
      }
    }
    const known = hordeCipher({ key: 'planted-key', secretKey: 'planted-iv' });
    known.encrypt(Buffer.from('planted-secret'));
    for (const value of [horde, known, data]) show(value);
    expect(shown.join('\n')).not.toContain('planted');
    expect(shown.join('\n')).not.toContain('It did not fail');
  });
});

test('names of an attacker reach no prototype', () => {
  const session: Record<string, unknown> = {};
  const horde = hordeSession(session);
  horde.set('__proto__', 'polluted', 'x');
  horde.set('horde', '__proto__', { polluted: 1 });
  horde.set('constructor', 'prototype', 'x', cipher);
  horde.set('__proto__', '__proto__', 'y', cipher);
  expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  expect(Object.getPrototypeOf(session)).toBe(Object.prototype);
  expect(horde.get('__proto__', 'polluted')).toBe('x');
  expect(horde.get('horde', '__proto__')).toEqual(expect.objectContaining({ polluted: 1 }));
  expect(horde.get('__proto__', '__proto__', cipher)).toBe('y');
  horde.remove('__proto__');
  expect(horde.get('__proto__', 'polluted')).toBe(null);
  const again = hordeSession(read(written(session)));
  expect(again.get('constructor', 'prototype', cipher)).toBe('x');
});

test("Horde's own variables are no applications", () => {
  const horde = hordeSession({});
  for (const app of ['_b', '_e', '_m', '_p', '_r']) {
    expect(() => horde.get(app, 'x')).toThrow(TypeError);
    expect(() => horde.set(app, 'x', 1)).toThrow(TypeError);
    expect(() => horde.remove(app)).toThrow(TypeError);
  }
  expect(codeOf(() => hordeSession(read('x|i:1;')).set('x', 'a', 1))).toEqual(['ERR_PHP_TYPE_CHANGED', ['x']]);
  for (const wrong of [undefined, null, 'x', [], new PhpArray()])
    expect(() => hordeSession(wrong as never)).toThrow(TypeError);
});

describe('the token', () => {
  test('is made once, and only the same text is right', () => {
    const horde = hordeSession({});
    expect(horde.checkToken('')).toBe(false);
    const token = horde.token();
    expect(token).toMatch(/^[\w-]{23}$/);
    expect(horde.token()).toBe(token);
    expect(horde.checkToken(token)).toBe(true);
    const wrong = [
      undefined,
      null,
      true,
      0,
      '',
      [token],
      { toString: () => token },
      `${token} `,
      token.slice(1),
      `${token.slice(1)}é`,
    ];
    for (const each of [...wrong, new String(token), Buffer.from(token), Symbol.iterator])
      expect(horde.checkToken(each)).toBe(false);
  });

  test('numbers that PHP takes for equal are not', () => {
    const session = read('horde|a:1:{s:13:"session_token";s:4:"\x000e1";}');
    expect(hordeSession(session).checkToken('0e2')).toBe(false);
    expect(hordeSession(session).checkToken('0e1')).toBe(true);
  });

  test('one that is no text is none', () => {
    const horde = hordeSession(read('horde|a:1:{s:13:"session_token";b:1;}'));
    for (const each of [true, '1', 1, 'true']) expect(horde.checkToken(each)).toBe(false);
  });
});

test('logout() leaves nothing', () => {
  const session = read('_b|i:1;_r|i:2;horde|a:1:{s:11:"auth/userId";s:6:"\0alice";}imp|a:0:{}nodeapp|a:1:{i:0;i:1;}');
  hordeSession(session).logout();
  expect(written(session)).toBe('');
  expect(new HordeSession(session as Record<string, unknown>).get('horde', 'auth/userId')).toBe(null);
});
