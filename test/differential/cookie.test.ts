import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CacheLimiter, cacheHeaders } from '../../src/session/cache-limiter.ts';
import { type CookieOptions, readCookie, removeCookie, setCookie } from '../../src/session/cookie.ts';
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
});

/** PHP before 8.2 has hyphens in the dates of cookies. */
const setCookies = ({ headers }: Reply) =>
  headers
    .filter(([name]) => name === 'Set-Cookie')
    .map(([, value]) => value.replace(/(expires=\w{3}, \d\d)-(\w{3})-(\d{4})/, '$1 $2 $3'));

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
    expect(ours(since, Date.now(), (now) => setCookie(options, reply.id, now))).toContain(sent);
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
    expect(setCookies(await ask('remove', ini(options)))).toEqual([removeCookie(options)]);
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
  ])('%s: the same id, or none', async (header) => {
    // A row is looked up for what is an id; of what is none it does not matter what it is.
    const asId = (value: unknown) => (typeof value === 'string' && isSessionId(value) ? value : undefined);
    const { cookie } = await ask('look', {}, header);
    expect(asId(readCookie(header, 'PHPSESSID'))).toBe(asId(cookie));
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
