import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { MergeConflict, RequestMode, SessionOptions } from '../../src/middleware/koa.ts';
import { binaryTable, type Harness, startHarness, until } from '../php/harness.ts';
import { type Handler, isLocked, putNew, Site, signal, storeOf } from './koa-helpers.ts';

/** What a request needs of its session: the lock, a merge at the end, or nothing but a look. PHP is on the other side of the row. */
const table = binaryTable();
const newId = () => randomBytes(16).toString('hex');
let php: Harness;
let sites: Site[];

async function siteOf(mode: SessionOptions['mode'], more: Partial<SessionOptions> = {}): Promise<Site> {
  const site = await Site.start({ store: storeOf(table, { connectionLimit: 20 }), ...(mode && { mode }), ...more });
  sites.push(site);
  return site;
}

const put = (data: string, age = 0) => putNew(php, table, data, age);

/** A request of PHP that sets a key. */
const phpSets = (id: string, key: string, value: number) =>
  php.ask(
    { driver: 'pdo', table, id },
    `$handler->start(); $_SESSION[${JSON.stringify(key)}] = ${value}; return $_SESSION;`,
  );

beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(async () => {
  await php.stop();
});
beforeEach(() => {
  sites = [];
});
afterEach(async () => {
  for (const site of sites) {
    expect(site.codes()).toEqual([]);
    await site.stop();
  }
});

describe('16 requests of one visitor at once', () => {
  const many = Array.from({ length: 16 }, (_, n) => n);

  /** @param togetherAt how many handlers must run at the same time before the first of them goes on */
  async function storm(
    mode: RequestMode,
    togetherAt: number,
    set: (session: Record<string, never>, n: number) => void,
    id: string,
  ) {
    const site = await siteOf(mode);
    const together = signal();
    let [now, most] = [0, 0];
    const handler =
      (n: number): Handler =>
      async (ctx) => {
        most = Math.max(most, ++now);
        if (now === togetherAt) together.happen();
        await together.happened;
        set(ctx.session as never, n);
        await sleep(10);
        now--;
      };
    const answers = await Promise.all(many.map((n) => site.ask(handler(n), { id })));
    expect(answers.map(({ status }) => status)).toEqual(many.map(() => 200));
    expect(site.gone).toBe(0);
    return most;
  }

  test('merge: they run together, and each change is kept', async () => {
    const id = await put('user|s:5:"alice";');
    await storm('merge', 16, (session, n) => Object.assign(session, { [`k${n}`]: n }), id);
    const { result } = await phpSets(id, 'php', 1);
    expect(result).toEqual({ user: 'alice', ...Object.fromEntries(many.map((n) => [`k${n}`, n])), php: 1 });
  });

  test('merge: also below one key, as Symfony keeps them', async () => {
    const id = await put(
      '_sf2_attributes|a:1:{s:4:"user";s:5:"alice";}_sf2_meta|a:3:{s:1:"u";i:1;s:1:"c";i:1;s:1:"l";s:1:"0";}',
    );
    await storm('merge', 16, (session, n) => Object.assign(session._sf2_attributes!, { [`k${n}`]: [n] }), id);
    const { result } = await phpSets(id, 'php', 1);
    expect(result).toEqual({
      _sf2_attributes: { user: 'alice', ...Object.fromEntries(many.map((n) => [`k${n}`, [n]])) },
      _sf2_meta: { u: 1, c: 1, l: '0' },
      php: 1,
    });
  });

  test('exclusive: one after the other', async () => {
    const id = await put('n|i:0;');
    expect(await storm('exclusive', 1, (session: Record<string, number>) => void session.n!++, id)).toBe(1);
    expect(await php.row(table, id)).toBe('n|i:16;');
  }, 60_000);
});

