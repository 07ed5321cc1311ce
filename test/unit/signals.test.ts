import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Koa from 'koa';
import { base64, encodedStore } from '../../src/encoded.ts';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../src/middleware/koa.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { bytes, newId, withLease, writeText } from '../../src/testing/leases.ts';
import { heard, Signals } from '../helpers/signals.ts';

type Context = Koa.ParameterizedContext<Koa.DefaultState, PhpSessionContext>;
type Handler = (ctx: Context) => unknown;

const ms = expect.any(Number);
let store: SessionStore;

beforeEach(() => {
  store = memoryStore({ lockTimeout: 1, maxWaiters: 1 });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await store.close();
});

/** Sends one request; `outer` stands in front of the session. */
async function ask(handle: Handler, id?: string, options: Partial<SessionOptions> = {}, outer?: Koa.Middleware) {
  const app = new Koa<Koa.DefaultState, PhpSessionContext>();
  app.silent = true;
  if (outer !== undefined) app.use(outer as never);
  app.use(phpSession({ store, ...options }));
  app.use(async (ctx) => {
    await handle(ctx);
    ctx.body ??= 'ok';
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const headers: Record<string, string> = id === undefined ? {} : { cookie: `PHPSESSID=${id}` };
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers });
  await answer.text();
  server.close();
  return answer;
}

const set =
  (name: string, value: unknown): Handler =>
  (ctx) => {
    ctx.session[name] = value;
  };

/** A stored session. */
async function stored(text = 'a|i:1;'): Promise<string> {
  const id = newId();
  await writeText(store, id, text);
  return id;
}

describe('lock and release', () => {
  test('how long a request has waited, and how long it has held the lock', async () => {
    const id = await stored();
    const { all } = await heard(async () => {
      const lease = await store.open(id);
      const second = store.open(id).then(async (other) => other.release());
      await sleep(50);
      await lease.release();
      await second;
    });
    expect(all).toEqual([
      { name: 'lock', message: { waited: ms, queued: ms, outcome: 'locked' } },
      { name: 'release', message: { held: ms } },
      { name: 'lock', message: { waited: ms, queued: ms, outcome: 'locked' } },
      { name: 'release', message: { held: ms } },
    ]);
    const [first, held, second] = all.map(({ message }) => message as { waited: number; queued: number; held: number });
    // Timers fire up to a millisecond early.
    expect(held!.held).toBeGreaterThan(48);
    expect(second!.queued).toBeGreaterThan(48);
    expect(second!.waited).toBeGreaterThanOrEqual(second!.queued);
    expect(first!.queued).toBeLessThan(48);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['no such session', async () => store.open(newId(), { create: false }), 'none'],
    [
      'it takes too long',
      async () => {
        const id = newId();
        await withLease(store, id, () => expect(store.open(id)).rejects.toThrow());
      },
      'failed',
    ],
    [
      'too many wait',
      async () => {
        const id = newId();
        await withLease(store, id, async () => {
          const waiting = store.open(id).catch(() => undefined);
          await expect(store.open(id)).rejects.toMatchObject({ code: 'ERR_SESSION_BUSY' });
          await waiting;
        });
      },
      'failed',
    ],
    [
      'the client goes away',
      async () => {
        const [id, going] = [newId(), new AbortController()];
        await withLease(store, id, async () => {
          const opening = store.open(id, { signal: going.signal });
          going.abort();
          await expect(opening).rejects.toThrow();
        });
      },
      'aborted',
    ],
  ])('%s', async (_, work, outcome) => {
    const outcomes = (await heard(work)).of('lock').map((message) => message.outcome);
    expect(outcomes).toContain(outcome);
  });
});

