import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type HordeBeside, hordeBeside, hordeLogin } from '../../../src/horde/login.ts';
import { horde } from '../../../src/presets/index.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

interface Own {
  [name: string]: unknown;
}

const now = Math.floor(Date.now() / 1000);
const secret = 'a planted secret of 32 characters';
const { login } = horde();
const headers = { 'user-agent': 'made up', cookie: 'Horde=abc; horde_secret_key=first-key' };
const source = { headers, socket: { remoteAddress: '192.0.2.1' } };

/** A row of Horde after a login. */
const loggedIn = (auth: object = {}, more: object = {}) => ({
  _b: now,
  _r: now + 21_600,
  horde: {
    'auth/authId': '\0Alice',
    'auth/browser': '\0made up',
    'auth/remoteAddr': '\u0000192.0.2.1',
    'auth/timestamp': now,
    'auth/userId': '\0alice',
    'auth_app/imp': Uint8Array.of(200, 1),
    'auth_app_init/imp': true,
    ...auth,
  },
  ...more,
});

let sessions: Map<string, MemorySession>;
let beside: HordeBeside<Own>;

beforeEach(() => {
  sessions = new Map();
  beside = hordeBeside<Own>({ store: memoryStore({ sessions }), login, secret });
});

async function put(session: object, cart: unknown, from: typeof source = source): Promise<void> {
  const own = await beside.open(session, from);
  own!.data.cart = cart;
  await own!.commit();
}

/** @returns `undefined` where nobody is logged in, and null for an empty cart */
async function cartOf(session: object, from: object = source): Promise<unknown> {
  const own = await beside.open(session, from as typeof source);
  const cart = own && (own.data.cart ?? null);
  await own?.commit();
  return cart;
}

const withKey = (key?: string) => ({
  ...source,
  headers: { ...headers, cookie: key ? `horde_secret_key=${key}` : '' },
});

