import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryTable, type Harness, startHarness, until } from '../php/harness.ts';
import { isLocked, signal, storeOf } from './koa-helpers.ts';
import { type Handler, KoaSessionSite, writtenByPhp } from './koa-session-site.ts';

/** On each way that a request can take through koa-session, PHP waits until it has ended, and not longer. */
const table = binaryTable();
let php: Harness;
let site: KoaSessionSite;

const written = () => writtenByPhp(php, table, `$_SESSION = ['n' => 1, '_token' => 't']`);
const rowOf = (id: string) => php.row(table, id);
const original = 'n|i:1;_token|s:1:"t";';

async function withSite(options: object, work: (site: KoaSessionSite) => Promise<void>): Promise<void> {
  const other = await KoaSessionSite.start({ store: storeOf(table), ...options });
  try {
    await work(other);
  } finally {
    await other.stop();
  }
}

beforeAll(async () => {
  php = await startHarness([table]);
  site = await KoaSessionSite.start({ store: storeOf(table) });
});

afterAll(async () => {
  await site.stop();
  await php.stop();
});

const fail = () => {
  throw new Error('oops');
};

const ways: [string, Handler, { status?: number; row?: string | undefined }?][] = [
  ['does not look at the session', () => undefined],
  ['only reads', (ctx) => ctx.session!.n],
  ['changes it', (ctx) => (ctx.session!.n = 2), { row: original.replace('i:1', 'i:2') }],
  ['throws', fail, { status: 500 }],
  [
    'changes it and throws',
    (ctx) => {
      ctx.session!.n = 2;
      ctx.throw(403);
    },
    { status: 403, row: original.replace('i:1', 'i:2') },
  ],
  [
    'logs out',
    (ctx) => {
      ctx.session = null;
    },
    { row: undefined },
  ],
  [
    'logs out and throws',
    (ctx) => {
      ctx.session = null;
      fail();
    },
    { status: 500, row: undefined },
  ],
  ['destroys it', (ctx) => ctx.phpSession.destroy(), { row: undefined }],
  ['regenerates', (ctx) => ctx.session!.regenerate(), { row: '' }],
  ['regenerates without await', (ctx) => void ctx.session!.regenerate(), { row: '' }],
  [
    'regenerates and throws',
    async (ctx) => {
      await ctx.session!.regenerate();
      fail();
    },
    { status: 500, row: '' },
  ],
  ['saves by hand', (ctx) => ctx.session!.save()],
  ['closes it', (ctx) => ctx.phpSession.close()],
  [
    'answers by itself',
    (ctx) => {
      ctx.respond = false;
      ctx.session!.n = 2;
      ctx.res.writeHead(200).end('raw');
    },
    { row: original.replace('i:1', 'i:2') },
  ],
  [
    'answers by itself, later',
    (ctx) => {
      ctx.respond = false;
      setTimeout(() => ctx.res.writeHead(200).end('raw'), 200);
    },
  ],
  ['assigns a string', (ctx) => (ctx.session = 'text' as never), { status: 500 }],
  ['stores what cannot be stored', (ctx) => (ctx.session!.n = Symbol('n')), { status: 500 }],
];

test.each(ways)('a handler that %s holds the lock while it runs, and frees it', async (_, handler, expected = {}) => {
  const id = await written();
  let wasLocked: boolean | undefined;
  const answer = await site.ask(
    async (ctx) => {
      wasLocked = await isLocked(table, id);
      return handler(ctx);
    },
    { id },
  );
  expect(wasLocked).toBe(true);
  expect(answer.status).toBe(expected.status ?? 200);
  if (answer.value === 'raw') await until(async () => !(await isLocked(table, id))); // the answer came before the end
  expect(await isLocked(table, id)).toBe(false);
  expect(await rowOf(id)).toBe('row' in expected ? expected.row : original);
  if (answer.id && answer.id !== 'deleted') {
    expect(await isLocked(table, answer.id)).toBe(false);
    expect(await rowOf(answer.id)).toBe(original);
  }
  site.codes();
});

test.each([
  ['before the lock is had', true],
  ['while the handler runs', false],
])('a client that goes away %s', async (_, isWaiting) => {
  const id = await written();
  const free = isWaiting ? await php.hold(table, id) : async () => undefined;
  const [running, end, gone] = [signal(), signal(), new AbortController()];
  let runs = 0;
  const asked = site.ask(
    async (ctx) => {
      runs++;
      ctx.session!.n = 2;
      running.happen();
      await end.happened;
      ctx.session!.n = 3;
    },
    { id, signal: gone.signal },
  );
  const failed = expect(asked).rejects.toThrow('abort');
  if (isWaiting) await until(async () => ((await waiters()) as unknown[]).length > 0);
  else await running.happened;
  gone.abort();
  await failed;
  if (isWaiting) await until(async () => ((await waiters()) as unknown[]).length === 0);
  else expect(await isLocked(table, id)).toBe(true);
  end.happen();
  await free();
  await until(async () => !(await isLocked(table, id)));
  expect(runs).toBe(isWaiting ? 0 : 1);
  expect(await rowOf(id)).toBe(isWaiting ? original : original.replace('i:1', 'i:3'));
  site.codes();
});