describe('merge', () => {
  test('does not wait for PHP to read, and keeps what PHP has changed since', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;b|i:1;')];
    const release = await php.hold(table, id);
    const [read, goOn] = [signal(), signal()];
    const asking = site.ask(
      async (ctx) => {
        ctx.session.a = 2;
        read.happen();
        await goOn.happened;
      },
      { id },
    );
    await read.happened;
    await release();
    await phpSets(id, 'b', 5);
    goOn.happen();
    expect((await asking).status).toBe(200);
    expect(await php.row(table, id)).toBe('a|i:2;b|i:5;');
  });

  test('waits for the lock of PHP to write', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;')];
    const release = await php.hold(table, id);
    const asking = site.ask((ctx) => Object.assign(ctx.session, { a: 2 }), { id });
    await sleep(300);
    expect(await php.row(table, id)).toBe('a|i:1;');
    await release();
    await asking;
    expect(await php.row(table, id)).toBe('a|i:2;');
  });

  test('holds no connection while the request runs', async () => {
    const site = await siteOf('merge', { store: storeOf(table, { connectionLimit: 1, lockTimeout: 3 }) });
    const [id, other] = [await put('a|i:1;'), await put('a|i:1;')];
    const inner = await site.ask(
      async (ctx) => {
        ctx.session.a = 2;
        return (await site.ask((ctx) => Object.assign(ctx.session, { a: 3 }), { id: other })).status;
      },
      { id },
    );
    expect(inner).toMatchObject({ status: 200, value: 200 });
    expect([await php.row(table, id), await php.row(table, other)]).toEqual(['a|i:2;', 'a|i:3;']);
  });

  test('what did not change is not written, but touched', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|i:01;', 1_000)];
    await site.ask((ctx) => ctx.session.a, { id });
    expect(await php.row(table, id)).toBe('a|i:01;');
    expect(await php.age(table, id)).toBeLessThan(60);
  });

  test.each([
    ['changed', (ctx: Parameters<Handler>[0]) => Object.assign(ctx.session, { a: 2 })],
    ['only read', (ctx: Parameters<Handler>[0]) => ctx.session.a],
  ])('a logout came, and the session was %s: it does not come back', async (_, change) => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;', 1_000)];
    const answer = await site.ask(
      async (ctx) => {
        change(ctx);
        await php.ask({ driver: 'pdo', table, id }, '$handler->start(); session_destroy(); return true;');
      },
      { id },
    );
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await php.row(table, id)).toBeUndefined();
    expect(site.gone).toBe(1);
    site.gone = 0;
  });

  test('a new visitor gets a session and a cookie', async () => {
    const site = await siteOf('merge');
    const answer = await site.ask((ctx) => Object.assign(ctx.session, { a: 1 }));
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
  });

  test('a login: a new id, and nothing under the old one', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;')];
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.user = 'alice';
        await ctx.phpSession.regenerate();
      },
      { id },
    );
    expect([await php.row(table, id), await php.row(table, answer.id!)]).toEqual(['', 'a|i:1;user|s:5:"alice";']);
  });

  test.each<[string, Handler]>([
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['null', (ctx) => void Object.assign(ctx, { session: null })],
  ])('a logout by %s', async (_, logout) => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;')];
    const answer = await site.ask(logout, { id });
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('deleted')]);
    expect(await php.row(table, id)).toBeUndefined();
  });

  test('close() saves; later changes are reported', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|i:1;')];
    await site.ask(
      async (ctx) => {
        ctx.session.a = 2;
        await ctx.phpSession.close();
        expect(await php.row(table, id)).toBe('a|i:2;');
        ctx.session.a = 3;
      },
      { id },
    );
    expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
    expect(await php.row(table, id)).toBe('a|i:2;');
  });

  test('an object that PHP knows, and a reference, stay what they are', async () => {
    const data = 'o|O:8:"App\\User":1:{s:14:"\0App\\User\0name";s:5:"alice";}l|a:2:{i:0;i:1;i:1;R:4;}m|a:1:{i:0;r:1;}';
    const [site, id] = [await siteOf('merge'), await put(data)];
    await site.ask(
      async (ctx) => {
        ctx.session.mine = 1.5;
        await phpSets(id, 'theirs', 2);
      },
      { id },
    );
    expect(await php.row(table, id)).toBe(`${data}theirs|i:2;mine|d:1.5;`);
  });
});