describe('commit', () => {
  const change = set('b', 'é');

  test.each<[string, string | undefined, Handler, Partial<SessionOptions>, object | undefined]>([
    ['a look', 'a|i:1;', (ctx) => ctx.session.a, {}, { outcome: 'unchanged', bytes: 6, moved: false }],
    [
      'a look without the lock',
      'a|i:1;',
      (ctx) => ctx.session.a,
      { mode: 'merge' },
      { outcome: 'unchanged', bytes: 6 },
    ],
    ['a look in readonly', 'a|i:1;', (ctx) => ctx.session.a, { mode: 'readonly' }, { outcome: 'unchanged', bytes: 6 }],
    ['a change', 'a|i:1;', change, {}, { outcome: 'written', bytes: 17, moved: false }],
    ['a change without the lock', 'a|i:1;', change, { mode: 'merge' }, { outcome: 'written', bytes: 17 }],
    ['a new session', undefined, change, {}, { outcome: 'created', bytes: 11 }],
    ['a session that was empty', '', change, {}, { outcome: 'written' }],
    ['a new session without the lock', undefined, change, { mode: 'merge' }, { outcome: 'created', bytes: 11 }],
    ['a login', 'a|i:1;', (ctx) => ctx.phpSession.regenerate(), {}, { outcome: 'unchanged', bytes: 6, moved: true }],
    ['a logout', 'a|i:1;', (ctx) => ctx.phpSession.destroy(), {}, { outcome: 'destroyed', bytes: 0, moved: false }],
    ['nothing to store', undefined, (ctx) => ctx.session.a, {}, undefined],
    ['nothing to read', undefined, (ctx) => ctx.session.a, { mode: 'readonly' }, undefined],
  ])('%s', async (_, row, handle, options, expected) => {
    const id = row === undefined ? undefined : await stored(row);
    const { all } = await heard(() => ask(handle, id, options));
    const commits = all.filter(({ name }) => name === 'commit').map(({ message }) => message);
    expect(commits).toEqual(expected === undefined ? [] : [{ duration: ms, moved: false, bytes: ms, ...expected }]);
  });

  test('an id without a row: nothing is stored for a look, and a session is created by a change', async () => {
    for (const mode of ['exclusive', 'merge', 'readonly'] as const) {
      expect((await heard(() => ask((ctx) => ctx.session.a, newId(), { mode }))).of('commit')).toEqual([]);
    }
    for (const mode of ['exclusive', 'merge'] as const) {
      const commits = (await heard(() => ask(change, newId(), { mode }))).of('commit');
      expect(commits).toMatchObject([{ outcome: 'created', bytes: 11 }]);
    }
  });

  test('headers that go out early: one for the new id, and one for what came after it', async () => {
    const signals = await heard(() =>
      ask(async (ctx) => {
        ctx.respond = false;
        ctx.session.a = 1;
        await new Promise((resolve) => ctx.res.write('early', resolve));
        ctx.session.b = 2;
        ctx.res.end();
      }),
    );
    expect(signals.of('commit').map(({ outcome }) => outcome)).toEqual(['created', 'written']);
  });
});

describe('merge and gone', () => {
  const other = (id: string, text: string) => writeText(store, id, text);

  test.each([
    ['another value', 'a|i:1;c|i:9;', 0],
    ['the same value', 'a|i:7;', 1],
  ])('another request has changed %s', async (_, theirs, conflicts) => {
    const id = await stored();
    const handle: Handler = async (ctx) => {
      await other(id, theirs);
      ctx.session[conflicts > 0 ? 'a' : 'b'] = 2;
    };
    const signals = await heard(() => ask(handle, id, { mode: 'merge' }));
    expect(signals.of('merge')).toEqual([{ conflicts }]);
    expect(signals.of('commit')).toMatchObject([{ outcome: 'merged' }]);
  });

  test('lock() puts the change on what another request has stored', async () => {
    const id = await stored();
    const handle: Handler = async (ctx) => {
      ctx.session.b = 2;
      await other(id, 'a|i:7;');
      await ctx.phpSession.lock();
    };
    const signals = await heard(() => ask(handle, id, { mode: 'merge' }));
    expect(signals.of('merge')).toEqual([{ conflicts: 0 }]);
    expect(signals.of('lock').at(-1)).toMatchObject({ outcome: 'locked' });
  });

  test.each(['merge', 'readonly'] as const)('a logout while a request ran in the mode %s', async (mode) => {
    const id = await stored();
    const handle: Handler = async (ctx) => {
      if (mode === 'merge') ctx.session.b = 2;
      await withLease(store, id, (lease) => lease.destroy());
    };
    const signals = await heard(() => ask(handle, id, { mode }));
    expect([signals.of('gone'), signals.of('commit')]).toEqual([[{}], []]);
  });
});