const waiters = () =>
  php.sql(
    `SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE '%${table.name}% FOR UPDATE' AND ID <> CONNECTION_ID()`,
  );

test('rolling: a handler that answers by itself sends no cookie, and does not fail', async () => {
  await withSite({ rolling: true }, async (rolling) => {
    const id = await written();
    const answer = await rolling.ask(
      (ctx) => {
        ctx.respond = false;
        ctx.res.writeHead(200).end('raw');
        ctx.session!.n = 2;
      },
      { id },
    );
    expect(answer).toMatchObject({ status: 200, value: 'raw', cookies: [] });
    await until(async () => (await rowOf(id)) !== original);
    await until(async () => !(await isLocked(table, id)));
    expect(rolling.codes()).toEqual([]);
  });
});

test('no update is lost between koa-session and PHP', async () => {
  const id = await written();
  const count: Handler = async (ctx) => {
    const n = ctx.session!.n as number;
    await new Promise((resolve) => setTimeout(resolve, 5));
    ctx.session!.n = n + 1;
  };
  const countInPhp = '$handler->start(); $n = $_SESSION["n"]; usleep(5000); $_SESSION["n"] = $n + 1; return true;';
  const requests = Array.from({ length: 20 }, async (_, i) =>
    i % 2 === 0
      ? (await site.ask(count, { id })).status
      : (await php.ask({ driver: 'pdo', table, id }, countInPhp)).status,
  );
  expect(new Set(await Promise.all(requests))).toEqual(new Set([200]));
  expect(await rowOf(id)).toBe(original.replace('i:1', 'i:21'));
});

test('a lock that is not free in time is a 503, and no visitor is logged out', async () => {
  await withSite({ store: storeOf(table, { lockTimeout: 0.3 }) }, async (impatient) => {
    const id = await written();
    const free = await php.hold(table, id);
    const answer = await impatient.ask((ctx) => (ctx.session!.n = 2), { id });
    await free();
    expect([answer.status, answer.headers.get('retry-after'), answer.cookies]).toEqual([503, '1', []]);
    expect(impatient.codes()).toEqual(['ERR_SESSION_LOCK_TIMEOUT']);
    expect(await rowOf(id)).toBe(original);
  });
});

test('a database that does not answer is a 503, also for the first thing that is stored', async () => {
  await withSite({ store: storeOf(table, { connection: { host: '127.0.0.1', port: 1 } }) }, async (cut) => {
    for (const question of [{ id: 'abc' }, {}]) {
      const answer = await cut.ask((ctx) => (ctx.session!.n = 2), question);
      expect([answer.status, answer.headers.get('retry-after'), answer.cookies]).toEqual([503, '1', []]);
    }
    expect((await cut.ask(() => 'no session')).value).toBe('no session');
    expect(cut.codes()).toEqual(['ERR_SESSION_UNAVAILABLE', 'ERR_SESSION_UNAVAILABLE']);
  });
});

test('logout stays logout: what was changed after the lock was lost and the row deleted is not revived', async () => {
  await withSite({ store: storeOf(table, { maxHold: 1 }), rolling: true }, async (slow) => {
    const id = await written();
    let gone = 0;
    slow.app.on('session:gone', () => gone++);
    const answer = await slow.ask(
      async (ctx) => {
        ctx.session!.n = 2;
        await until(async () => !(await isLocked(table, id)));
        await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return session_destroy();');
      },
      { id },
    );
    expect([answer.status, answer.cookies, gone]).toEqual([200, [], 1]);
    expect(await rowOf(id)).toBeUndefined();
  });
});

describe('ctx.session = null', () => {
  test('removes the cookie as PHP does; what is stored then begins another session', async () => {
    const id = await written();
    const answer = await site.ask(
      (ctx) => {
        ctx.session = null;
        return ctx.session;
      },
      { id },
    );
    expect(answer.value).toBeNull();
    expect(answer.cookies).toEqual(['PHPSESSID=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/']);

    const other = await written();
    const again = await site.ask(
      (ctx) => {
        ctx.session = null;
        ctx.session = { user: 'bob' };
      },
      { id: other },
    );
    expect(again.id).toMatch(/^[0-9a-f]{32}$/);
    expect(again.id).not.toBe(other);
    expect(await rowOf(other)).toBeUndefined();
    expect(await rowOf(again.id!)).toBe('user|s:3:"bob";');
  });
});

