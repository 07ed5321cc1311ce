import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type OpenSession, type SessionOpener, type SessionOpenerOptions, sessionOpener } from '../../src/session.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { isLocked, putNew, storeOf } from './koa-helpers.ts';
import { Relay } from './mysql-relay.ts';
import { testServer } from './mysql-store-helpers.ts';

interface Session {
  [key: string]: unknown;
  user?: unknown;
  n?: unknown;
  wrong?: unknown;
}

/** Sessions that are opened by hand, in a real table beside real PHP. */
const table = binaryTable();
let php: Harness;
let store: SessionStore;
let openSession: SessionOpener<Session>;
let errors: unknown[];
let gone: number;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(() => php.stop());

beforeEach(() => {
  [errors, gone] = [[], 0];
  store = storeOf(table);
  openSession = openerOf({ store });
});

afterEach(async () => {
  expect([errors, gone]).toEqual([[], 0]);
  await store.close();
});

const openerOf = (options: SessionOpenerOptions) =>
  sessionOpener<Session>({
    useStrictMode: true,
    onError: (error) => errors.push(error),
    onGone: () => gone++,
    ...options,
  });
const put = (data: string) => putNew(php, table, data);
const requestOf = (id: string) => new Request('http://127.0.0.1/', { headers: { cookie: `PHPSESSID=${id}` } });
const phpPage = (id: string, code: string) =>
  php.ask({ driver: 'pdo', table, id, ini: { 'session.use_strict_mode': '1' } }, `$handler->start(); ${code}`);
const idOf = (headers: Headers) => /^PHPSESSID=(\w+)/.exec(headers.getSetCookie()[0] ?? '')?.[1];

test('a login here, a page of PHP, a logout in PHP', async () => {
  const login = await openSession(new Request('http://127.0.0.1/'));
  await login.regenerate();
  login.data.user = { name: 'Ann' };
  const id = idOf(await login.commit())!;
  expect(id).toBe(login.id);
  expect((await phpPage(id, '$_SESSION["n"] = 1; return $_SESSION["user"]["name"];')).result).toBe('Ann');

  const reading = await openSession(requestOf(id), { mode: 'readonly' });
  expect(reading.data).toEqual({ user: { name: 'Ann' }, n: 1 });
  await reading.commit();

  await phpPage(id, '$_SESSION = []; return session_destroy();');
  const after = await openSession(requestOf(id));
  expect([after.id, after.data]).toEqual([undefined, {}]);
  expect((await after.commit()).getSetCookie()).toEqual([]);
});

test('a login moves the session; the old id leads nowhere, here and in PHP', async () => {
  const id = await put('cart|i:3;');
  const login = await openSession(requestOf(id));
  await login.regenerate();
  login.data.user = 'ann';
  const newId = idOf(await login.commit())!;
  expect(await php.row(table, newId)).toBe('cart|i:3;user|s:3:"ann";');
  expect(await php.row(table, id)).toBe('');
  expect((await phpPage(id, 'return $_SESSION;')).result).toEqual([]);
  const attacker = await openSession(requestOf(id));
  expect(attacker.data).toEqual({});
  expect((await attacker.commit()).getSetCookie()).toEqual([]);
});

describe('parallel requests', () => {
  const increment = async (id: string) => {
    const session = await openSession(requestOf(id));
    const before = Number(session.data.n);
    await sleep(2);
    session.data.n = before + 1;
    await session.commit();
  };
  const phpIncrement = (id: string) =>
    phpPage(id, '$n = $_SESSION["n"]; usleep(2000); return $_SESSION["n"] = $n + 1;');

  test('32 here and 8 of PHP, each +1, are 40', async () => {
    const id = await put('n|i:0;');
    const all = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? phpIncrement(id) : increment(id)));
    await Promise.all(all);
    expect(await php.row(table, id)).toBe('n|i:40;');
  });

  test('32 that merge, each with a key of its own, and 8 of PHP, lose nothing', async () => {
    const id = await put('n|i:0;');
    const merge = async (i: number) => {
      const session = await openSession(requestOf(id), { mode: 'merge' });
      await sleep(2);
      session.data[`key${i}`] = i;
      await session.commit();
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? phpIncrement(id) : merge(i))));
    const session = await openSession(requestOf(id), { mode: 'readonly' });
    await session.discard();
    expect(session.data.n).toBe(8);
    expect(Object.keys(session.data)).toHaveLength(33);
  });

  test('32 that merge, each +1 under lock()', async () => {
    const id = await put('n|i:0;');
    const merge = async () => {
      const session = await openSession(requestOf(id), { mode: 'merge' });
      await session.lock();
      session.data.n = Number(session.data.n) + 1;
      await session.commit();
    };
    await Promise.all(Array.from({ length: 32 }, merge));
    expect(await php.row(table, id)).toBe('n|i:32;');
  });

  test('PHP waits for the lock of a session that is open here', async () => {
    const id = await put('n|i:0;');
    const session = await openSession(requestOf(id));
    const page = phpIncrement(id);
    session.data.n = 5;
    await sleep(100);
    expect(await isLocked(table, id)).toBe(true);
    await session.commit();
    expect((await page).result).toBe(6);
  });
});

