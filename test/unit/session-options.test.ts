import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import session from 'koa-session';
import { phpSession } from '../../src/middleware/koa.ts';
import { phpKoaSession } from '../../src/middleware/koa-session.ts';
import { type SessionOptions, settings } from '../../src/session/options.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';

/** Connects when the first session is opened, which no test here does. */
const store = mysqlStore({ connection: { host: '127.0.0.1' } });
const make = (options: object) => () => phpSession(options as SessionOptions);

const wrong: Record<string, unknown[]> = {
  store: [undefined, null, {}, 'mysql://127.0.0.1/app', { open: true }],
  serializeHandler: [null, 'php-serialize', 'igbinary', ''],
  name: [
    null,
    '',
    '0',
    '123',
    'a=b',
    'a,b',
    'a;b',
    'a.b',
    'a[b',
    'a b',
    'a\tb',
    'a\nb',
    'a\0b',
    'a\x01',
    'ä',
    '€',
    5,
    ['a'],
  ],
  cookieLifetime: [null, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '60', 2 ** 31],
  cookiePath: [null, 5, '/;x', '/\r\nX: y', '/\0', '/ä'],
  cookieDomain: [null, 5, 'a;b', 'a\nb', 'ä.example'],
  cookieSecure: [null, 1, 'on', 'off'],
  cookieHttponly: [null, 0, 'true'],
  cookieSamesite: [null, true, 'lax', 'Bogus'],
  cookiePartitioned: [null, 1, 'on'],
  cookieRefresh: [null, 1, true],
  useOnlyCookies: [null, 0, false],
  cookieEncoding: [null, 'base64', {}, { decode: () => 'a' }, { encode: () => 'a' }, () => 'a'],
  logoutCookies: [null, 'remember', [''], ['a=b'], ['a;b'], [5], [null]],
  idleClock: [null, 60, {}, true],
  idleCookie: [
    null,
    'a',
    {},
    { name: 'a' },
    { name: '', renew: () => 'a' },
    { name: 'a;', renew: () => 'a' },
    { renew: () => 'a' },
  ],
  gcProbability: [null, -1, 0.5, '1', 1],
  gcDivisor: [null, 0, 0.5, '100'],
  useStrictMode: [null, 1, '1'],
  lazyWrite: [null, 0, 'off'],
  discardOnError: [null, 1],
  sidLength: [null, 21, 257, 32.5, '32'],
  sidBitsPerCharacter: [null, 3, 7, '4'],
  onUnreadable: [null, 'NEW', true, 'destroy'],
  cacheLimiter: [null, 'none', 'NOCACHE', false],
  cacheExpire: [null, -1, 0.5, '180', Number.POSITIVE_INFINITY],
  maxBytes: [-1, Number.NaN],
  maxDepth: [-1, Number.NaN],
  maxElements: [-1, Number.NaN],
  serializePrecision: [14, '17'],
  phpVersion: [null, '', '7.1', '8', '8.7', '8.10', '18.6', 8.6, 8.5],
  classes: [null, 'App\\User', 5, ['\\App\\User']],
  cookie_secure: [true],
  maxAge: [1_000],
};

describe('what was meant is said', () => {
  const app = new Koa();
  test.each<[string, () => unknown, RegExp]>([
    ['a store as options', () => phpSession(store as never), /phpSession\(\{ store \}\)/],
    [
      'a store as options of phpKoaSession()',
      () => phpKoaSession(session, store as never, app),
      /phpKoaSession\(session, \{ store \}, app\)/,
    ],
    ['a URI', () => phpSession('mysql://127.0.0.1/secret' as never), /phpSession\(\{ store \}\)/],
    ['nothing', () => phpSession(undefined as never), /phpSession\(\{ store \}\)/],
    [
      'mysqlStore itself',
      () => phpSession({ store: mysqlStore as never }),
      /mysqlStore\(\{ connection \}\), and not the function/,
    ],
    [
      'app.use(phpSession)',
      () => phpSession(app.createContext({ headers: {}, socket: {} } as never, {} as never) as never),
      /app\.use\(phpSession\(\{ store \}\)\)/,
    ],
  ])('%s', (_, wrong, message) => {
    expect(wrong).toThrow(TypeError);
    expect(wrong).toThrow(message);
    expect(wrong).not.toThrow('secret');
  });
});

