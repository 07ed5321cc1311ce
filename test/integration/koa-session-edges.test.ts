import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { storeOf } from './koa-helpers.ts';
import { type Handler, KoaSessionSite, writtenByPhp } from './koa-session-site.ts';

/** Where koa-session's options meet calls of `ctx.phpSession`: nothing is forgotten, and nothing happens twice. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(async () => {
  await php.stop();
});

const written = () => writtenByPhp(php, table, `$_SESSION = ['user' => 'alice']`);

async function once(options: object, id: string | undefined, handler: Handler) {
  const site = await KoaSessionSite.start({ store: storeOf(table), ...options });
  const answer = await site.ask(handler, { id }).finally(() => site.stop());
  return { ...answer, codes: site.codes() };
}

test('autoCommit: false, a logout with something stored after it', async () => {
  const id = await written();
  const answer = await once({ autoCommit: false }, id, (ctx) => {
    ctx.session = null;
    ctx.session = { bye: 1 };
  });
  expect(await php.row(table, id)).toBeUndefined();
  expect(await php.row(table, answer.id!)).toBe('bye|i:1;');
});

test('autoCommit: false, ctx.phpSession.regenerate() is saved as ctx.session.regenerate() is', async () => {
  const id = await written();
  const answer = await once({ autoCommit: false }, id, (ctx) => ctx.phpSession.regenerate());
  expect(await php.row(table, id)).toBe('');
  expect(answer.id).not.toBe(id);
  expect(await php.row(table, answer.id!)).toBe('user|s:5:"alice";');
});

const seen = {
  beforeSave(_ctx: unknown, session: { seen?: number }) {
    session.seen = (session.seen ?? 0) + 1;
  },
};

test('beforeSave is called before ctx.phpSession.close(), and not again', async () => {
  const id = await written();
  const answer = await once(seen, id, async (ctx) => {
    ctx.session!.n = 1;
    await ctx.phpSession.close();
  });
  expect(answer.codes).toEqual([]);
  expect(await php.row(table, id)).toBe('user|s:5:"alice";n|i:1;seen|i:1;');
});

test('beforeSave is called once for regenerate() and manuallyCommit()', async () => {
  const id = await written();
  const answer = await once({ ...seen, autoCommit: false }, id, async (ctx) => {
    await ctx.session!.regenerate();
    await ctx.session!.manuallyCommit();
  });
  expect(answer.codes).toEqual([]);
  expect(await php.row(table, answer.id!)).toBe('user|s:5:"alice";seen|i:1;');
});

test('beforeSave makes no session after ctx.phpSession.destroy()', async () => {
  const [id, before] = [await written(), await php.count(table)];
  const answer = await once(seen, id, (ctx) => ctx.phpSession.destroy());
  expect(answer.cookies).toEqual([expect.stringContaining('PHPSESSID=deleted')]);
  expect(await php.count(table)).toBe(before - 1);
});

test('a call that fails and is not awaited is reported, and does not end the process', async () => {
  const id = await written();
  const answer = await once({ autoCommit: false }, id, (ctx) => {
    ctx.session!.bad = () => 1;
    void ctx.session!.manuallyCommit();
  });
  expect(answer.codes).toContain('ERR_PHP_UNREPRESENTABLE');
  expect(await php.row(table, id)).toBe('user|s:5:"alice";');
});

test('maxAge, and then new content: the cookie has its lifetime', async () => {
  const answer = await once({}, undefined, (ctx) => {
    ctx.session!.maxAge = 86_400_000;
    ctx.session = { user: 'bob' };
  });
  expect(answer.cookies[0]).toContain('Max-Age=86400');
  expect(await php.row(table, answer.id!)).toBe('user|s:3:"bob";');
});

test('only a plain object can become the session', async () => {
  const id = await written();
  const answer = await once({}, id, (ctx) => {
    expect(() => Object.assign(ctx, { session: new Map([['user', 'eve']]) })).toThrow(TypeError);
    // biome-ignore lint/correctness/noSelfAssign: it must not do anything
    ctx.session = ctx.session;
  });
  expect(answer.status).toBe(200);
  expect(await php.row(table, id)).toBe('user|s:5:"alice";');
});

test('what was public before the session was used is private with it', async () => {
  const answer = await once({}, undefined, (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=600');
    ctx.session!.user = 'bob';
  });
  expect(answer.headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
  const later = await once({}, undefined, (ctx) => {
    ctx.session!.user = 'bob';
    ctx.set('Cache-Control', 'private, max-age=600');
  });
  expect(later.headers.get('cache-control')).toBe('private, max-age=600');
});

/** A new session, whose answer begins while the handler runs. */
const early =
  (before: Handler, after: Handler): Handler =>
  async (ctx) => {
    ctx.respond = false;
    ctx.res.statusCode = 200;
    await before(ctx);
    ctx.res.write('a');
    await after(ctx);
    ctx.res.end('b');
  };

test('an answer that begins early: beforeSave is called for what is stored before, and after', async () => {
  const answer = await once(
    { ...seen, cookieLifetime: 60 },
    undefined,
    early(
      (ctx) => {
        ctx.session!.n = 1;
        ctx.session!.maxAge = 5_000;
      },
      (ctx) => (ctx.session!.n = 2),
    ),
  );
  expect(answer).toMatchObject({ status: 200, value: 'ab', codes: [] });
  expect(answer.cookies).toEqual([expect.stringContaining('Max-Age=5;')]);
  expect(await php.row(table, answer.id!)).toBe('n|i:2;seen|i:2;');
});

test('an answer that begins early: beforeSave is called once if it throws, and nothing is stored', async () => {
  const before = await php.count(table);
  let calls = 0;
  const beforeSave = () => {
    calls++;
    throw new Error('refused');
  };
  const set: Handler = (ctx) => (ctx.session!.n = 1);
  const answer = await once({ beforeSave }, undefined, early(set, set));
  expect(answer).toMatchObject({ status: 500, id: undefined });
  expect(answer.codes).toEqual([expect.objectContaining({ message: 'refused' })]);
  expect([calls, await php.count(table)]).toEqual([1, before]);
});

test('rolling: when beforeSave has failed, the cookie of a new id that was not stored is not sent', async () => {
  const id = await writtenByPhp(php, table, `$_SESSION = ['n' => 1]`);
  const beforeSave = () => {
    throw new Error('refused');
  };
  const answer = await once({ beforeSave, rolling: true }, id, async (ctx) => {
    await ctx.phpSession.regenerate();
    await ctx.phpSession.close().catch(() => undefined);
  });
  expect(answer.cookies).toEqual([]);
  expect(await php.row(table, id)).toBe('n|i:1;');
});

test('autoCommit: false, an answer that begins early: stored is what is saved by hand', async () => {
  const before = await php.count(table);
  const forgotten = await once(
    { autoCommit: false },
    undefined,
    early(
      (ctx) => (ctx.session!.n = 1),
      () => undefined,
    ),
  );
  expect(forgotten).toMatchObject({ status: 200, value: 'ab', id: undefined, codes: [] });
  expect(await php.count(table)).toBe(before);
  const saved = await once(
    { autoCommit: false },
    undefined,
    early(
      (ctx) => {
        ctx.session!.n = 1;
        return ctx.session!.manuallyCommit();
      },
      () => undefined,
    ),
  );
  expect(await php.row(table, saved.id!)).toBe('n|i:1;');
});
