import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PhpSessionError } from '../../../src/errors.ts';
import {
  type OpenSession,
  type SessionOpenerOptions,
  type SessionSource,
  sessionOpener,
} from '../../../src/session.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

interface Session {
  [key: string]: unknown;
  count?: number;
}

const id = 'a'.repeat(32);
const cookie = `PHPSESSID=${id}`;
const code = (code: string) => expect.objectContaining({ code });

/** Sessions in memory, and what was reported. */
class Site {
  readonly sessions = new Map<string, MemorySession>();
  readonly errors: unknown[] = [];
  gone = 0;
  readonly open: ReturnType<typeof sessionOpener<Session>>;

  constructor(options: Partial<SessionOpenerOptions> = {}) {
    this.open = sessionOpener<Session>({
      store: memoryStore({ sessions: this.sessions, lockTimeout: 5 }),
      onError: (error) => this.errors.push(error),
      onGone: () => this.gone++,
      ...options,
    });
  }

  put(data: string, at = id): this {
    this.sessions.set(at, { data: Buffer.from(data), usedAt: Date.now(), logouts: 0 });
    return this;
  }

  row(at = id): string | undefined {
    const data = this.sessions.get(at)?.data;
    return data && Buffer.from(data).toString();
  }

  /** The ids with a session. */
  get ids(): string[] {
    return [...this.sessions].filter(([, { data }]) => data !== undefined).map(([id]) => id);
  }

  /** The lock is free, and the session as it is stored. */
  async read(): Promise<Session> {
    const session = await this.open(cookie, { signal: AbortSignal.timeout(500) });
    await session.discard();
    return { ...session.data };
  }
}

const sites: Site[] = [];
function siteOf(options?: Partial<SessionOpenerOptions>): Site {
  const site = new Site(options);
  sites.push(site);
  return site;
}

afterEach(() => {
  jest.restoreAllMocks();
  for (const { errors } of sites.splice(0)) expect(errors).toEqual([]);
});

const count = (session: OpenSession<Session>) => {
  session.data.count = (session.data.count ?? 0) + 1;
};

describe('where the cookie is read', () => {
  const headers = { cookie: `other=1; ${cookie}` };
  const sources: Record<string, SessionSource> = {
    "the web's Request": new Request('http://x/', { headers }),
    "the web's Headers": new Headers(headers),
    'a request of node:http': { headers, socket: { remoteAddress: '::ffff:127.0.0.1' } } as IncomingMessage,
    'a handshake of socket.io': { headers },
    'a jar with values': { get: (name: string) => (name === 'PHPSESSID' ? id : undefined) },
    'a jar with objects': { get: (name: string) => (name === 'PHPSESSID' ? { value: id } : undefined) },
    'a header Cookie': headers.cookie,
  };
  test.each(Object.entries(sources))('%s', async (_, source) => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(source);
    count(session);
    const answer = await session.commit();
    expect(answer.getSetCookie()).toEqual([]);
    expect(site.row()).toBe('count|i:6;');
  });

  const without: Record<string, SessionSource> = {
    'a Request': new Request('http://x/'),
    Headers: new Headers(),
    'a request of node:http': { headers: {} } as IncomingMessage,
    'a jar': { get: () => undefined },
    'an empty text': '',
  };
  test.each(Object.entries(without))('%s without one', async (_, source) => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(source);
    expect([session.id, session.data.count]).toEqual([undefined, undefined]);
    await session.commit();
    expect(site.ids).toEqual([id]);
  });

  test.each([undefined, null, 5, {}, [], { headers: undefined }, Promise.resolve(new Headers())])(
    '%p is a mistake',
    async (source) => {
      await expect(siteOf().open(source as never)).rejects.toThrow(TypeError);
    },
  );

  test('the visitor is given to the store', async () => {
    const store = memoryStore();
    const open = jest.spyOn(store, 'open');
    const site = siteOf({ store });
    const request = {
      headers: { cookie, 'user-agent': 'one' },
      socket: { remoteAddress: '::ffff:127.0.0.1' },
    } as unknown as IncomingMessage;
    for (const how of [{}, { address: '::1' }]) await (await site.open(request, how)).discard();
    const visitor = (address: string) => expect.objectContaining({ address, userAgent: 'one' });
    expect(open.mock.calls.map(([, options]) => options?.visitor)).toEqual([visitor('127.0.0.1'), visitor('::1')]);
  });
});