describe('a conflict', () => {
  /** Both count from 5: this request to 6, PHP to 8. */
  async function conflict(onConflict: SessionOptions['onConflict']) {
    const site = await siteOf('merge', onConflict && { onConflict });
    const told: unknown[] = [];
    site.app.on('session:conflict', (_ctx, paths) => told.push(...paths));
    const id = await put('n|i:5;');
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.n = 6;
        ctx.session.other = true;
        await phpSets(id, 'n', 8);
      },
      { id },
    );
    return { site, told, status: answer.status, row: await php.row(table, id) };
  }

  test.each<[string, SessionOptions['onConflict'], string]>([
    ['by default this request wins, in this one value', undefined, 'n|i:6;other|b:1;'],
    ['mine', 'mine', 'n|i:6;other|b:1;'],
    ['theirs', 'theirs', 'n|i:8;other|b:1;'],
    [
      'a function',
      ({ base, mine, theirs }: MergeConflict) => Number(mine) + Number(theirs) - Number(base),
      'n|i:9;other|b:1;',
    ],
  ])('%s', async (_, rule, expected) => {
    const { told, row, status } = await conflict(rule);
    expect({ told, row, status }).toEqual({ told: [['n']], row: expected, status: 200 });
  });

  test('error: nothing is written, and the client may try again', async () => {
    const { site, row, status } = await conflict('error');
    expect({ row, status }).toEqual({ row: 'n|i:8;', status: 503 });
    expect(site.codes()).toEqual(['ERR_SESSION_CONFLICT']);
  });
});

describe('readonly', () => {
  test('does not wait, and no request waits for it', async () => {
    const [site, id] = [await siteOf('readonly'), await put('a|i:1;', 1_000)]; // its time is due
    const release = await php.hold(table, id);
    const answer = await site.ask(async (ctx) => [ctx.session.a, await isLocked(table, id)], { id });
    await release();
    expect(answer.value).toEqual([1, true]);
    expect((await site.ask(() => isLocked(table, id), { id })).value).toBe(false);
  });

  test('a change is not written but reported; the answer stays', async () => {
    const [site, id] = [await siteOf('readonly'), await put('a|i:1;')];
    expect((await site.ask((ctx) => Object.assign(ctx.session, { a: 2 }), { id })).status).toBe(200);
    expect((await site.ask((ctx) => Object.assign(ctx.session, { a: 2 }))).id).toBeUndefined();
    await site.ask((ctx) => void delete ctx.session.a, { id });
    expect(site.codes()).toEqual(Array(3).fill('ERR_SESSION_READONLY'));
    expect(await php.row(table, id)).toBe('a|i:1;');
  });

  test('keeps the session alive, once in touchInterval', async () => {
    const [site, id] = [await siteOf('readonly'), await put('a|i:1;', 1_000)];
    await site.ask((ctx) => ctx.session.a, { id });
    expect(await php.age(table, id)).toBeLessThan(60);
    const young = await put('a|i:1;', 30);
    await site.ask((ctx) => ctx.session.a, { id: young });
    expect(await php.age(table, young)).toBeGreaterThanOrEqual(30);
  });

  test('an unknown cookie: no row, no cookie', async () => {
    const [site, before] = [await siteOf('readonly'), await php.count(table)];
    const answer = await site.ask((ctx) => ctx.session, { id: newId() });
    expect(answer).toMatchObject({ value: {}, id: undefined });
    expect(await php.count(table)).toBe(before);
  });
});

