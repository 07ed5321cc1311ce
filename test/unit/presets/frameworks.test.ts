import { describe, expect, test } from '@jest/globals';
import {
  cakephp,
  codeIgniter,
  type LaravelOptions,
  laravel,
  type Preset,
  symfony,
  yii,
} from '../../../src/presets/index.ts';
import { isBefore } from '../../../src/presets/version.ts';
import { settings } from '../../../src/session/options.ts';
import { codeIgniterLock, symfonyLock, type TableLock } from '../../../src/stores/mysql/locks.ts';
import { readOptions } from '../../../src/stores/mysql/options.ts';

const key = `base64:${Buffer.alloc(32, 'made up').toString('base64')}`;
const store = { open: () => Promise.reject(new Error('unused')) };

const all: [string, Preset][] = [
  ['Symfony 7', symfony()],
  ['Symfony 4.3', symfony({ version: '4.3' })],
  ['Laravel 13', laravel({ key })],
  ['Laravel 13, block', laravel({ key, block: true })],
  ['Laravel 13, encrypt, JSON', laravel({ key, encrypt: true, serialization: 'json' })],
  ['CodeIgniter 4.7', codeIgniter()],
  ['CodeIgniter 3', codeIgniter({ version: '3.1' })],
  ['Yii', yii()],
  ['Yii, authTimeout', yii({ authTimeout: 600 })],
  ['CakePHP 5', cakephp()],
  ['CakePHP 3', cakephp({ version: '3.8' })],
];

test.each(all)('%s: both halves are options as the store and the session take them', (_, preset) => {
  expect(() => readOptions({ connection: 'mysql://u@127.0.0.1/app', ...preset.store })).not.toThrow();
  expect(() => settings({ store: store as never, ...preset.session })).not.toThrow();
  expect(preset.versions).toMatch(/\d/);
});

test.each(all)('%s: a new id is one that the application gives out', (_, { store, session }) => {
  const { sidLength = 32 } = session;
  if (store.row?.id) expect('0'.repeat(sidLength)).toMatch(new RegExp(`^(?:${store.row.id.source})$`));
});

describe('Symfony', () => {
  test('before 4.4 sess_lifetime is how long a session lives', () => {
    expect(symfony({ version: '4.3', gcMaxlifetime: 99 }).store).toMatchObject({
      columns: { time: 'sess_time' },
      timeMeaning: 'lastUsed',
      row: { insert: { sess_lifetime: 99 } },
    });
    for (const version of ['4', '4.4', '7.4.22', '8']) {
      expect(symfony({ version }).store).toMatchObject({
        columns: { time: 'sess_lifetime' },
        timeMeaning: 'expiresAt',
      });
    }
  });

  test('locks', () => {
    expect(symfony().store.lock).toBe('row');
    expect(symfony({ lock: 'advisory' }).store.lock).toBe(symfonyLock);
    expect(symfony({ lock: 'none' }).store.lock).toBe('none');
  });

  test('the clock moves once a minute, where there is one', () => {
    const { idleClock } = symfony().session;
    const data = { _sf2_meta: { u: 1000 } };
    for (const [now, then] of [
      [1059, 1000],
      [1060, 1060],
    ] as const) {
      idleClock!(data, now);
      expect(data._sf2_meta.u).toBe(then);
    }
    expect(() => idleClock!({}, 1)).not.toThrow();
  });
});

describe('Laravel', () => {
  test('the cookie has another name since 12', () => {
    const name = (options: Partial<LaravelOptions>) => laravel({ key, ...options }).session.name;
    expect(['8', '11.9', '12', '13'].map((version) => name({ version }))).toEqual([
      'laravel_session',
      'laravel_session',
      'laravel-session',
      'laravel-session',
    ]);
    expect(name({ name: 'shop_session' })).toBe('shop_session');
  });

  test('the cookie lasts as long as the session', () => {
    expect(laravel({ key }).session.cookieLifetime).toBe(7200);
    const { store, session } = laravel({ key, lifetime: 5, expireOnClose: true });
    expect([store.gcMaxlifetime, session.cookieLifetime]).toEqual([300, 0]);
  });

  test('each guard has a cookie that logs in', () => {
    expect(laravel({ key, guards: ['web', 'admin'] }).session.logoutCookies).toEqual([
      'remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d',
      'remember_admin_59ba36addc2b2f9401580f014c7f58ea4e30989d',
    ]);
  });

  test('block() is a row of cache_locks, whose key begins with the prefix of the cache', () => {
    expect(laravel({ key }).store.lock).toBe('none');
    const lockOf = (options: Partial<LaravelOptions>) => laravel({ key, ...options }).store.lock as TableLock;
    const keyOf = (options: Partial<LaravelOptions>) => lockOf(options).key('ID');
    expect(keyOf({ block: true })).toBe('laravel-cache-session:ID');
    expect(keyOf({ block: true, version: '11' })).toBe('laravel_cache_session:ID');
    expect(keyOf({ block: { prefix: 'shop:' } })).toBe('shop:session:ID');
    expect(lockOf({ block: {} })).toMatchObject({ table: 'cache_locks', hold: 10 });
    expect(lockOf({ block: { table: 'other.locks', hold: 3 } })).toMatchObject({ table: 'other.locks', hold: 3 });
    for (const block of [null, 1, 'x', []]) {
      expect(() => laravel({ key, block: block as never })).toThrow('block must be');
    }
  });

  test('the classes of errors may be written, where they are objects', () => {
    expect(laravel({ key }).session.classes).toEqual([
      'Illuminate\\Support\\ViewErrorBag',
      'Illuminate\\Support\\MessageBag',
    ]);
    expect(laravel({ key, serialization: 'json' }).session.classes).toBeUndefined();
  });

  test('a long user agent is cut as Laravel cuts it', () => {
    const { user_agent } = laravel({ key }).store.row!.insert as Record<string, (visitor: object) => unknown>;
    expect(user_agent!({ userAgent: 'x'.repeat(501) })).toBe('x'.repeat(500));
    expect(user_agent!({})).toBeUndefined();
  });

  test('no message shows the key', () => {
    const secret = `base64:${Buffer.from('secret').toString('base64')}`;
    for (const wrong of [{ key: secret }, { key, previousKeys: [secret] }, { key: secret, kye: secret } as never]) {
      expect(() => laravel(wrong)).toThrow(TypeError);
      expect(() => laravel(wrong)).not.toThrow(new RegExp(Buffer.from('secret').toString('base64')));
    }
  });
});