describe('a visitor without a session', () => {
  test.each(['exclusive', 'merge', 'readonly', 'none'] as const)(
    'who stores nothing gets no row, no cookie, and no header: %s',
    async (mode) => {
      const site = siteOf({ mode });
      const session = await site.open('');
      expect([...(await session.commit())]).toEqual([]);
      expect(site.sessions.size).toBe(0);
    },
  );

  test('gets a row and a cookie with what is stored first', async () => {
    const site = siteOf({ cookieHttponly: true, cookieSamesite: 'Lax', cookieLifetime: 60 });
    const session = await site.open('');
    count(session);
    expect(site.sessions.size).toBe(0);
    const headers = await session.commit(new Headers({ 'Set-Cookie': 'other=1', 'Cache-Control': 'public' }));
    expect(site.ids).toEqual([session.id]);
    expect(headers.getSetCookie()).toEqual([
      'other=1',
      expect.stringMatching(
        new RegExp(`^PHPSESSID=${session.id}; expires=.* GMT; Max-Age=60; path=/; HttpOnly; SameSite=Lax$`),
      ),
    ]);
    expect(headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
  });

  test('whose session was looked at gets an answer that is not cached', async () => {
    const site = siteOf();
    const session = await site.open('');
    expect(session.data).toEqual({});
    expect(Object.keys(Object.fromEntries(await session.commit()))).toEqual(['cache-control', 'expires', 'pragma']);
  });
});

describe('a packed cookie', () => {
  const options = {
    cookieEncoding: {
      decode: (value: string, name: string) =>
        value.startsWith(`${name}.`) ? value.slice(name.length + 1) : undefined,
      encode: (id: string, name: string) => `${name}.${id}`,
    },
    logoutCookies: ['remember'],
  };
  const packed = `PHPSESSID.${id}`;

  test.each<[string, SessionSource]>([
    ['text', `PHPSESSID=${packed}`],
    ['headers', new Headers({ cookie: `PHPSESSID=${packed}` })],
    ['a jar', { get: () => packed }],
  ])('in %s', async (_, source) => {
    const site = siteOf(options).put('count|i:5;');
    const session = await site.open(source);
    expect([session.id, session.data.count]).toEqual([id, 5]);
    await session.discard();
  });

  test('an id that is not packed is as no cookie', async () => {
    const site = siteOf(options).put('count|i:5;');
    for (const source of [cookie, 'PHPSESSID=OTHER.a', { get: () => id }]) {
      const session = await site.open(source);
      expect([session.id, session.data]).toEqual([undefined, {}]);
      await session.discard();
    }
    expect(site.row()).toBe('count|i:5;');
  });

  test('a new id is packed in the headers and in the jar; a logout removes further cookies from both', async () => {
    const site = siteOf(options);
    const set = jest.fn<(name: string, value: string, attributes: object) => void>();
    const jar = { get: (): string | undefined => undefined, set };
    const session = await site.open(jar);
    count(session);
    const headers = await session.commit();
    expect(headers.getSetCookie()).toEqual([`PHPSESSID=PHPSESSID.${session.id}; path=/`]);
    expect(set.mock.calls).toEqual([['PHPSESSID', `PHPSESSID.${session.id}`, expect.anything()]]);
    set.mockClear();
    jar.get = () => `PHPSESSID.${session.id}`;
    const last = await site.open(jar);
    await last.destroy();
    const cookies = (await last.commit()).getSetCookie().map((header) => header.split(';')[0]);
    expect(cookies).toEqual(['PHPSESSID=deleted', 'remember=deleted']);
    expect(set.mock.calls.map(([name, value, attributes]) => [name, value, attributes])).toEqual(
      ['PHPSESSID', 'remember'].map((name) => [name, 'deleted', expect.objectContaining({ maxAge: 0 })]),
    );
  });

  test('a cookie that cannot be packed makes no row', async () => {
    const broken = {
      ...options.cookieEncoding,
      encode: () => {
        throw new Error('no key');
      },
    };
    const site = siteOf({ cookieEncoding: broken });
    const session = await site.open('');
    count(session);
    await expect(session.commit()).rejects.toThrow('no key');
    expect(site.ids).toEqual([]);
  });
});

describe('a jar', () => {
  const jarOf = (id?: string) => {
    const set = jest.fn();
    return { get: () => id, set };
  };

  test('gets the cookie, with the attributes of the options', async () => {
    const site = siteOf({
      cookieSecure: true,
      cookieSamesite: 'Strict',
      cookieDomain: 'example.org',
      cookieLifetime: 60,
    });
    const jar = jarOf();
    const session = await site.open(jar);
    count(session);
    expect(jar.set).not.toHaveBeenCalled();
    await session.commit();
    expect(jar.set.mock.calls).toEqual([
      [
        'PHPSESSID',
        session.id,
        {
          path: '/',
          domain: 'example.org',
          secure: true,
          httpOnly: false,
          partitioned: false,
          sameSite: 'strict',
          maxAge: 60,
          expires: expect.any(Date),
        },
      ],
    ]);
  });

  test('gets the removal', async () => {
    const site = siteOf().put('count|i:5;');
    const jar = jarOf(id);
    const session = await site.open(jar);
    await session.destroy();
    const headers = await session.commit();
    expect(headers.getSetCookie()).toEqual([expect.stringContaining('PHPSESSID=deleted; ')]);
    expect(jar.set.mock.calls).toEqual([
      ['PHPSESSID', 'deleted', expect.objectContaining({ maxAge: 0, expires: new Date(1000), path: '/' })],
    ]);
  });

  test('may be another one than the source', async () => {
    const site = siteOf();
    const jar = jarOf();
    const session = await site.open(new Headers(), { cookies: jar });
    count(session);
    await session.commit();
    expect(jar.set).toHaveBeenCalledTimes(1);
  });

  test('is left alone where no cookie is to be set', async () => {
    const site = siteOf().put('count|i:5;');
    const jar = jarOf(id);
    const session = await site.open(jar);
    count(session);
    await session.commit();
    expect(jar.set).not.toHaveBeenCalled();
  });
});

describe('the end', () => {
  test('commit() twice gives the same headers', async () => {
    const site = siteOf();
    const session = await site.open('');
    count(session);
    const [first, second] = [await session.commit(), await session.commit()];
    expect([...second]).toEqual([...first]);
    expect(site.ids).toEqual([session.id]);
  });

  test('a change between two commit() is an error', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    const { data } = session;
    await session.commit();
    data.count = 6;
    for (const _ of [1, 2]) {
      await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED', status: 500 });
    }
    expect(site.row()).toBe('count|i:5;');
  });

  test('commit() after destroy() removes the cookie, and nothing comes back', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await session.destroy();
    expect([session.id, session.data]).toEqual([undefined, {}]);
    const headers = await session.commit();
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^PHPSESSID=deleted; /)]);
    expect(site.ids).toEqual([]);
  });

  test('what is stored after destroy() begins another session', async () => {
    const site = siteOf().put('user|s:5:"alice";');
    const session = await site.open(cookie);
    await session.destroy();
    count(session);
    const headers = await session.commit();
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(`^PHPSESSID=${session.id};`)]);
    expect(session.id).not.toBe(id);
    expect(site.row(session.id)).toBe('count|i:1;');
    expect(site.row()).toBeUndefined();
  });

  test.each(['lock', 'regenerate', 'destroy'] as const)('%s() after commit()', async (call) => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await session.commit();
    await expect(session[call]()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect(site.row()).toBe('count|i:5;');
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
  });

  test('a change after commit() is reported, and reading is fine', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await session.commit();
    expect(session.data.count).toBe(5);
    await sleep(5);
    expect(site.errors).toEqual([]);
    session.data.count = 6;
    await sleep(5);
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
  });

  test('close() frees the lock, and commit() has the headers', async () => {
    const site = siteOf();
    const session = await site.open('');
    count(session);
    await session.close();
    expect(site.row(session.id)).toBe('count|i:1;');
    expect((await session.commit()).getSetCookie()).toHaveLength(1);
  });

  test('discard() saves nothing, and commit() is an error then', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    count(session);
    await session.discard();
    expect(await site.read()).toEqual({ count: 5 });
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect(site.row()).toBe('count|i:5;');
  });

  test('regenerate() moves the session, and leaves nothing under the old id', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await session.regenerate();
    session.data.user = 'alice';
    const headers = await session.commit();
    expect(session.id).not.toBe(id);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(`^PHPSESSID=${session.id};`)]);
    expect([site.row(), site.row(session.id)]).toEqual(['', 'count|i:5;user|s:5:"alice";']);
  });
});