describe('hooks that fail', () => {
  test.each(['valid', 'beforeSave'])('%s: a 500, nothing is written, and the lock is free', async (hook) => {
    await withSite({ [hook]: fail }, async (failing) => {
      const id = await written();
      const answer = await failing.ask((ctx) => (ctx.session!.n = 2), { id });
      expect(answer.status).toBe(500);
      expect(await isLocked(table, id)).toBe(false);
      expect(await rowOf(id)).toBe(original);
    });
  });
});

describe('autoCommit: false', () => {
  test('without manuallyCommit() nothing is saved but a logout, and the lock is free', async () => {
    await withSite({ autoCommit: false }, async (manual) => {
      const id = await written();
      const forgotten = await manual.ask((ctx) => (ctx.session!.n = 2), { id });
      expect(forgotten).toMatchObject({ status: 200, cookies: [] });
      expect([await isLocked(table, id), await rowOf(id)]).toEqual([false, original]);
      await manual.ask(
        (ctx) => {
          ctx.session = null;
        },
        { id },
      );
      expect(await rowOf(id)).toBeUndefined();
      expect(manual.codes()).toEqual([]);
    });
  });

  test.each(['manuallyCommit', 'save'] as const)('%s() saves at once, and frees the lock', async (call) => {
    await withSite({ autoCommit: false }, async (manual) => {
      const id = await written();
      const answer = await manual.ask(
        async (ctx) => {
          ctx.session!.n = 2;
          await ctx.session![call]();
          return [await rowOf(id), await isLocked(table, id)];
        },
        { id },
      );
      expect(answer.value).toEqual([original.replace('i:1', 'i:2'), false]);
      expect(answer.cookies).toEqual([]);
      expect(manual.codes()).toEqual([]);
    });
  });

  test.each([
    ['and what comes after it is saved at the end', () => undefined],
    ['and so by hand', (ctx) => ctx.session!.save()],
  ] as [string, Handler][])('regenerate() is never forgotten, %s', async (_, then) => {
    await withSite({ autoCommit: false }, async (manual) => {
      const id = await written();
      const answer = await manual.ask(
        async (ctx) => {
          await ctx.session!.regenerate();
          ctx.session!.n = 2;
          await then(ctx);
        },
        { id },
      );
      expect([await rowOf(id), await rowOf(answer.id!)]).toEqual(['', original.replace('i:1', 'i:2')]);
      expect(manual.codes()).toEqual([]);
    });
  });

  test('a change after manuallyCommit() is reported', async () => {
    await withSite({ autoCommit: false }, async (manual) => {
      const id = await written();
      await manual.ask(
        async (ctx) => {
          await ctx.session!.manuallyCommit();
          ctx.session!.n = 2;
        },
        { id },
      );
      expect(await rowOf(id)).toBe(original);
      expect(manual.codes()).toEqual(['ERR_SESSION_CLOSED']);
    });
  });
});

describe('without the lock', () => {
  test('merge: two requests at once lose nothing, and PHP does not wait for them', async () => {
    await withSite({ mode: 'merge' }, async (merging) => {
      const id = await written();
      const [both, goOn] = [signal(), signal()];
      let here = 0;
      const set = (key: string) => async (ctx: Parameters<Handler>[0]) => {
        ctx.session![key] = 1;
        if (++here === 2) both.happen();
        await goOn.happened;
      };
      const asking = [merging.ask(set('one'), { id }), merging.ask(set('other'), { id })];
      await both.happened;
      const { result } = await php.ask({ driver: 'pdo', table, id }, `$handler->start(); return ++$_SESSION['n'];`);
      expect(result).toBe(2);
      goOn.happen();
      for (const answer of await Promise.all(asking)) expect(answer.status).toBe(200);
      const { result: session } = await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return $_SESSION;');
      expect(session).toEqual({ n: 2, _token: 't', one: 1, other: 1 });
    });
  });

  test('readonly: a change is reported, and not saved', async () => {
    await withSite({ mode: 'readonly' }, async (readonly) => {
      const id = await written();
      const release = await php.hold(table, id);
      const answer = await readonly.ask((ctx) => ++(ctx.session as unknown as { n: number }).n, { id });
      await release();
      expect(answer).toMatchObject({ status: 200, value: 2 });
      expect(readonly.errors.splice(0)).toMatchObject([{ code: 'ERR_SESSION_READONLY' }]);
      expect(await rowOf(id)).toBe(original);
    });
  });

  test('lock()', async () => {
    await withSite({ mode: 'merge' }, async (merging) => {
      const id = await written();
      await merging.ask(
        async (ctx) => {
          ctx.session!.mine = 1;
          await php.ask({ driver: 'pdo', table, id }, `$handler->start(); return ++$_SESSION['n'];`);
          await ctx.phpSession.lock();
          expect(await isLocked(table, id)).toBe(true);
          expect(ctx.session!.n).toBe(2);
          (ctx.session as unknown as { n: number }).n++;
        },
        { id },
      );
      expect(await rowOf(id)).toBe('n|i:3;_token|s:1:"t";mine|i:1;');
    });
  });
});
