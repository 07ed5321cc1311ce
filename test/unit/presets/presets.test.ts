import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as presets from '../../../src/presets/index.ts';
import {
  drupal,
  drupalCookieName,
  joomla,
  laravel,
  matomo,
  mediaWiki,
  moodle,
  roundcube,
  typo3,
} from '../../../src/presets/index.ts';
import { matomoEncoding } from '../../../src/presets/matomo-encoding.ts';
import { laravelLock, type TableLock } from '../../../src/stores/mysql/index.ts';
import { readRowOptions } from '../../../src/stores/mysql/row-options.ts';

const recorded = (name: string) =>
  JSON.parse(readFileSync(join(__dirname, `../../../fixtures/presets/${name}.json`), 'utf8'));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('Drupal', () => {
  const { id, row } = recorded('drupal');
  const settings = readRowOptions(drupal({ host: 'www.example.com' }).store.row!, []);

  test('the key of a row is the hash that Drupal makes, and is no id of its session', () => {
    expect(settings.keyOf(id)).toBe(row.sid);
    expect(settings.keyOf(row.sid)).not.toBe(row.sid);
  });

  test.each(["' OR 1=1 -- ", 'a'.repeat(129), '', '../x', 'a b', 'é', '<x', 'a\n', 'a%00'])('%j is no id', (wrong) => {
    expect(settings.isId(wrong)).toBe(false);
  });

  test('ids of base64url and of PHP are ids', () => {
    for (const right of ['_'.repeat(43), '-,aZ09'.repeat(8), id]) expect(settings.isId(right)).toBe(true);
  });

  test('the hash of each id is another one, also where only the case of a letter differs', () => {
    const ids = ['a', 'A', 'a_', 'a-', 'a,'].map((text) => text.padEnd(43, 'x'));
    expect(new Set(ids.map((one) => settings.keyOf(one).toLowerCase())).size).toBe(ids.length);
  });

  test('the name of the cookie', () => {
    const name = (of: string) => sha256(of).slice(0, 32);
    expect(drupalCookieName({ host: 'www.example.com' })).toBe(`SSESS${name('www.example.com')}`);
    expect(drupalCookieName({ host: 'www.example.com', secure: false })).toBe(`SESS${name('www.example.com')}`);
    expect(drupalCookieName({ host: 'a.b', basePath: '/shop', nameSuffix: 'x' })).toBe(`SSESS${name('a.b/shopx')}`);
    expect(drupalCookieName({ host: 'a.b', basePath: '/core' })).toBe(`SSESS${name('a.b')}`);
    expect(drupalCookieName({ host: 'a.b', cookieDomain: '.b.example' })).toBe(`SSESS${name('.b.example')}`);
  });

  test.each([
    ['www.example.com', '.www.example.com'],
    ['example.com', '.example.com'],
    ['localhost', ''],
    ['127.0.0.1', ''],
  ])('the domain of the cookie of %s is %j', (host, domain) => {
    expect(drupal({ host }).session.cookieDomain).toBe(domain);
  });
});

describe('MediaWiki', () => {
  const id = 'c4rhin86oqv63lnghi5mngngh5i2rbc8';
  const keyOf = (options: Parameters<typeof mediaWiki>[0]) =>
    readRowOptions(mediaWiki(options).store.row!, []).keyOf(id);

  // `DatabaseDomain::getId()` of MediaWiki 1.39 gives what is before the first colon.
  test.each([
    [{ dbname: 'wiki' }, 'wiki', 'wiki_session'],
    [{ dbname: 'wiki', prefix: 'mw_' }, 'wiki-mw_', 'wiki_mw__session'],
    [{ dbname: 'my-wiki?', prefix: 'a-b_' }, 'my?hwiki??-a?hb_', 'my-wiki?_a-b__session'],
    [{ dbname: 'wiki', cachePrefix: 'a b', cookiePrefix: 'c.d;' }, 'a_b', 'c_d__session'],
  ])('%j: the key of a row, and the name of the cookie', (options, keyspace, name) => {
    expect(keyOf(options)).toBe(`${keyspace}:MWSession:${id}`);
    expect(mediaWiki(options).session.name).toBe(name);
  });

  test('a wrong option is named', () => {
    for (const wrong of [{}, { dbname: '' }, { dbname: 'wiki', prefix: 1 }, { dbname: 'wiki', expiry: 0 }]) {
      expect(() => mediaWiki(wrong as never)).toThrow(TypeError);
    }
  });
});

describe('Roundcube', () => {
  test.each([
    ['1.4.15', 'changed'],
    ['1.6.5+dfsg-1', 'changed'],
    ['1.7', 'expires_at'],
    ['1.7.3', 'expires_at'],
    ['1.10', 'expires_at'],
    ['2.0', 'expires_at'],
  ])('%s has %s', (version, time) => {
    const { columns, timeMeaning } = roundcube({ version }).store;
    expect([columns!.time, timeMeaning]).toEqual([time, time === 'changed' ? 'lastUsed' : 'expiresAt']);
  });

  test.each([undefined, '', '1', 'latest', 1.6])('%j is no version', (version) => {
    expect(() => roundcube({ version: version as never })).toThrow(TypeError);
  });

  test('its two cookies, its prefix and its lifetime', () => {
    const { store, session } = roundcube({ version: '1.6', prefix: 'rc_', sessionLifetime: 30 });
    expect([store.table, store.gcMaxlifetime]).toEqual(['rc_session', 1800]);
    expect([session.name, session.logoutCookies]).toEqual(['roundcube_sessid', ['roundcube_sessauth']]);
  });
});

