import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PhpVersion } from '../../src/codec/index.ts';
import { type CacheLimiter, cacheHeaders } from '../../src/session/cache-limiter.ts';
import {
  type CookieOptions,
  readCookie,
  refusedByBrowsers,
  removeCookie,
  setCookie,
} from '../../src/session/cookie.ts';
import { createId, createPrefixedId } from '../../src/session/id.ts';
import { type SessionOptions, settings } from '../../src/session/options.ts';
import { isSessionId } from '../../src/stores/session-id.ts';
import { type PhpServer, startPhpServer } from '../../tools/services/php.mjs';

/** Headers of a session, compared with those of the installed PHP. */
const plain: CookieOptions = {
  name: 'PHPSESSID',
  cookieLifetime: 0,
  cookiePath: '/',
  cookieDomain: '',
  cookieSecure: false,
  cookieHttponly: false,
  cookieSamesite: '',
  cookiePartitioned: false,
};

let php: PhpServer;
let files: string;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'psb-cookie-'));
  php = await startPhpServer({
    router: join(__dirname, 'cookie.php'),
    workers: 1,
    ini: { 'session.save_path': files },
  });
});

afterAll(async () => {
  await php.stop();
  rmSync(files, { recursive: true });
});

interface Reply {
  /** Names and values of the headers, as they were sent. */
  headers: [string, string][];
  id: string;
  cookie: unknown;
}

/** Goes past fetch(), which would not send just any `Cookie` header. */
function ask(what: 'start' | 'remove' | 'look', ini: Record<string, string | number>, cookie?: string): Promise<Reply> {
  const headers = { Connection: 'close', ...(cookie !== undefined && { Cookie: cookie }) };
  return new Promise((resolve, reject) => {
    const sent = request(php.url, { method: 'POST', agent: false, headers }, (response) => {
      const { rawHeaders } = response;
      const pairs = rawHeaders.flatMap((name, i): [string, string][] => (i % 2 ? [] : [[name, rawHeaders[i + 1]!]]));
      json(response).then((body) => resolve({ ...(body as Omit<Reply, 'headers'>), headers: pairs }), reject);
    });
    sent.on('error', reject).end(JSON.stringify({ do: what, ini }));
  });
}

const ini = (options: CookieOptions) => ({
  'session.name': options.name,
  'session.cookie_lifetime': options.cookieLifetime,
  'session.cookie_path': options.cookiePath,
  'session.cookie_domain': options.cookieDomain,
  'session.cookie_secure': Number(options.cookieSecure),
  'session.cookie_httponly': Number(options.cookieHttponly),
  'session.cookie_samesite': options.cookieSamesite,
  'session.cookie_partitioned': Number(options.cookiePartitioned),
});

const setCookies = ({ headers }: Reply) => headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value);

const version = execFileSync('php', ['-n', '-r', 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'], {
  encoding: 'utf8',
}) as PhpVersion;
/** As PHP of the installed version writes it. */
const dated = (options: CookieOptions) => ({ ...options, phpVersion: version });

const attributes: [string, Partial<CookieOptions>][] = [
  ['nothing', {}],
  ['lifetime', { cookieLifetime: 3_600 }],
  ['a lifetime of 20 years', { cookieLifetime: 20 * 31_536_000 }],
  ['no path', { cookiePath: '' }],
  ['a path with a space', { cookiePath: '/a b/%41' }],
  ['domain', { cookieDomain: '.example.com' }],
  ['secure', { cookieSecure: true }],
  ['httponly', { cookieHttponly: true }],
  ...(['Lax', 'Strict', 'None'] as const).map((cookieSamesite): [string, Partial<CookieOptions>] => [
    `SameSite ${cookieSamesite}`,
    { cookieSamesite },
  ]),
  ['another name', { name: 'my-app_sid' }],
  ['a name with __Host-', { name: '__Host-sid', cookieSecure: true }],
  ...(version < '8.5'
    ? []
    : [['Partitioned', { cookiePartitioned: true, cookieSecure: true }] as [string, Partial<CookieOptions>]]),
  [
    'everything',
    {
      name: 'sid',
      cookieLifetime: 60,
      cookiePath: '/app',
      cookieDomain: 'example.com',
      cookieSecure: true,
      cookieHttponly: true,
      cookieSamesite: 'Strict',
    },
  ],
];