describe('lock()', () => {
  test.each(['merge', 'readonly'] as const)(
    'in the mode %s: waits for PHP, and sees what it has written',
    async (mode) => {
      const [site, id] = [await siteOf(mode), await put('a|i:1;n|i:1;')];
      const release = await php.hold(table, id);
      const begun = signal();
      const asking = site.ask(
        async (ctx) => {
          ctx.session.a = 2;
          begun.happen();
          await ctx.phpSession.lock();
          expect(await isLocked(table, id)).toBe(true);
          ctx.session.n = Number(ctx.session.n) + 1;
          return ctx.session;
        },
        { id },
      );
      await begun.happened;
      const counting = php.ask({ driver: 'pdo', table, id }, '$handler->start(); return ++$_SESSION["n"];');
      await release();
      expect((await counting).result).toEqual(expect.any(Number));
      expect((await asking).value).toMatchObject({ a: 2 });
      // Whoever was first: nothing is lost.
      expect(await php.row(table, id)).toBe('a|i:2;n|i:3;');
    },
  );

  test('keeps the object if no other request has written', async () => {
    const [site, id] = [await siteOf('merge'), await put('a|a:1:{s:1:"b";i:1;}')];
    await site.ask(
      async (ctx) => {
        const part = ctx.session.a as Record<string, number>;
        await ctx.phpSession.lock();
        part.b = 2;
      },
      { id },
    );
    expect(await php.row(table, id)).toBe('a|a:1:{s:1:"b";i:2;}');
  });

  test('after a logout there is no session, and it does not come back', async () => {
    const [site, id] = [await siteOf('merge'), await put('user|s:5:"alice";')];
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.seen = 1;
        await php.ask({ driver: 'pdo', table, id }, '$handler->start(); session_destroy(); return true;');
        await ctx.phpSession.lock();
        return [ctx.session, ctx.phpSession.id ?? null];
      },
      { id },
    );
    expect(answer).toMatchObject({ value: [{}, null], id: undefined });
    expect(await php.row(table, id)).toBeUndefined();
    expect(site.gone).toBe(1);
    site.gone = 0;
  });

  test('after a logout this request logs in: reported, if its earlier changes are lost', async () => {
    const [site, id] = [await siteOf('merge'), await put('user|s:5:"alice";')];
    const logout = () => php.ask({ driver: 'pdo', table, id }, '$handler->start(); session_destroy(); return true;');
    const login: Handler = async (ctx) => {
      ctx.session.user = 'bob';
      await logout();
      await ctx.phpSession.regenerate();
    };
    expect(await site.ask(login, { id })).toMatchObject({ status: 503, id: undefined });
    expect(site.codes()).toEqual(['ERR_SESSION_CONFLICT']);
    // Again, as a browser would after Retry-After.
    const again = await site.ask(login, { id });
    expect(again.status).toBe(200);
    expect(await php.row(table, again.id!)).toBe('user|s:3:"bob";');

    const other = await put('user|s:5:"alice";');
    const after = await site.ask(
      async (ctx) => {
        await php.ask({ driver: 'pdo', table, id: other }, '$handler->start(); session_destroy(); return true;');
        await ctx.phpSession.regenerate();
        ctx.session.user = 'bob';
      },
      { id: other },
    );
    expect(await php.row(table, after.id!)).toBe('user|s:3:"bob";');
    site.gone = 0;
  });

  test.each(['merge', 'readonly'] as const)('a logout that fails in %s leaves the row as it was', async (mode) => {
    const id = await put('user|s:5:"alice";');
    const site = await Site.start({ store: storeOf(table, { lockTimeout: 0.3 }), mode });
    const free = await php.hold(table, id);
    const answer = await site.ask((ctx) => ctx.phpSession.destroy(), { id });
    await free();
    expect(answer.status).toBe(503);
    expect(site.codes()).toEqual(['ERR_SESSION_LOCK_TIMEOUT']);
    // Also where the page goes on.
    const freeAgain = await php.hold(table, id);
    await site.ask(
      async (ctx) => {
        await expect(ctx.phpSession.destroy()).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
        await freeAgain();
      },
      { id },
    );
    expect(await php.row(table, id)).toBe('user|s:5:"alice";');
    site.codes();
    await site.stop();
  });

  test('a logout of a session that continues under another id is reported', async () => {
    const [site, id] = [await siteOf('merge'), await put('user|s:5:"alice";')];
    const other = await siteOf('exclusive');
    await site.ask(
      async (ctx) => {
        await other.ask((mine) => mine.phpSession.regenerate(), { id });
        await ctx.phpSession.destroy();
        await ctx.phpSession.destroy();
      },
      { id },
    );
    expect(site.gone).toBe(1);
    site.gone = 0;
  });

  test('after a logout in this request, changes of other requests do not come back', async () => {
    const [site, id, before] = [await siteOf('merge'), await put('user|s:5:"alice";'), await php.count(table)];
    const answer = await site.ask(
      async (ctx) => {
        Object.assign(ctx, { session: null });
        await phpSets(id, 'theirs', 1);
        await ctx.phpSession.lock();
        return ctx.session;
      },
      { id },
    );
    expect(answer.value).toEqual({});
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('deleted')]);
    expect(await php.count(table)).toBe(before - 1);
  });

  test('in the mode readonly, the lock cannot be had: nothing is written', async () => {
    const [site, id] = [await siteOf('readonly', { store: storeOf(table, { lockTimeout: 0.3 }) }), await put('a|i:1;')];
    await site.ask(
      async (ctx) => {
        const release = await php.hold(table, id);
        await expect(ctx.phpSession.lock()).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
        await release();
        ctx.session.a = 2;
      },
      { id },
    );
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(new Set(site.codes())).toEqual(new Set(['ERR_SESSION_LOCK_TIMEOUT', 'ERR_SESSION_READONLY']));
  });

  test('a conflict by the rule error leaves the lock free, and what is stored as it is', async () => {
    const [site, id] = [await siteOf('merge', { onConflict: 'error' }), await put('n|i:5;')];
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.n = 6;
        await phpSets(id, 'n', 8);
        await expect(ctx.phpSession.lock()).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT', path: ['n'] });
        expect(await isLocked(table, id)).toBe(false);
      },
      { id },
    );
    expect(answer.status).toBe(503);
    expect(await php.row(table, id)).toBe('n|i:8;');
    expect(new Set(site.codes())).toEqual(new Set(['ERR_SESSION_CONFLICT']));
  });

  test('in the mode exclusive, and without a session, it is there already', async () => {
    const [site, id] = [await siteOf('exclusive'), await put('a|i:1;')];
    expect((await site.ask((ctx) => ctx.phpSession.lock(), { id })).status).toBe(200);
    const visitor = await siteOf('merge');
    const answer = await visitor.ask(async (ctx) => {
      await ctx.phpSession.lock();
      ctx.session.a = 1;
    });
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
  });
});