describe('CodeIgniter', () => {
  test('since 4.2.11 the name of the cookie is in front of the id in the row, and not in the name of the lock', () => {
    expect(codeIgniter({ version: '4.2.10' }).store.row!.key).toBeUndefined();
    expect(codeIgniter({ version: '4.2.11', name: 'shop' }).store.row!.key!('abc')).toBe('shop:abc');
    expect(codeIgniter().store.lock).toBe(codeIgniterLock);
  });

  test('since 4.6 an id has 32 digits, and 160 bits before', () => {
    const isId = (version: string, id: string) =>
      new RegExp(`^(?:${codeIgniter({ version }).store.row!.id!.source})$`).test(id);
    const ids = ['a'.repeat(32), 'a'.repeat(40), 'v'.repeat(32), 'Z'.repeat(27), 'a'.repeat(26)];
    expect(ids.map((id) => isId('4.6', id))).toEqual([true, false, false, false, false]);
    for (const version of ['3.1', '4.5']) {
      expect(ids.map((id) => isId(version, id))).toEqual([false, true, true, true, false]);
    }
  });
});

test('CakePHP 3 names the cookie itself', () => {
  expect([cakephp({ version: '3' }).session.name, cakephp().session.name]).toEqual(['CAKEPHP', undefined]);
});

test.each<[string, () => unknown]>([
  ["version must be '2.6' or later", () => symfony({ version: '2.5' })],
  ["version must be '2.6' or later", () => symfony({ version: 'seven' })],
  ["lock must be 'row', 'advisory' or 'none'", () => symfony({ lock: 'table' as never })],
  ['gcMaxlifetime must be a whole number of seconds', () => symfony({ gcMaxlifetime: 0.5 })],
  ['loc is not an option of symfony()', () => symfony({ loc: 'row' } as never)],
  ['symfony() needs an object with its options', () => symfony(null as never)],
  ["version must be a version as '7.2' or '7.2.1'", () => laravel({ key, version: 'x' })],
  ['name must be the name of the cookie', () => laravel({ key, name: '' })],
  ['lifetime must be a whole number of minutes', () => laravel({ key, lifetime: 0 })],
  ["serialization must be 'php' or 'json'", () => laravel({ key, serialization: 'igbinary' as never })],
  ['guards must be a list of names', () => laravel({ key, guards: 'web' as never })],
  ['key must be the text of APP_KEY', () => laravel({} as never)],
  ['Key is not an option of laravel(): it is key', () => laravel({ Key: key } as never)],
  ["version must be '3.1' or later", () => codeIgniter({ version: '3.0' })],
  ['name must be a name of letters', () => codeIgniter({ name: 'a:b' })],
  ['expiration must be a whole number of seconds', () => codeIgniter({ expiration: -1 })],
  ["version must be '3.0' or later", () => cakephp({ version: '2' })],
  ['authTimeout must be a whole number of seconds from 1 to 2147483647', () => yii({ authTimeout: 0 })],
  ['authTimeout must be a whole number of seconds', () => yii({ authTimeout: null as never })],
  ['authtimeout is not an option of yii(): it is authTimeout', () => yii({ authtimeout: 600 } as never)],
  ['yii() needs an object with its options', () => yii(600 as never)],
])('%s', (message, make) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

test('a part of a version that is left out is the newest', () => {
  expect(isBefore('4', '4.4')).toBe(false);
  expect(isBefore('4.2', '4.2.11')).toBe(false);
  expect(isBefore('4.2.10', '4.2.11')).toBe(true);
  expect(isBefore('4.10', '4.4')).toBe(false);
  expect(isBefore('3', '4.0')).toBe(true);
  expect(isBefore('4.4', '4.4')).toBe(false);
});
