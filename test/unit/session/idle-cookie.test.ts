import { describe, expect, jest, test } from '@jest/globals';
import type { IdleCookie } from '../../../src/session/idle-cookie.ts';
import { type OpenSession, type SessionOpenerOptions, sessionOpener } from '../../../src/session.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

// The option `idleCookie`, as Roundcube's preset has it. The middleware asks in the same place: test/integration/presets-clocks.test.ts.

const id = 'a'.repeat(32);
const row = 'secret|s:6:"made-u";n|i:1;';

interface Session {
  secret?: string;
  n?: number;
}

/** `old-SECRET` is renewed, `new-SECRET` is not. */
const idleCookie: IdleCookie = {
  name: 'second',
  renew: ({ secret }, { value }) => (secret !== undefined && value === `old-${secret}` ? `new-${secret}` : undefined),
};

function siteOf(options: Partial<SessionOpenerOptions> = {}) {
  const sessions = new Map<string, MemorySession>();
  sessions.set(id, { data: Buffer.from(row), usedAt: Date.now(), logouts: 0 });
  const open = sessionOpener<Session>({
    store: memoryStore({ sessions, lockTimeout: 2 }),
    idleCookie,
    cookieHttponly: true,
    ...options,
  });
  const visit = async (
    cookie: string,
    work: (session: OpenSession<Session>) => unknown = () => undefined,
  ): Promise<string[]> => {
    const session = await open(cookie);
    await work(session);
    return (await session.commit()).getSetCookie();
  };
  return { sessions, open, visit };
}

const due = `PHPSESSID=${id}; second=old-made-u`;
const sent = 'second=new-made-u; path=/; HttpOnly';

describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
  const { visit } = siteOf({ mode });

  test('it is sent anew when it is time', async () => {
    expect(await visit(due)).toEqual([sent]);
    expect(await visit(`PHPSESSID=${id}; second=new-made-u`)).toEqual([]);
  });

  test.each([
    `PHPSESSID=${id}`,
    `PHPSESSID=${id}; second=`,
    `PHPSESSID=${id}; second=old-other`,
    `PHPSESSID=${id}; second=old-undefined`,
    `PHPSESSID=${id}; second[]=old-made-u`,
    `PHPSESSID=${'b'.repeat(32)}; second=old-made-u`,
    `PHPSESSID=${'b'.repeat(32)}; second=old-undefined`,
    'second=old-made-u',
    'PHPSESSID=; second=old-made-u',
  ])('a browser gets none for the cookies %s', async (cookies) => {
    expect(await visit(cookies)).toEqual([]);
  });
});

test('in the mode readonly there is none, until lock()', async () => {
  const { visit } = siteOf({ mode: 'readonly' });
  expect(await visit(due)).toEqual([]);
  expect(await visit(due, (session) => session.lock())).toEqual([sent]);
});

test('a logout is stronger, and a new id keeps it', async () => {
  const { visit, sessions } = siteOf({ logoutCookies: ['second'] });
  const [own, second, ...more] = await visit(due, (session) => session.regenerate());
  expect([own, second, more]).toEqual([sent, expect.stringMatching(/^PHPSESSID=/), []]);
  sessions.set(id, { data: Buffer.from(row), usedAt: Date.now(), logouts: 0 });
  const removed = expect.stringMatching(/^(?:second|PHPSESSID)=deleted;/);
  expect(await visit(due, (session) => session.destroy())).toEqual([removed, removed]);
});

test('it is not packed as the id is, and ends with the browser', async () => {
  const cookieEncoding = { decode: (value: string) => value.slice(1), encode: (id: string) => `!${id}` };
  const { visit } = siteOf({ cookieEncoding, cookieLifetime: 3600 });
  expect(await visit(`PHPSESSID=!${id}; second=old-made-u`)).toEqual([sent]);
});

test('a jar gets its value, and its attributes', async () => {
  const { open } = siteOf({ cookieLifetime: 3600, cookieHttponly: true });
  const set = jest.fn();
  const session = await open({ get: (name: string) => (name === 'second' ? 'old-made-u' : id), set });
  await session.commit();
  expect(set.mock.calls).toEqual([
    ['second', 'new-made-u', expect.objectContaining({ path: '/', httpOnly: true, maxAge: undefined })],
  ]);
});

test('it gets the address and the time, and the columns of the row', async () => {
  const renew = jest.fn<IdleCookie['renew']>(() => undefined);
  const { open } = siteOf({ idleCookie: { name: 'second', renew } });
  await (await open(due, { address: '192.0.2.1' })).commit();
  const [, request] = renew.mock.calls[0]!;
  expect(request).toMatchObject({ value: 'old-made-u', address: '192.0.2.1', columns: {} });
  expect(Math.abs(request.time - Date.now() / 1000)).toBeLessThan(60);
});

test('what it throws fails the request; the row stays, and the lock is free', async () => {
  let fails = true;
  const renew = () => {
    if (fails) throw new Error('broken');
    return undefined;
  };
  const { open, sessions, visit } = siteOf({ idleCookie: { name: 'second', renew } });
  await expect(open(due)).rejects.toThrow('broken');
  fails = false;
  expect(await visit(due)).toEqual([]);
  expect(Buffer.from(sessions.get(id)!.data!).toString()).toBe(row);
});

test('a row that cannot be read has none', async () => {
  const { sessions, open } = siteOf();
  sessions.set(id, { data: Buffer.from('damaged'), usedAt: Date.now(), logouts: 0 });
  const session = await open(due);
  expect((await session.commit()).getSetCookie()).toEqual([]);
});