describe('hordeBeside()', () => {
  test("the data are there at the next request, under another id and after Horde's writes; Horde's session is untouched", async () => {
    const session = loggedIn();
    const before = inspect(session, { depth: 9 });
    await put(session, ['apples']);
    expect(inspect(session, { depth: 9 })).toBe(before);
    expect(await cartOf(loggedIn({ view: 2, session_token: '\0new' }, { _r: now + 43_200, imp: {} }))).toEqual([
      'apples',
    ]);
    expect([...sessions.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  test.each([
    ['another user', { 'auth/userId': '\0bob' }],
    ['a later login', { 'auth/timestamp': now + 1 }],
    ['what he has typed', { 'auth/authId': '\0alice@example.com' }],
  ])('not by another login: %s', async (_, auth) => {
    await put(loggedIn(), ['apples']);
    expect(await cartOf(loggedIn(auth))).toBe(null);
  });

  test('not by a login of the same second, whose cookie is another one', async () => {
    await put(loggedIn(), ['apples']);
    for (const key of ['second-key', '']) expect(await cartOf(loggedIn(), withKey(key))).toBe(null);
    expect(await cartOf(loggedIn(), withKey('first-key'))).toEqual(['apples']);
  });

  test('nobody has none: an anonymous session under the same id, and what Horde would refuse', async () => {
    await put(loggedIn(), ['apples']);
    const count = sessions.size;
    const reasons: string[] = [];
    const refused = (why: string) => reasons.push(why);
    for (const session of [
      undefined,
      {},
      { _b: now, horde: { language: '\0en_US' } },
      loggedIn({ 'auth/userId': 'alice' }),
    ]) {
      expect(await beside.open(session, source)).toBeUndefined();
    }
    expect(await beside.open(loggedIn({ 'auth/timestamp': undefined }), source)).toBeUndefined();
    expect(await beside.open(loggedIn({}, { _b: now - 72_001 }), source, { refused })).toBeUndefined();
    expect(await beside.open(loggedIn(), source, { address: '192.0.2.2', refused })).toBeUndefined();
    const other = { ...source, headers: { ...headers, 'user-agent': 'other' } };
    expect(await beside.open(loggedIn(), other, { refused })).toBeUndefined();
    expect(reasons).toEqual(['age', 'address', 'browser']);
    expect(sessions.size).toBe(count);
  });

  test('a browser whose name is no UTF-8', async () => {
    const bytes = loggedIn({ 'auth/authId': Uint8Array.of(0, 255), 'auth/remoteAddr': undefined });
    await put(bytes, 1);
    expect([await cartOf(bytes), await cartOf(loggedIn({ 'auth/authId': Uint8Array.of(0, 254) }))]).toEqual([1, null]);
  });

  test('an authId beyond 2^53 is like no other', async () => {
    const session = loggedIn({ 'auth/authId': 2n ** 60n });
    await put(session, 1);
    expect(await cartOf(session)).toBe(1);
    expect(await cartOf(loggedIn({ 'auth/authId': `\0${2n ** 60n}` }))).toBeNull();
  });

  test('another secret does not find them', async () => {
    await put(loggedIn(), ['apples']);
    beside = hordeBeside({ store: memoryStore({ sessions }), login, secret: `${secret}.` });
    expect(await cartOf(loggedIn())).toBe(null);
  });

  test('logout() removes them, and the login stays ended though Horde writes its row again', async () => {
    const session = loggedIn();
    await put(session, 'planted-cart');
    expect(await beside.hasEnded(session, source)).toBe(false);
    await beside.logout(session, source);
    expect(await beside.hasEnded(session, source)).toBe(true);
    expect(await beside.open(loggedIn({ view: 1 }), source)).toBeUndefined();
    const rows = [...sessions.values()].map(({ data }) => Buffer.from(data ?? []).toString());
    expect(rows.join('')).toMatch(/^_ended\|i:\d+;$/);
    // The next login has nothing to do with it; nor has a visitor without one.
    expect(await cartOf(loggedIn({ 'auth/timestamp': now + 1 }))).toBe(null);
    await beside.logout(undefined, source);
    expect(await beside.hasEnded({}, source)).toBe(false);
  });

  test.each(['', 'another-key'])(
    'a logout is not undone by the cookie %p in place of the one that the login has',
    async (key) => {
      await put(loggedIn(), ['apples']);
      await beside.logout(loggedIn(), source);
      expect(await beside.hasEnded(loggedIn(), withKey(key))).toBe(true);
      expect(await cartOf(loggedIn(), withKey(key))).toBeUndefined();
    },
  );

  test('nor by a request that was open meanwhile, whatever it does with its data', async () => {
    for (const call of ['destroy', 'regenerate'] as const) {
      await put(loggedIn(), ['apples']);
      const late = await beside.open(loggedIn(), source, { mode: 'merge' });
      await beside.logout(loggedIn(), source);
      await late![call]();
      await late!.commit();
      expect(await beside.hasEnded(loggedIn(), source)).toBe(true);
      sessions.clear();
    }
  });

  test('a login that never had data is ended too', async () => {
    await beside.logout(loggedIn(), source);
    expect(await cartOf(loggedIn())).toBeUndefined();
  });

  test('a request without the lock that ends after the logout brings nothing back', async () => {
    await put(loggedIn(), ['apples']);
    const late = await beside.open(loggedIn(), source, { mode: 'merge' });
    late!.data.cart = ['pears'];
    await beside.logout(loggedIn(), source);
    await late!.commit();
    expect(await cartOf(loggedIn())).toBeUndefined();
    expect(await beside.hasEnded(loggedIn(), source)).toBe(true);
  });

  test('data that cannot be read are an error, and the lock is free', async () => {
    await put(loggedIn(), 1);
    const [id] = sessions.keys();
    sessions.set(id!, { ...sessions.get(id!)!, data: Buffer.from('cart|i:1') });
    for (let i = 0; i < 2; i++) {
      await expect(beside.open(loggedIn(), source)).rejects.toMatchObject({ code: 'ERR_PHP_SYNTAX' });
    }
    // They keep nobody logged in.
    expect(await beside.hasEnded(loggedIn(), source)).toBe(false);
    await beside.logout(loggedIn(), source);
    expect(await beside.hasEnded(loggedIn(), source)).toBe(true);
    expect(await beside.open(loggedIn(), source)).toBeUndefined();
  });

  test('a hundred requests at once lose nothing', async () => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const own = await beside.open(loggedIn({ view: i }), source);
        own!.data.count = ((own!.data.count as number | undefined) ?? 0) + 1;
        await own!.commit();
      }),
    );
    const own = await beside.open(loggedIn(), source, { mode: 'readonly' });
    expect(own!.data.count).toBe(100);
    await own!.commit();
  });

  test('what is wrong is named, and the secret is nowhere', () => {
    const store = memoryStore({ sessions });
    for (const [options, says] of [
      [{ store, login, secret: 'planted' }, /secret must be a text of at least 32 characters/],
      [{ store, login }, /secret must be/],
      [{ store, secret }, /login must be that of the preset/],
      [{ login, secret }, /store must be/],
      [{ store, login, secret, useStrictMode: 5, wrong: 1 }, /wrong is not an option/],
      [undefined, /login must be/],
    ] as const) {
      expect(() => hordeBeside(options as never)).toThrow(says);
      expect(() => hordeBeside(options as never)).toThrow(TypeError);
    }
    expect(inspect(beside, { depth: 9, showHidden: true }) + JSON.stringify(beside)).not.toContain('planted');
  });
});

test('hordeLogin() has what the session says, only where Horde would accept the request', () => {
  const session = loggedIn({ 'auth_app/turba': true, 'auth_app_state/imp': '\0x' });
  expect(hordeLogin(login, session, source)).toEqual({
    ...{ user: 'alice', authId: 'Alice', apps: ['imp', 'turba'] },
    ...{ remoteAddr: '192.0.2.1', browser: 'made up', timestamp: now },
  });
  let why: string | undefined;
  const refused = (reason: string) => {
    why = reason;
  };
  expect(hordeLogin(login, session, source, { address: '192.0.2.2', refused })).toBeUndefined();
  expect(why).toBe('address');
  for (const none of [{}, undefined]) expect(hordeLogin(login, none, source)).toBeUndefined();
  const bare = { horde: { 'auth/userId': '\0alice', 'auth/browser': '\0made up' }, _b: now };
  expect(hordeLogin(login, bare, source)).toMatchObject({
    user: 'alice',
    authId: 'alice',
    apps: [],
    timestamp: undefined,
  });
});