describe('a session that is never committed', () => {
  const changes: Record<string, (session: OpenSession<Session>) => unknown> = {
    'was changed': count,
    'got a new id': (session) => session.regenerate(),
    'was destroyed': (session) => session.destroy(),
    'was closed, and its cookie is not known': async (session) => {
      await session.destroy();
      count(session);
      await session.close();
    },
  };
  test.each(Object.entries(changes))('%s: await using reports it', async (_, change) => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await change(session);
    await session[Symbol.asyncDispose]();
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_NOT_COMMITTED')]);
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_NOT_COMMITTED', status: 500 });
    await site.read(); // the lock is free
  });

  test('and was not changed is no error, and its lock is free', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    expect(session.data.count).toBe(5);
    await session[Symbol.asyncDispose]();
    expect(await site.read()).toEqual({ count: 5 });
  });

  test('await using after commit() or discard() does nothing', async () => {
    const site = siteOf().put('count|i:5;');
    for (const end of ['commit', 'discard'] as const) {
      const session = await site.open(cookie);
      count(session);
      await session[end]();
      await session[Symbol.asyncDispose]();
    }
    expect(site.row()).toBe('count|i:6;');
  });

  test('await using reports what was changed after commit(), or after close()', async () => {
    const site = siteOf().put('count|i:5;');
    for (const end of ['commit', 'close'] as const) {
      const session = await site.open(cookie);
      const { data } = session;
      await session[end]();
      data.count = 7;
      await session[Symbol.asyncDispose]();
      expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
    }
    expect(site.row()).toBe('count|i:5;');
  });

  test('a change after close() is reported without any of them', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    await session.close();
    session.data.count = 7;
    await sleep(1100);
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
    expect(site.row()).toBe('count|i:5;');
  });

  test('await using lets a commit() end that nobody waits for', async () => {
    const site = siteOf();
    const session = await site.open('');
    count(session);
    const committed = session.commit();
    await session[Symbol.asyncDispose]();
    expect(site.row(session.id)).toBe('count|i:1;');
    expect((await committed).getSetCookie()).toEqual([`PHPSESSID=${session.id}; path=/`]);
  });

  test.each([true, false])('is given up after commitWithin; changed: %p', async (isChanged) => {
    const site = siteOf({ commitWithin: 0.05 }).put('count|i:5;');
    const session = await site.open(cookie);
    if (isChanged) count(session);
    expect(await site.read()).toEqual({ count: 5 }); // waits until then
    expect(site.errors.splice(0)).toEqual([
      expect.objectContaining({
        code: 'ERR_SESSION_NOT_COMMITTED',
        message: expect.stringContaining(isChanged ? 'is lost' : 'lock is free'),
      }),
    ]);
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_NOT_COMMITTED' });
    await expect(session.regenerate()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
    expect(site.row()).toBe('count|i:5;');
  });

  test('a commit() in time is not', async () => {
    const site = siteOf({ commitWithin: 0.02 }).put('count|i:5;');
    const session = await site.open(cookie);
    count(session);
    await session.commit();
    await sleep(40);
    expect(site.row()).toBe('count|i:6;');
  });

  test('by default it is printed', async () => {
    const print = jest.spyOn(console, 'error').mockReturnValue();
    const openSession = sessionOpener<Session>({ store: memoryStore() });
    const session = await openSession('');
    session.data.count = 1;
    await session[Symbol.asyncDispose]();
    expect(print.mock.calls).toEqual([[code('ERR_SESSION_NOT_COMMITTED')]]);
  });
});