describe('Set-Cookie', () => {
  test.each(attributes)('of a new session: %s', async (_, more) => {
    const options = { ...plain, ...more };
    const since = Date.now();
    const reply = await ask('start', { ...ini(options), 'session.sid_bits_per_character': 6 });
    const [sent] = setCookies(reply);
    expect(reply.id).toMatch(/^[0-9a-zA-Z,-]+$/);
    expect(ours(since, Date.now(), (now) => setCookie(dated(options), reply.id, now))).toContain(sent);
  });

  test('of an id with a comma', async () => {
    // PHP makes such ids by chance only.
    let reply: Reply;
    do reply = await ask('start', { ...ini(plain), 'session.sid_bits_per_character': 6, 'session.sid_length': 128 });
    while (!reply.id.includes(','));
    expect(setCookies(reply)).toEqual([setCookie(plain, reply.id)]);
  });

  // A space is what setcookie() refuses.
  test.each(attributes.filter(([title]) => !title.includes('space')))('that removes it: %s', async (_, more) => {
    const options = { ...plain, ...more };
    expect(setCookies(await ask('remove', ini(options)))).toEqual([removeCookie(dated(options))]);
  });

  test('its dates are those of each PHP, and Partitioned stands where PHP 8.5 has it', () => {
    const options = { ...plain, cookieLifetime: 60, cookieSecure: true, cookieHttponly: true, cookiePartitioned: true };
    const now = new Date('2026-11-21T19:58:04Z');
    const line = (phpVersion: PhpVersion) => setCookie({ ...options, phpVersion }, 'x', now);
    expect(line('8.1')).toContain('; expires=Sat, 21-Nov-2026 19:59:04 GMT; Max-Age=60; path=/; secure; ');
    for (const phpVersion of ['8.2', '8.5', '8.6'] as const) {
      expect(line(phpVersion)).toBe(
        'PHPSESSID=x; expires=Sat, 21 Nov 2026 19:59:04 GMT; Max-Age=60; path=/; secure; Partitioned; HttpOnly',
      );
    }
    expect(removeCookie({ ...plain, phpVersion: '7.4' })).toContain('; expires=Thu, 01-Jan-1970 00:00:01 GMT; ');
  });
});

describe('cookies that browsers throw away', () => {
  test.each([
    [{ name: '__Host-a' }, 'a name that begins with __Host- needs cookieSecure: true'],
    [{ name: '__host-a' }, 'a name that begins with __host- needs cookieSecure: true'],
    [
      { name: '__Host-a', cookieSecure: true, cookiePath: '/a' },
      "a name that begins with __Host- needs cookiePath: '/'",
    ],
    [{ name: '__Host-a', cookieSecure: true, cookiePath: '' }, "a name that begins with __Host- needs cookiePath: '/'"],
    [
      { name: '__Host-a', cookieSecure: true, cookieDomain: 'a.b' },
      'a name that begins with __Host- needs no cookieDomain',
    ],
    [{ name: '__Secure-a' }, 'a name that begins with __Secure- needs cookieSecure: true'],
    [{ name: '__Http-a', cookieSecure: true }, 'a name that begins with __Http- needs cookieHttponly: true'],
    [{ name: '__Host-Http-a', cookieSecure: true }, 'a name that begins with __Host-Http- needs cookieHttponly: true'],
    [{ cookiePartitioned: true }, 'cookiePartitioned needs cookieSecure: true'],
  ])('%j', (more, missing) => {
    expect(refusedByBrowsers({ ...plain, ...more })).toBe(missing);
    const store = { open() {} } as unknown as SessionOptions['store'];
    expect(() => settings({ store, ...more })).toThrow(`Browsers would throw the cookie away: ${missing}`);
  });

  test.each([
    {},
    { name: '__Host-a', cookieSecure: true },
    { name: '__Secure-a', cookieSecure: true, cookieDomain: 'a.b', cookiePath: '/a' },
    { name: '__Host-Http-a', cookieSecure: true, cookieHttponly: true },
    { name: '_Host-a' },
    { cookiePartitioned: true, cookieSecure: true },
  ])('%j is kept', (more) => expect(refusedByBrowsers({ ...plain, ...more })).toBeUndefined());

  test('Partitioned beside a PHP that cannot send it is refused', () => {
    const store = { open() {} } as unknown as SessionOptions['store'];
    const options = { store, cookiePartitioned: true, cookieSecure: true };
    expect(() => settings({ ...options, phpVersion: '8.4' })).toThrow("cookiePartitioned needs phpVersion '8.5'");
    expect(settings(options).cookiePartitioned).toBe(true);
  });
});

