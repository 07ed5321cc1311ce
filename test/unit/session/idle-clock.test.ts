import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type OpenSession, type SessionOpenerOptions, sessionOpener } from '../../../src/session.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

// The option `idleClock`, as Symfony's preset has it.

const id = 'a'.repeat(32);
const cookie = `PHPSESSID=${id}`;
const threshold = 60;
const idleClock = (data: Record<string, { u?: number }>, now: number) => {
  const { meta } = data;
  if (meta?.u !== undefined && now - meta.u >= threshold) meta.u = now;
};
const row = (clock: number, rest = '') => `meta|a:1:{s:1:"u";i:${clock};}${rest}`;

interface Session {
  meta?: { u: number };
  [key: string]: unknown;
}

let sessions: Map<string, MemorySession>;
let now: number;
beforeEach(() => {
  sessions = new Map();
  now = 1_800_000_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now * 1000);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function opener(options: Partial<SessionOpenerOptions> = {}) {
  return sessionOpener<Session>({ store: memoryStore({ sessions, lockTimeout: 2 }), idleClock, ...options });
}

function put(data: string): void {
  sessions.set(id, { data: Buffer.from(data), usedAt: Date.now(), logouts: 0 });
}

const stored = (at = id) => Buffer.from(sessions.get(at)?.data ?? '').toString();

async function visit(
  options: Partial<SessionOpenerOptions>,
  work: (session: OpenSession<Session>) => unknown = () => undefined,
) {
  const session = await opener(options)(cookie);
  await work(session);
  await session.commit();
  return session;
}

describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
  test('the clock moves when it is due, and a page sees what was there', async () => {
    put(row(now - threshold));
    await visit({ mode }, (session) => expect(session.data.meta?.u).toBe(now - threshold));
    expect(stored()).toBe(row(now));
    now += threshold - 1;
    await visit({ mode });
    expect(stored()).toBe(row(now - threshold + 1));
  });

  test('it moves with a change of the page, and after regenerate()', async () => {
    put(row(1));
    await visit({ mode }, (session) => {
      session.data.n = 1;
    });
    expect(stored()).toBe(row(now, 'n|i:1;'));
    put(row(1));
    const session = await visit({ mode }, (session) => session.regenerate());
    expect(stored(session.id)).toBe(row(now));
    put(row(1));
    const other = await visit({ mode }, (session) => session.regenerate({ deleteOld: false }));
    expect([stored(other.id), stored()]).toEqual([row(now), row(1)]);
  });

  test('a session that is emptied, or ended, has no clock', async () => {
    for (const end of [
      (session: OpenSession<Session>) => void delete session.data.meta,
      (session: OpenSession<Session>) => session.destroy(),
    ]) {
      put(row(1));
      await visit({ mode }, end);
      expect(stored()).toBe('');
    }
  });

  test('what cannot be moved fails the request, and the row stays', async () => {
    put(row(1));
    const open = opener({
      mode,
      idleClock: () => {
        throw new Error('broken');
      },
    });
    const session = await open(cookie);
    session.data.n = 1;
    await expect(session.commit()).rejects.toThrow('broken');
    expect(stored()).toBe(row(1));
    const next = await opener()(cookie); // the lock is free
    await next.discard();
  });
});

test('two merges have one clock, and no conflict', async () => {
  put(row(1, 'n|i:0;'));
  const open = opener({ mode: 'merge', onConflict: 'error' });
  const [one, other] = [await open(cookie), await open(cookie)];
  one.data.a = 1;
  await one.commit();
  now += 5;
  other.data.b = 2;
  await other.commit();
  expect(stored()).toBe(row(now - 5, 'n|i:0;a|i:1;b|i:2;'));
});

test('in the mode readonly it stays, until lock()', async () => {
  put(row(1));
  await visit({ mode: 'readonly' });
  expect(stored()).toBe(row(1));
  await visit({ mode: 'readonly' }, (session) => session.lock());
  expect(stored()).toBe(row(now));
});

test('a row that is not there, or empty, gets none', async () => {
  await visit({});
  expect(stored()).toBe('');
  put('');
  await visit({}, (session) => {
    session.data.meta = { u: 1 };
  });
  expect(stored()).toBe(row(1));
});

test('a row that cannot be read stays as it is', async () => {
  put('damaged');
  await visit({});
  expect(stored()).toBe('damaged');
});
