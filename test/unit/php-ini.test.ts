// biome-ignore-all lint/suspicious/noTemplateCurlyInString: PHP's variables look like that
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SettingsReader } from '../../src/php-ini/settings.ts';
import { checkPhpOptions, optionsFromIniGetAll, optionsFromPhpIni } from '../../src/php-ini.ts';
import { settings } from '../../src/session/options.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const codes = (text: string) => optionsFromPhpIni(text).findings.map(({ code, setting }) => `${code} ${setting}`);

describe('findings', () => {
  test.each([
    ['session.save_handler = redis', 'save-handler session.save_handler'],
    ['session.auto_start = 1', 'auto-start session.auto_start'],
    ['session.use_cookies = Off', 'use-cookies session.use_cookies'],
    ['session.use_only_cookies = 0', 'use-only-cookies session.use_only_cookies'],
    ['session.use_trans_sid = 1', 'trans-sid session.use_trans_sid'],
    ['session.referer_check = "a"', 'referer-check session.referer_check'],
    ['session.upload_progress.enabled = On', 'upload-progress session.upload_progress.enabled'],
    ['session.serialize_handler = igbinary', 'serialize-handler session.serialize_handler'],
    ['serialize_precision = 14', 'value-refused serialize_precision'],
    ['session.cookie_samesite = Bogus', 'value-refused session.cookie_samesite'],
    ['session.sid_length = 5', 'value-refused session.sid_length'],
    ['session.name = 5', 'value-refused session.name'],
    ['[HOST=a.example]\nsession.name = b', 'ini-section session.name'],
    ['session.name = MY_NAME', 'ini-constant session.name'],
    ['session.cookie_path = a=b', 'ini-syntax undefined'],
  ])('%j', (text, finding) => {
    expect(codes(text)).toEqual([finding]);
  });

  test.each([
    '',
    'session.save_handler = files\nsession.auto_start = Off\nsession.use_cookies = 1\nsession.use_trans_sid = 0\n',
    'session.use_only_cookies = 0\nsession.use_strict_mode = 1',
    'error_reporting = E_ALL & ~E_DEPRECATED\nsession.name = "SID"\n',
  ])('none: %j', (text) => expect(codes(text)).toEqual([]));

  test('errors come first, and each says where and what it means', () => {
    const { findings } = optionsFromPhpIni('session.auto_start = 1\nsession.serialize_handler = msgpack');
    expect(findings.map(({ severity }) => severity)).toEqual(['error', 'warning']);
    for (const { servers, message, sql } of findings) {
      expect([servers, sql]).toEqual([['php.ini'], []]);
      expect(message.length).toBeGreaterThan(20);
    }
  });
});

test('the options are those of phpSession() and of a store', () => {
  const { session, store } = optionsFromPhpIni(
    'session.name = SID\nsession.gc_maxlifetime = 900\nsession.cookie_secure = 1\n',
  );
  const all = settings({ store: memoryStore(store), ...session });
  expect(all).toMatchObject({ name: 'SID', cookieSecure: true, gcProbability: 1 });
  expect(all.store.gcMaxlifetime).toBe(900);
});

test('defaults depend on the PHP', () => {
  expect(optionsFromPhpIni('').session).toMatchObject({
    useStrictMode: false,
    cookieHttponly: false,
    cookieSamesite: '',
  });
  expect(optionsFromPhpIni('', { phpVersion: '8.6' }).session).toMatchObject({
    phpVersion: '8.6',
    useStrictMode: true,
    cookieHttponly: true,
    cookieSamesite: 'Lax',
  });
});

describe('optionsFromIniGetAll()', () => {
  test('takes text and objects, with details and without', () => {
    const details = {
      'session.name': { global_value: 'A', local_value: 'B', access: 7 },
      'session.cookie_domain': { local_value: null },
    };
    for (const given of [details, JSON.stringify(details), { 'session.name': 'B', 'session.cookie_domain': '' }]) {
      expect(optionsFromIniGetAll(given).session).toMatchObject({ name: 'B', cookieDomain: '' });
    }
  });

  test.each([
    '',
    '<html>',
    '[]',
    '{}',
    'null',
    '5',
    '{"a":1}',
    '{"session.name":["SID"]}',
    '{"session.name":{"global_value":"SID"}}',
    '{"session.name":"SID","session.cookie_path":["/x"]}',
    '{"session.name":"SID","session.cookie_path":{"local_value":["/x"]}}',
  ])('refuses %j', (json) => {
    expect(() => optionsFromIniGetAll(json)).toThrow("is not what json_encode(ini_get_all('session')) prints");
  });
});

describe('a source', () => {
  test.each([[undefined], [null], [5], ['/etc/php/8.4/fpm/php.ini'], ['php.ini'], ['C:\\php\\php.ini']])(
    '%j is refused',
    (source) => {
      expect(() => optionsFromPhpIni(source as never)).toThrow(TypeError);
    },
  );

  test('a key that is none is refused, and a file that is missing is an error', () => {
    expect(() => optionsFromPhpIni({ file: '/x' } as never)).toThrow('file is not a key of the files of PHP');
    expect(() => optionsFromPhpIni({ ini: '/no/such/file' })).toThrow('ENOENT');
  });

  test('a short text is none of a path', () => {
    for (const text of ['', ' \n', '; nothing', '[PHP]', 'session.name = SID', 'session.name=SID']) {
      expect(optionsFromPhpIni(text).session.name).toBe(text.includes('SID') ? 'SID' : 'PHPSESSID');
    }
  });

  test('${NAME} is the environment', () => {
    expect(optionsFromPhpIni('session.name = ${X}', { env: { X: 'fromEnv' } }).session.name).toBe('fromEnv');
    expect(optionsFromPhpIni('session.name = "${NONE:-other}"', { env: {} }).session.name).toBe('other');
  });

  test('${NAME} of a .user.ini is not what a pool says of itself', () => {
    const reader = new SettingsReader({ user: 'fromEnv' });
    reader.readPool('[www]\nuser = horde\npm.max_children = 5\n', 'www.conf', undefined, false);
    reader.readIni('session.name = ${user}', '.user.ini');
    expect(reader.values.get('session.name')?.value).toBe('fromEnv');
    expect(Object.fromEntries(reader.pool)).toEqual({ user: 'horde', 'pm.max_children': '5' });
  });
});