describe('ids', () => {
  // PHP makes them for one session after the other: 20 of each kind show which characters there are.
  test.each([4, 5, 6] as const)('of %d bits and any length are made of the characters that PHP takes', (bits) => {
    const code = `foreach ([22, 32, 48, 128, 256] as $length) {
      ini_set('session.sid_length', $length); ini_set('session.sid_bits_per_character', ${bits});
      for ($i = 0; $i < 40; $i++) $ids[$length][] = session_create_id(); }
      echo json_encode($ids);`;
    const theirs = JSON.parse(
      execFileSync('php', ['-n', '-d', 'display_errors=0', '-r', code], { encoding: 'utf8' }),
    ) as Record<string, string[]>; // PHP 8.4 and later deprecate both settings
    const characters = (ids: readonly string[]) => [...new Set(ids.join(''))].sort().join('');
    for (const [length, ids] of Object.entries(theirs)) {
      const ours = ids.map(() => createId(Number(length), bits));
      expect(new Set([...ours, ...ids].map((id) => id.length))).toEqual(new Set([Number(length)]));
      expect(characters(ours)).toBe(characters(ids));
      expect(ours.every(isSessionId)).toBe(true);
    }
  });

  test.each(['', 'abc-', 'A,b', 'a.b', 'a b', 'é', 'a_b', '-', 'a'.repeat(200)])('with the prefix %j', (prefix) => {
    const code = `echo json_encode(@session_create_id($argv[1]));`;
    const theirs = JSON.parse(execFileSync('php', ['-n', '-r', code, '--', prefix], { encoding: 'utf8' }));
    const ours = () => createPrefixedId(prefix, { sidLength: 32, sidBitsPerCharacter: 4 });
    if (theirs === false) expect(ours).toThrow(TypeError);
    else {
      expect([ours().length, ours().slice(0, prefix.length)]).toEqual([theirs.length, theirs.slice(0, prefix.length)]);
    }
  });
});

describe('phpVersion', () => {
  // Without a php.ini, as Debian's has values of its own.
  const [version, strict, httponly, samesite] = JSON.parse(
    execFileSync(
      'php',
      [
        '-n',
        '-r',
        `echo json_encode([PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION,
      ...array_map('ini_get', ['session.use_strict_mode', 'session.cookie_httponly', 'session.cookie_samesite'])]);`,
      ],
      {
        encoding: 'utf8',
      },
    ),
  );
  const store = { open() {} } as unknown as SessionOptions['store'];
  const own = settings({ store, phpVersion: version });

  test('the defaults are those of the installed PHP', () => {
    const { useStrictMode, cookieHttponly, cookieSamesite } = own;
    expect([useStrictMode, cookieHttponly, cookieSamesite]).toEqual([strict === '1', httponly === '1', samesite]);
  });

  test('with its defaults PHP sends the cookie that we send', async () => {
    const reply = await ask('start', { 'session.cookie_httponly': httponly, 'session.cookie_samesite': samesite });
    expect(setCookies(reply)).toEqual([setCookie(own, reply.id)]);
  });
});

describe('cache limiter', () => {
  const limiters: CacheLimiter[] = ['nocache', 'public', 'private', 'private_no_expire', ''];
  test.each(limiters.flatMap((limiter) => [0, 1, 180, 525_600].map((expire) => ({ limiter, expire }))))(
    '"$limiter", $expire minutes',
    async ({ limiter, expire }) => {
      const since = Date.now();
      const reply = await ask('start', {
        ...ini(plain),
        'session.cache_limiter': limiter,
        'session.cache_expire': expire,
      });
      const names = ['Expires', 'Cache-Control', 'Pragma'];
      const sent = reply.headers.filter(([name]) => names.includes(name)).map((pair) => pair.join(': '));
      const candidates = ours(since, Date.now(), (now) =>
        Object.entries(cacheHeaders(limiter, expire, now)).map((pair) => pair.join(': ')),
      );
      expect(candidates).toContainEqual(sent);
    },
  );
});