describe('readonly', () => {
  const readonly = { mode: 'readonly' } as const;

  test('holds no lock, and needs no commit()', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie, readonly);
    expect(session.data.count).toBe(5);
    expect(await site.read()).toEqual({ count: 5 });
    await session[Symbol.asyncDispose]();
  });

  test('commit() sets the time of the last use, and discard() does not', async () => {
    const site = siteOf();
    const ago = Date.now() - 60_000;
    site.sessions.set(id, { data: Buffer.from('count|i:5;'), usedAt: ago, logouts: 0 });
    await (await site.open(cookie, readonly)).discard();
    expect(site.sessions.get(id)!.usedAt).toBe(ago);
    await (await site.open(cookie, readonly)).commit();
    expect(site.sessions.get(id)!.usedAt).toBeGreaterThan(ago);
  });

  test('a change is an error of commit()', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie, readonly);
    count(session);
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_READONLY', status: 500 });
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_READONLY' });
    expect(site.row()).toBe('count|i:5;');
  });

  test.each(['a second', 'await using'])('a change without commit() is reported after %s', async (when) => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie, readonly);
    count(session);
    if (when === 'await using') await session[Symbol.asyncDispose]();
    else await sleep(1100);
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_READONLY')]);
    expect(site.row()).toBe('count|i:5;');
  });

  test('needs no commit() either after reset(), or after start()', async () => {
    const site = siteOf({ commitWithin: 0.05 }).put('count|i:5;');
    const [one, other] = [await site.open(cookie, readonly), await site.open(cookie, readonly)];
    await one.reset();
    await other.close();
    await other.start();
    await sleep(100);
    expect(site.errors).toEqual([]);
  });

  test('lock() makes it one that is saved, for as long as others', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie, readonly);
    await session.lock();
    count(session);
    await sleep(1100);
    await session.commit();
    expect(site.row()).toBe('count|i:6;');
  });
});