test('TYPO3 of the editors', () => {
  const { store, session } = typo3({ encryptionKey: 'x'.repeat(96), scope: 'any', loginType: 'BE' });
  expect([store.table, store.gcMaxlifetime, session.name]).toEqual(['be_sessions', 28_800, 'be_typo_user']);
});

test("Joomla's cookie is named by the secret and the application", () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const name = (more: object) => joomla({ secret: 'made-up', prefix: 'j_', ...more }).session.name;
  expect(name({})).toBe(md5('made-upJoomla\\CMS\\Application\\SiteApplication'));
  expect(name({ application: 'Administrator' })).toBe(md5('made-upJoomla\\CMS\\Application\\AdministratorApplication'));
  expect(name({ sessionName: 'mine' })).toBe(md5('made-upmine'));
});

test("Moodle's lock, table and cookie", () => {
  const { store, session } = moodle({ dbname: 'campus', prefix: 'm_', sessioncookie: 'x' });
  expect([store.table, session.name]).toEqual(['m_sessions', 'MoodleSessionx']);
  expect(store.lock).toMatchObject({ key: 'id' });
  expect((store.lock as { name(key: string): string }).name('7')).toBe('campus-m_-session-7');
});

describe('Matomo', () => {
  const { id, row } = recorded('matomo');
  const bytes = (text: string) => Buffer.from(text, 'latin1');

  test('the key and the packing are those of Matomo', () => {
    expect(matomo({ salt: 'made-up-salt' }).store.row!.key!(id)).toBe(row.id);
    const session = matomoEncoding.decode(bytes(row.data))!;
    expect(Buffer.from(session).toString()).toMatch(/^a:4:\{s:9:"user\.name";s:5:"alice";/);
    expect(Buffer.from(matomoEncoding.encode(session)).toString('latin1')).toBe(row.data);
  });

  test.each([
    '',
    'a:0:{}',
    'a:1:{s:4:"data";s:0:"";',
    'a:1:{s:4:"data";s:5:"YQ==";}',
    'a:1:{s:4:"data";s:3:"YQ==";}',
    'a:1:{s:4:"data";s:4:"Y!==";}',
    'a:1:{s:4:"data";s:2:"YQ";}',
    'a:1:{s:4:"data";s:99999999999:"YQ==";}',
    'a:1:{s:4:"data";s:4:"YQ==";}x',
    'xa:1:{s:4:"data";s:4:"YQ==";}',
    'a:2:{s:4:"data";s:4:"YQ==";s:4:"node";i:1;}',
    'data|s:4:"YQ==";',
  ])('%j is not in it', (text) => {
    expect(matomoEncoding.decode(bytes(text))).toBeUndefined();
  });

  test('it needs the salt', () => {
    for (const salt of ['', undefined]) expect(() => matomo({ salt: salt as never })).toThrow(TypeError);
  });
});

test.each([
  presets.adodb(),
  presets.cakephp(),
  presets.codeIgniter(),
  presets.drupal({ host: 'www.example.com' }),
  presets.horde(),
  presets.joomla({ secret: 'secret', prefix: 'jos_' }),
  presets.laminas(),
  presets.laravel({ key: `base64:${Buffer.alloc(32).toString('base64')}` }),
  presets.magento(),
  presets.matomo({ salt: 'salt' }),
  presets.moodle({ dbname: 'moodle' }),
  presets.openCart(),
  presets.roundcube({ version: '1.6' }),
  presets.symfony(),
  presets.typo3({ encryptionKey: 'x'.repeat(96), scope: 'any' }),
  presets.yii(),
])('$name: an id that nobody has given out is no session', ({ session }) => {
  expect(session.useStrictMode).toBe(true);
});

describe('the lock of Laravel', () => {
  const key = 'k'.repeat(32);
  const lockOf = (block: unknown, version = '13') => laravel({ key, version, block } as never).store.lock as TableLock;

  test('has the prefix of its skeleton where none is given', () => {
    for (const block of [true, {}, { prefix: undefined }]) {
      expect(lockOf(block).key('ID')).toBe('laravel-cache-session:ID');
      expect(lockOf(block, '11').key('ID')).toBe('laravel_cache_session:ID');
      expect(lockOf(block)).toMatchObject({ table: 'cache_locks', hold: 10 });
    }
    expect(lockOf({ prefix: '' }).key('ID')).toBe('session:ID');
    expect(lockOf({ prefix: 'shop-', table: 'db.locks', hold: 3 })).toMatchObject({ table: 'db.locks', hold: 3 });
  });

  test.each<[unknown, string]>([
    [{ prefx: 'shop-cache-' }, 'prefx is not an option of block of laravel()'],
    [{ Prefix: 'shop-cache-' }, 'Prefix is not an option of block of laravel(): it is prefix'],
    [{ prefix: 5 }, 'prefix must be a text'],
    [{ prefix: null }, 'prefix must be a text'],
    [{ table: '' }, 'table must be the name'],
    [{ hold: '10' }, 'hold must be a whole number of seconds'],
    [{ hold: 0 }, 'hold must be a whole number of seconds'],
    [null, 'block must be'],
    ['shop-cache-', 'block must be'],
  ])('%j is refused', (block, message) => {
    expect(() => lockOf(block)).toThrow(TypeError);
    expect(() => lockOf(block)).toThrow(message);
  });

  test.each<[unknown, string]>([
    [undefined, 'laravelLock() needs an object'],
    [{}, 'prefix must be a text'],
    [{ prefix: undefined }, 'prefix must be a text'],
    [{ prefix: 'p', holds: 3 }, 'holds is not an option of laravelLock()'],
  ])('laravelLock(%j) is refused', (options, message) => {
    expect(() => laravelLock(options as never)).toThrow(TypeError);
    expect(() => laravelLock(options as never)).toThrow(message);
  });
});