describe('checkPhpOptions()', () => {
  const text = 'session.name = SID\nsession.cookie_secure = 1\nsession.gc_maxlifetime = 900\n';
  const php = optionsFromPhpIni(text);
  const options = { store: memoryStore(php.store), ...php.session };
  const differing = async (more: object) =>
    (await checkPhpOptions({ ...options, ...more }, text)).map(({ code, severity, setting }) => [
      code,
      severity,
      setting,
    ]);

  test('nothing differs', async () => {
    expect(await differing({})).toEqual([]);
  });

  test.each([
    [{ name: 'OTHER' }, 'error', 'session.name'],
    [{ serializeHandler: 'php_serialize' }, 'error', 'session.serialize_handler'],
    [{ cookiePath: '/a' }, 'error', 'session.cookie_path'],
    [{ cookieDomain: 'a.example' }, 'error', 'session.cookie_domain'],
    [{ cookieSecure: false }, 'warning', 'session.cookie_secure'],
    [{ cookieSamesite: 'Lax' }, 'warning', 'session.cookie_samesite'],
    [{ useStrictMode: true }, 'warning', 'session.use_strict_mode'],
    [{ serializePrecision: 17 }, 'warning', 'serialize_precision'],
    [{ sidLength: 40 }, 'info', 'session.sid_length'],
    [{ sidBitsPerCharacter: 6 }, 'info', 'session.sid_bits_per_character'],
    [{ cacheLimiter: 'public' }, 'info', 'session.cache_limiter'],
    [{ gcProbability: 0 }, 'info', 'session.gc_probability'],
    [{ store: memoryStore({ gcMaxlifetime: 60 }) }, 'error', 'session.gc_maxlifetime'],
    [{ store: memoryStore({ gcMaxlifetime: 3_600 }) }, 'warning', 'session.gc_maxlifetime'],
  ])('%j', async (more, severity, setting) => {
    expect(await differing(more)).toEqual([['differs', severity, setting]]);
  });

  test('a wrong option is a TypeError, as phpSession() has it', async () => {
    await expect(checkPhpOptions({ ...options, sidLength: 5 }, text)).rejects.toThrow('sidLength must be');
  });

  describe('with a page', () => {
    let body = '';
    let authorization: string | undefined;
    const server = createServer((request, response) => {
      authorization = request.headers.authorization;
      if (request.url === '/slow') return;
      response.statusCode = request.url === '/404' ? 404 : 200;
      response.end(body);
    });
    let url: string;

    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterAll(() => {
      server.close();
      server.closeAllConnections();
    });

    test('that says the same', async () => {
      const ini = { 'session.name': 'SID', 'session.cookie_secure': '1', 'session.gc_maxlifetime': '900' };
      body = JSON.stringify(ini);
      expect(await checkPhpOptions(options, new URL(url))).toEqual([]);
      body = JSON.stringify({ ...ini, 'session.name': 'OTHER' });
      expect(await checkPhpOptions(options, url)).toMatchObject([{ code: 'differs', servers: [`${url}/`] }]);
    });

    test.each([
      ['/404', 'the page answers with status 404'],
      ['/html', "is not what json_encode(ini_get_all('session')) prints"],
      ['/slow', 'aborted due to timeout'],
    ])('%s is a finding', async (path, message) => {
      body = '<html>';
      const found = await checkPhpOptions(options, url + path, { timeout: 200 });
      expect(found).toMatchObject([
        { code: 'ini-unreadable', severity: 'error', message: expect.stringContaining(message) },
      ]);
    });

    test('a server that is not there, and a file, are findings', async () => {
      for (const source of ['http://127.0.0.1:1/', 'HTTP://127.0.0.1:1/', { ini: '/no/such/file' }, '/no/such/file']) {
        expect(await checkPhpOptions(options, source)).toMatchObject([{ code: 'ini-unreadable', severity: 'error' }]);
      }
    });

    test('a password in the address is sent, and shown nowhere', async () => {
      body = '<html>';
      const secret = url.replace('//', '//user:p%40ss@');
      const found = await checkPhpOptions(options, secret);
      expect(authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
      expect(JSON.stringify(found)).not.toMatch(/p%40ss|p@ss/);
      for (const password of ['100%', 'é€', '%zz']) {
        await checkPhpOptions(options, url.replace('//', `//user:${password}@`));
        expect(Buffer.from(authorization!.slice('Basic '.length), 'base64').toString()).toBe(`user:${password}`);
      }
      const error = await checkPhpOptions(options, 'http://user:s3cret@127.0.0.1:99999/').catch((thrown) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(error)).not.toContain('s3cret');
    });
  });
});