describe('none', () => {
  test('has no session', async () => {
    const site = siteOf({ mode: 'none' }).put('count|i:5;');
    const session = await site.open(cookie);
    expect(() => session.data).toThrow(code('ERR_SESSION_CLOSED'));
    await expect(session.destroy()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect(site.row()).toBe('count|i:5;');
  });

  test('mode may be a function of the source', async () => {
    const mode = jest.fn(() => 'none' as const);
    const site = siteOf({ mode });
    await site.open(cookie);
    expect(mode.mock.calls).toEqual([[cookie]]);
    await (await site.open(cookie, { mode: 'readonly' })).commit();
    expect(mode).toHaveBeenCalledTimes(1);
  });
});

describe('failures', () => {
  test('a missing await: what fails is thrown by commit(), and nothing is saved', async () => {
    const store = memoryStore();
    const failure = new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'away');
    const open = store.open;
    store.open = async (...args) => Object.assign(await open(...args), { rename: () => Promise.reject(failure) });
    const site = siteOf({ store });
    const session = await site.open(cookie);
    session.regenerate().catch(() => undefined);
    session.data.user = 'alice';
    const expected = { code: 'ERR_SESSION_UNAVAILABLE', status: 503, headers: { 'Retry-After': '1' } };
    await expect(session.commit()).rejects.toMatchObject(expected);
    store.open = open;
    const after = await site.open(cookie);
    expect(after.data).toEqual({});
    await after.discard();
  });

  test('a rejection that nobody waits for does not end the process', async () => {
    const site = siteOf();
    const session = await site.open('');
    await session.commit();
    void session.destroy();
    await sleep(5);
    expect(site.errors.splice(0)).toEqual([code('ERR_SESSION_CLOSED')]);
  });

  test('a value that cannot be stored', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    session.data.wrong = () => undefined;
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_PHP_UNREPRESENTABLE', status: 500 });
    expect(await site.read()).toEqual({ count: 5 });
  });

  test('a second commit() after one that failed does not pretend', async () => {
    const site = siteOf().put('count|i:5;');
    const session = await site.open(cookie);
    session.data.wrong = () => undefined;
    await expect(session.commit()).rejects.toThrow();
    delete session.data.wrong;
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_PHP_UNREPRESENTABLE' });
  });

  test('a row that cannot be read: its visitor can log out', async () => {
    const site = siteOf().put('damaged');
    const session = await site.open(cookie);
    expect(() => session.data).toThrow(expect.objectContaining({ code: 'ERR_PHP_SYNTAX', status: 500 }));
    await session.destroy();
    expect((await session.commit()).getSetCookie()).toHaveLength(1);
    expect(site.ids).toEqual([]);
  });

  test('a row that cannot be read stays, and is no loss', async () => {
    const site = siteOf().put('damaged');
    await (await site.open(cookie))[Symbol.asyncDispose]();
    await (await site.open(cookie)).commit();
    expect(site.row()).toBe('damaged');
  });
});