describe('the lock is free', () => {
  const ends: Record<string, (session: OpenSession<Session>) => Promise<unknown>> = {
    'commit()': (session) => session.commit(),
    'discard()': (session) => session.discard(),
    'close()': (session) => session.close(),
    'destroy()': async (session) => {
      await session.destroy();
      await session.commit();
    },
    'await using': (session) => session[Symbol.asyncDispose](),
    'commit() that fails': async (session) => {
      session.data.wrong = () => undefined;
      await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_PHP_UNREPRESENTABLE' });
    },
  };
  test.each(Object.entries(ends))('after %s', async (_, end) => {
    const id = await put('n|i:0;');
    const session = await openSession(requestOf(id));
    expect(await isLocked(table, id)).toBe(true);
    await end(session);
    expect(await isLocked(table, id)).toBe(false);
  });

  test('after commitWithin, for PHP too, and the row is as it was', async () => {
    const id = await put('n|i:0;');
    const session = await openerOf({ store, commitWithin: 0.3 })(requestOf(id));
    session.data.n = 5;
    expect((await phpPage(id, 'return $_SESSION["n"];')).result).toBe(0);
    expect(errors.splice(0)).toEqual([expect.objectContaining({ code: 'ERR_SESSION_NOT_COMMITTED' })]);
    await expect(session.commit()).rejects.toMatchObject({ code: 'ERR_SESSION_NOT_COMMITTED' });
  });

  test('after a wait that was aborted', async () => {
    const id = await put('n|i:0;');
    const release = await php.hold(table, id);
    await expect(openSession(requestOf(id), { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await release();
    const session = await openSession(requestOf(id));
    session.data.n = 1;
    await session.commit();
    expect(await php.row(table, id)).toBe('n|i:1;');
  });
});

describe('a logout in PHP while the session is open here', () => {
  test('without the lock: nothing comes back', async () => {
    const id = await put('user|s:3:"ann";');
    const session = await openSession(requestOf(id), { mode: 'merge' });
    await phpPage(id, '$_SESSION = []; return session_destroy();');
    session.data.n = 1;
    expect((await session.commit()).getSetCookie()).toEqual([]);
    expect(await php.row(table, id)).toBeUndefined();
    expect(gone).toBe(1);
    gone = 0;
  });

  test('lock() shows it', async () => {
    const id = await put('user|s:3:"ann";');
    const session = await openSession(requestOf(id), { mode: 'merge' });
    await phpPage(id, '$_SESSION = []; return session_destroy();');
    await session.lock();
    expect([session.id, session.data]).toEqual([undefined, {}]);
    await session.commit();
    expect(await php.row(table, id)).toBeUndefined();
    gone = 0;
  });
});

describe('the database is away', () => {
  const away = expect.objectContaining({
    code: expect.stringMatching(/UNAVAILABLE|OUTCOME_UNKNOWN/),
    status: 503,
    headers: { 'Retry-After': '1' },
    expose: false,
  });

  test.each(['open', 'commit', 'destroy', 'lock'])('at %s', async (when) => {
    const relay = await Relay.start(testServer());
    const connection = { ...testServer(), port: relay.port, database: 'test' };
    const distant = storeOf(table, { connection, lockTimeout: 1.5 });
    const id = await put('user|s:3:"ann";');
    try {
      const open = openerOf({ store: distant, mode: when === 'lock' ? 'merge' : 'exclusive' });
      if (when === 'open') {
        await relay.stop();
        await expect(open(requestOf(id))).rejects.toEqual(away);
        return;
      }
      const session = await open(requestOf(id));
      session.data.user = 'bob';
      await relay.stop();
      if (when !== 'commit') await expect(session[when as 'destroy' | 'lock']()).rejects.toEqual(away);
      await expect(session.commit()).rejects.toEqual(away);
      expect(await php.row(table, id)).toBe('user|s:3:"ann";');
    } finally {
      await distant.close();
    }
  });
});