describe('refuse', () => {
  const full = () => memoryStore({ maxSessions: 0 });

  test.each<[string, () => Promise<unknown>, string[]]>([
    [
      'a wait that is too long',
      async () => {
        const id = await stored();
        await withLease(store, id, () => ask(() => undefined, id));
      },
      ['ERR_SESSION_LOCK_TIMEOUT'],
    ],
    ['no room', () => ask(set('a', 1), undefined, { store: full() }), ['ERR_SESSION_UNAVAILABLE']],
    [
      'a row that is no session',
      async () => ask((ctx) => ctx.session.a, await stored('no session')),
      ['ERR_PHP_SYNTAX'],
    ],
    [
      'such a row that counts as none',
      async () => ask((ctx) => ctx.session.a, await stored('no session'), { onUnreadable: 'new' }),
      ['ERR_PHP_SYNTAX'],
    ],
    ['a row that no page looks at', async () => ask(() => undefined, await stored('no session')), ['ERR_PHP_SYNTAX']],
    [
      'a row in another encoding',
      async () => ask((ctx) => ctx.session.a, await stored(), { store: encodedStore(store, base64) }),
      ['ERR_PHP_SYNTAX'],
    ],
    [
      'a value that PHP cannot hold',
      async () =>
        ask(
          set('a', () => undefined),
          await stored(),
        ),
      ['ERR_PHP_UNREPRESENTABLE'],
    ],
    [
      'a change in readonly',
      async () => ask(set('a', 2), await stored(), { mode: 'readonly' }),
      ['ERR_SESSION_READONLY'],
    ],
    [
      'two that changed the same',
      async () => {
        const id = await stored();
        await ask(
          async (ctx) => {
            ctx.session.a = 2;
            await writeText(store, id, 'a|i:7;');
          },
          id,
          { mode: 'merge', onConflict: 'error' },
        );
      },
      ['ERR_SESSION_CONFLICT'],
    ],
    [
      'an error of the application',
      async () =>
        ask(
          () => {
            throw new Error('of the application');
          },
          await stored(),
        ),
      [],
    ],
  ])('%s', async (_, work, codes) => {
    const signals = await heard(work);
    expect(signals.of('refuse')).toEqual(codes.map((code) => ({ code, cause: {} })));
  });
});

test('gc: how many sessions were deleted', async () => {
  await stored();
  await stored();
  const start = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => start + 100_000);
  const signals = await heard(() => store.gc(10));
  expect(signals.of('gc')).toEqual([{ rows: 2, duration: ms, failed: false }]);
});

describe('listeners', () => {
  test('hear a signal in the asynchronous context of its request', async () => {
    const requests = new AsyncLocalStorage<string>();
    const [id, other] = [await stored(), await stored()];
    const contexts = new Set<string>();
    const signals = new Signals((name) => contexts.add(`${name} ${requests.getStore()}`));
    const outer =
      (name: string): Koa.Middleware =>
      (_, next) =>
        requests.run(name, next);
    await Promise.all([
      ask(set('b', 2), id, {}, outer('one')),
      ask(set('c', 2), id, {}, outer('two')),
      ask(
        set('a', () => undefined),
        other,
        {},
        outer('three'),
      ),
    ]);
    signals.stop();
    const expected = ['lock one', 'release one', 'commit one', 'lock two', 'release two', 'commit two'];
    expect([...contexts].sort()).toEqual([...expected, 'lock three', 'release three', 'refuse three'].sort());
  });

  test('without one, no message is made and no time is taken', async () => {
    const id = await stored('a|i:1;');
    // What a deadline takes, and nothing else: see deadline.ts.
    const clock = jest.spyOn(performance, 'now');
    await withLease(store, id, (lease) => lease.commit({ data: bytes('a|i:2;') }));
    const silent = clock.mock.calls.length;
    clock.mockClear();
    await heard(() => withLease(store, id, (lease) => lease.commit({ data: bytes('a|i:3;') })));
    expect(clock.mock.calls.length - silent).toBe(5); // begun, turn, now; begun, now
  });
});