describe('an attacker', () => {
  test.each([
    ['of two cookies, PHP reads the first', `PHPSESSID=${id}; PHPSESSID=${'b'.repeat(32)}`, 5],
    ['a cookie of a similar name', `XPHPSESSID=${id}; phpsessid=${id}`, undefined],
    ['an id that is none', "PHPSESSID=' OR 1=1", undefined],
    ['a tombstone', 'PHPSESSID=<aaaa', undefined],
  ])('%s', async (_, text, expected) => {
    const site = siteOf({ useStrictMode: true }).put('count|i:5;').put('count|i:9;', 'b'.repeat(32));
    for (const source of [text, new Request('http://x/', { headers: { cookie: text } })]) {
      const session = await site.open(source);
      expect(session.data.count).toBe(expected);
      await session.discard();
    }
  });

  test('who chooses an id does not get it in strict mode', async () => {
    const site = siteOf({ useStrictMode: true });
    const session = await site.open(cookie);
    count(session);
    await session.commit();
    expect(session.id).not.toBe(id);
    expect(site.ids).toEqual([session.id]);
  });

  test.each(['exclusive', 'merge', 'readonly'] as const)(
    'with the id of a session that has ended gets nothing of it: %s',
    async (mode) => {
      const site = siteOf({ useStrictMode: true }).put('user|s:5:"alice";');
      const logout = await site.open(cookie);
      await logout.destroy();
      await logout.commit();
      const session = await site.open(cookie, { mode });
      expect([session.id, session.data]).toEqual([undefined, {}]);
      await session.commit();
      expect(site.ids).toEqual([]);
    },
  );

  test('a slow request brings no login back', async () => {
    const site = siteOf({ mode: 'merge' }).put('user|s:5:"alice";');
    const slow = await site.open(cookie);
    const logout = await site.open(cookie);
    await logout.destroy();
    await logout.commit();
    count(slow);
    expect((await slow.commit()).getSetCookie()).toEqual([]);
    expect(site.ids).toEqual([]);
    expect(site.gone).toBe(1);
  });

  test('nothing that is printed has the id or the data', async () => {
    const site = siteOf().put('user|s:5:"alice";');
    const session = await site.open(cookie);
    session.data.count = 1;
    const printed = inspect(session, { depth: 9, showHidden: true }) + JSON.stringify(session);
    expect(printed).not.toMatch(/aaaa|alice/);
    await session.discard();
  });
});

describe('parallel requests', () => {
  test('32 of one session, each +1', async () => {
    const site = siteOf().put('count|i:0;');
    const requests = Array.from({ length: 32 }, async () => {
      const session = await site.open(cookie);
      const before = session.data.count!;
      await sleep(1);
      session.data.count = before + 1;
      await session.commit();
    });
    await Promise.all(requests);
    expect(site.row()).toBe('count|i:32;');
  });

  test('32 that merge, each with a key of its own', async () => {
    const site = siteOf({ mode: 'merge' }).put('count|i:0;');
    const requests = Array.from({ length: 32 }, async (_, i) => {
      const session = await site.open(cookie);
      await sleep(1);
      session.data[`key${i}`] = i;
      await session.commit();
    });
    await Promise.all(requests);
    expect(Object.keys((await site.read()) as object)).toHaveLength(33);
  });

  test.each(['the signal of the call', 'the signal of the request'])('%s ends the wait for the lock', async (which) => {
    const site = siteOf().put('count|i:5;');
    const holder = await site.open(cookie);
    const controller = new AbortController();
    const request = new Request('http://x/', {
      headers: { cookie },
      ...(which.endsWith('request') && { signal: controller.signal }),
    });
    const waiting = site.open(request, which.endsWith('call') ? { signal: controller.signal } : {});
    controller.abort(new Error('the client has gone'));
    await expect(waiting).rejects.toThrow('the client has gone');
    count(holder);
    await holder.commit();
    expect(await site.read()).toEqual({ count: 6 });
  });
});

describe('options', () => {
  const store = memoryStore();
  test.each([
    [undefined, 'store must be'],
    [{}, 'store must be'],
    [{ store, commitWithin: 0 }, 'commitWithin must be'],
    [{ store, commitWithin: '5' }, 'commitWithin must be'],
    [{ store, onError: 5 }, 'onError must be'],
    [{ store, mode: 'fast' }, 'mode must be'],
    [{ store, Name: 'x' }, 'it is name'],
  ])('%p', (options, message) => {
    expect(() => sessionOpener(options as never)).toThrow(TypeError);
    expect(() => sessionOpener(options as never)).toThrow(message);
  });

  test.each([
    [{ mode: 'fast' }, 'mode must be'],
    [{ mode: () => 'merge' }, 'mode must be'],
    [{ signal: 5 }, 'signal must be'],
    [{ cookies: {} }, 'cookies must be'],
    [{ address: 5 }, 'address must be'],
    [{ readonly: true }, 'readonly is not an option of openSession()'],
    ['readonly', 'openSession() needs an object'],
  ])('of a call: %p', async (how, message) => {
    const openSession = sessionOpener({ store });
    await expect(openSession('', how as never)).rejects.toThrow(TypeError);
    await expect(openSession('', how as never)).rejects.toThrow(message);
  });
});