describe('a wrong option is a TypeError that names it, at once', () => {
  const cases = Object.entries(wrong).flatMap(([name, values]) => values.map((value) => ({ name, value })));
  test.each(cases)('$name: $value', ({ name, value }) => {
    expect(make({ store, [name]: value })).toThrow(TypeError);
    expect(make({ store, [name]: value })).toThrow(new RegExp(`\\b${name}\\b`));
  });

  test('one that is misspelt in its capitals: the error has the right name', () => {
    expect(make({ store, cookieHttpOnly: true })).toThrow(
      /^cookieHttpOnly is not an option of phpSession\(\): it is cookieHttponly$/,
    );
  });

  test.each([undefined, null, 'store', 5])('no options: %p', (options) => {
    expect(make(options as never)).toThrow(TypeError);
    expect(make(options as never)).toThrow('store');
  });
});

describe('phpVersion', () => {
  const of = (options: Partial<SessionOptions>) => {
    const { useStrictMode, cookieHttponly, cookieSamesite } = settings({ store, ...options });
    return [useStrictMode, cookieHttponly, cookieSamesite];
  };

  test.each(['7.2', '7.3', '7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5', undefined] as const)(
    '%s: the defaults of the cookie and of strict mode are those of PHP up to 8.5',
    (phpVersion) => expect(of({ phpVersion: phpVersion! })).toEqual([false, false, '']),
  );

  test('8.6: they are those of PHP 8.6', () => expect(of({ phpVersion: '8.6' })).toEqual([true, true, 'Lax']));

  test('what is given holds', () => {
    const off = { useStrictMode: false, cookieHttponly: false, cookieSamesite: '' } as const;
    const on = { useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Strict' } as const;
    for (const phpVersion of ['8.5', '8.6'] as const) {
      expect(of({ phpVersion, ...off })).toEqual([false, false, '']);
      expect(of({ phpVersion, ...on })).toEqual([true, true, 'Strict']);
    }
  });
});

test('an id in a link would not be packed as the cookie is', () => {
  const cookieEncoding = { decode: () => undefined, encode: () => 'a' };
  expect(make({ store, cookieEncoding })).not.toThrow();
  expect(make({ store, cookieEncoding, useOnlyCookies: false, useStrictMode: true })).toThrow(
    /^useOnlyCookies: false cannot be with cookieEncoding/,
  );
});

test('gcProbability needs to know how long PHP keeps its sessions', () => {
  const connection = { host: '127.0.0.1' };
  expect(make({ store, gcProbability: 1 })).toThrow('gcProbability needs gcMaxlifetime of the store');
  for (const more of [{ gcMaxlifetime: 1440 }, { timeMeaning: 'expiresAt' }] as const) {
    expect(make({ store: mysqlStore({ connection, ...more }), gcProbability: 1 })).not.toThrow();
  }
});

test('what php.ini may say is right', () => {
  const right: SessionOptions[] = [
    { store },
    { store, name: undefined as never, cookieLifetime: undefined as never, classes: undefined as never },
    {
      store,
      serializeHandler: 'php',
      name: 'my-app_sid',
      cookieLifetime: 2 ** 31 - 1,
      cookiePath: '',
      cookieDomain: '.example.com',
      cookieSecure: true,
      cookieHttponly: true,
      cookieSamesite: 'None',
      useStrictMode: true,
      lazyWrite: false,
      sidLength: 256,
      sidBitsPerCharacter: 6,
      cookiePartitioned: true,
      cookieRefresh: true,
      useOnlyCookies: false,
      cacheLimiter: '',
      cacheExpire: 0,
      gcProbability: 0,
      gcDivisor: 1,
      discardOnError: true,
      maxBytes: 1_000,
      maxDepth: 10,
      excerpts: true,
      maxElements: 100,
      serializePrecision: 17,
      phpVersion: '8.6',
      classes: new Set(['App\\User']),
    },
  ];
  for (const options of right) expect(make(options)).not.toThrow();
});