test('the mode is chosen by a function of the context', async () => {
  const mode = (ctx: { method: string; get(name: string): string }) =>
    ctx.get('cookie') === '' ? 'merge' : 'readonly';
  const [site, id] = [await siteOf(mode), await put('a|i:1;')];
  const release = await php.hold(table, id);
  expect((await site.ask((ctx) => ctx.session.a, { id })).value).toBe(1);
  await release();
});

test('a store whose table PHP does not lock has the mode merge by default', async () => {
  const [site, id] = [await siteOf(undefined, { store: storeOf(table, { lock: 'none' }) }), await put('a|i:1;')];
  const release = await php.hold(table, id);
  expect((await site.ask((ctx) => ctx.session.a, { id })).value).toBe(1);
  await release();
});

describe('16 requests at once with an unknown cookie', () => {
  test.each([
    ['merge', false],
    ['exclusive', false],
    ['merge', true],
    ['exclusive', true],
  ] as const)(
    '%s, use_strict_mode %s: the browser ends in one session, and gets no other cookie',
    async (mode, useStrictMode) => {
      const site = await siteOf(mode, { useStrictMode });
      let jar = newId();
      const unknown = jar;
      const visit = async (n: number) => {
        const answer = await site.ask((ctx) => Object.assign(ctx.session, { [`k${n}`]: n }), { id: jar });
        expect(answer.status).toBe(200);
        if (answer.id !== undefined) jar = answer.id;
        return answer.id;
      };
      const many = Array.from({ length: 16 }, (_, n) => n);
      await Promise.all(many.map(visit));
      if (!useStrictMode) expect(jar).toBe(unknown); // PHP adopts it, and so do we
      const settled = jar;
      const again = await Promise.all(many.map(visit));
      expect(again).toEqual(many.map(() => undefined));
      expect(jar).toBe(settled);
      const { result, cookie } = await phpSets(jar, 'php', 1);
      expect(result).toMatchObject(Object.fromEntries(many.map((n) => [`k${n}`, n])));
      expect(cookie).toBeUndefined();
      await until(async () => !(await isLocked(table, jar)));
    },
  );
});