describe('Cookie', () => {
  const id = '0123456789abcdef0123456789abcdef';
  test.each([
    `PHPSESSID=${id}`,
    `a=b; PHPSESSID=${id}; c=d`,
    `a=b;PHPSESSID=${id};c=d`,
    `PHPSESSID=one; PHPSESSID=${id}`,
    `PHPSESSID=; PHPSESSID=${id}`,
    `XPHPSESSID=one; PHPSESSID=${id}`,
    `PHPSESSIDX=one; PHPSESSID=${id}`,
    `phpsessid=one; PHPSESSID=${id}`,
    `a="; PHPSESSID=${id}`,
    `PHPSESSID="${id}"`,
    `PHPSESSID=ab%2Ccd-EF`,
    `PHPSESSID=ab%2ccd-EF`,
    `PHPSESSID=ab,cd`,
    `PHPSESSID=a+b`,
    `PHPSESSID=a%20b`,
    `PHPSESSID=a=b`,
    `PHPSESSID==${id}`,
    `PHPSESSID`,
    `PHPSESSID; PHPSESSID=${id}`,
    `PHPSESSID =one; PHPSESSID=${id}`,
    `PHPSESSID= ${id}`,
    `PHPSESSID=${id} ; a=b`,
    `a=b;\tPHPSESSID=${id}`,
    `;; ;PHPSESSID=${id}`,
    `PHPSESSID=%zz`,
    `PHPSESSID=%`,
    `PHPSESSID=%61%62`,
    `PHP%53ESSID=one; PHPSESSID=${id}`,
    `PHPSESSID=abc%00def`,
    `PHPSESSID=abc%0A`,
    `PHPSESSID=${'a'.repeat(256)}`,
    `PHPSESSID=${'a'.repeat(257)}`,
    'a=b',
    `PHPSESSID[x]=${id}`,
    `PHPSESSID[x]=1; PHPSESSID=${id}`,
    `PHPSESSID=${id}; PHPSESSID[x]=1`,
    `PHPSESSID[=${id}`,
    `PHPSESSID]=${id}`,
    `PHPSESSID.=${id}`,
    `=a; PHPSESSID=${id}`,
    `PHPSESSID=%6`,
    `PHPSESSID=a%2Cb%zz%2C`,
  ])('%s: the same id, or none', async (header) => {
    // A row is looked up for what is an id; of what is none it does not matter what it is.
    const asId = (value: unknown) => (typeof value === 'string' && isSessionId(value) ? value : undefined);
    const { cookie } = await ask('look', {}, header);
    expect(asId(readCookie(header, 'PHPSESSID'))).toBe(asId(cookie));
  });

  test.each([
    'my_sid',
    'my.sid',
    'my sid',
    'my[sid',
    'my]sid',
    'my[s]id',
    'my[sid]',
    'my..sid',
    'my.[sid',
    ' my_sid',
    'my_sid ',
    'MY_SID',
    'my[[sid',
    '[my_sid',
    'my_s[d',
  ])('the name "%s" is my_sid, or not', async (name) => {
    const header = `${name}=${id}`;
    for (const wanted of ['my_sid', 'my__sid', 'my_s_d']) {
      const { cookie } = await ask('look', { 'session.name': wanted }, header);
      expect([wanted, readCookie(header, wanted)]).toEqual([wanted, typeof cookie === 'string' ? cookie : undefined]);
    }
  });

  // A neighbouring host, or a page without https, can set these. (PHP: CVE-2022-31629)
  test.each([
    '_.Host-sid',
    '..Host-sid',
    '_ Host-sid',
    '_.Secure-sid',
    '_.Host-sid[x]',
    '__Host-s[x]id',
    '__Host.sid',
    '__Host-sid',
  ])('a cookie %s is not taken for one with __Host- or __Secure-', async (name) => {
    for (const header of [`${name}=${id}`, `${name}=${id}; __Host-sid=mine; __Secure-sid=mine`]) {
      for (const wanted of ['__Host-sid', '__Secure-sid']) {
        const { cookie } = await ask('look', { 'session.name': wanted }, header);
        const theirs = typeof cookie === 'string' ? cookie : undefined;
        expect([header, wanted, readCookie(header, wanted)]).toEqual([header, wanted, theirs]);
      }
    }
  });

  test('nor where PHP takes it: before CVE-2024-2756, and of prefixes that it does not know', () => {
    expect(readCookie('_[Host-sid=a', '__Host-sid')).toBeUndefined();
    expect(readCookie('_.Http-sid=a', '__Http-sid')).toBeUndefined();
    expect(readCookie('_.host-sid=a; __host-sid=b', '__host-sid')).toBe('b');
    expect(readCookie('__Host-my.sid=a', '__Host-my_sid')).toBe('a');
  });

  // A file name of 255 bytes has room for an id of 250.
  test('PHP keeps the ids that we take, and no others (files, strict mode off)', async () => {
    for (const value of [id, 'ab,cd-EF', 'a', 'a'.repeat(250), 'a'.repeat(257), 'a_b', 'a.b', 'é', 'a/b', 'a|b', '']) {
      const settings = { ...ini(plain), 'session.use_strict_mode': 0 };
      const reply = await ask('start', settings, `PHPSESSID=${encodeURIComponent(value)}`);
      expect([value, reply.id === value && value !== '']).toEqual([value, isSessionId(value)]);
    }
  });
});

/** What we would have sent in any second between two moments, as PHP does not tell which it was. */
function ours<T>(since: number, until: number, make: (now: Date) => T): T[] {
  const candidates: T[] = [];
  for (let second = Math.floor(since / 1_000); second * 1_000 <= until; second++) {
    candidates.push(make(new Date(second * 1_000)));
  }
  return candidates;
}
