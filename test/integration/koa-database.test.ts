import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionOptions } from '../../src/middleware/koa.ts';
import { articleTable, binaryTable, type Harness, startHarness, until } from '../php/harness.ts';
import { type Answer, type Handler, isLocked, putNew, Site, signal, storeOf } from './koa-helpers.ts';
import { Relay } from './mysql-relay.ts';
import { testServer } from './mysql-store-helpers.ts';

/** What the user sees when the lock or the database cannot be had, and what parallel requests do to each other. */
const [table, article] = [binaryTable(), articleTable()];
const newId = () => randomBytes(16).toString('hex');
let php: Harness;

const put = (data: string) => putNew(php, table, data);
const withSite = async (options: Partial<SessionOptions>, use: (site: Site) => Promise<void>) => {
  const site = await Site.start({ store: storeOf(table), ...options });
  await use(site).finally(() => site.stop());
};
const increment: Handler = async (ctx) => {
  const n = Number(ctx.session.n ?? 0);
  await new Promise((resolve) => setTimeout(resolve, 2));
  ctx.session.n = n + 1;
};

beforeAll(async () => {
  php = await startHarness([table, article]);
});

afterAll(async () => {
  await php.stop();
});

describe('503, Retry-After and no cookie', () => {
  const expectRetryLater = (answer: Answer) => {
    expect(answer).toMatchObject({ status: 503, value: 'Service Unavailable' });
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(answer.headers['set-cookie']).toBeUndefined();
  };

  test('the lock cannot be had', async () => {
    await withSite({ store: storeOf(table, { lockTimeout: 0.2 }) }, async (site) => {
      const id = await put('a|i:1;');
      const release = await php.hold(table, id);
      let runs = 0;
      expectRetryLater(await site.ask(() => runs++, { id }));
      await release();
      expect(runs).toBe(0);
      expect(site.codes()).toEqual(['ERR_SESSION_LOCK_TIMEOUT']);
      expect((await site.ask((ctx) => ctx.session.a, { id })).value).toBe(1);
    });
  });

  test('too many wait for this session', async () => {
    await withSite({ store: storeOf(table, { maxWaiters: 0 }) }, async (site) => {
      const id = await put('a|i:1;');
      const [running, end] = [signal(), signal()];
      const first = site.ask(
        async () => {
          running.happen();
          await end.happened;
        },
        { id },
      );
      await running.happened;
      expectRetryLater(await site.ask(undefined, { id }));
      end.happen();
      expect((await first).status).toBe(200);
      expect(site.codes()).toEqual(['ERR_SESSION_BUSY']);
    });
  });

  test.each([
    ['the database is gone before the session is read', 'open'],
    ['... before it is saved', 'save'],
    ['... before it is deleted', 'destroy'],
    ['... before it gets a new id', 'regenerate'],
  ])('%s', async (_, when) => {
    const relay = await Relay.start(testServer());
    const connection = { ...testServer(), port: relay.port, database: 'test' };
    await withSite({ store: storeOf(table, { connection, lockTimeout: 1.5 }) }, async (site) => {
      const id = await put('user|s:5:"alice";');
      if (when === 'open') await relay.stop();
      const answer = await site.ask(
        async (ctx) => {
          await relay.stop();
          if (when === 'destroy') await ctx.phpSession.destroy();
          if (when === 'regenerate') await ctx.phpSession.regenerate();
          ctx.session.user = 'bob';
        },
        { id },
      );
      expectRetryLater(answer);
      // The network took what was sent, and COMMIT may have been in it.
      const code = when === 'open' ? /UNAVAILABLE/ : /UNAVAILABLE|OUTCOME_UNKNOWN/;
      expect(site.codes()).toEqual([expect.stringMatching(code)]);
      expect(await php.row(table, id)).toBe('user|s:5:"alice";');
    });
  });

  test('it is unknown whether it was saved', async () => {
    const relay = await Relay.start(testServer());
    const connection = { ...testServer(), port: relay.port, database: 'test' };
    await withSite({ store: storeOf(table, { connection, lockTimeout: 0.5 }) }, async (site) => {
      const id = await put('a|i:1;');
      relay.accident = 'lose the answer';
      relay.thenUnreachable = true;
      expectRetryLater(await site.ask((ctx) => Object.assign(ctx.session, { a: 2 }), { id }));
      expect(site.codes()).toEqual(['ERR_SESSION_OUTCOME_UNKNOWN']);
      relay.reachAgain();
      expect((await site.ask((ctx) => ctx.session.a, { id })).value).toBe(2);
    });
    await relay.stop();
  });

  test('a failed close() or destroy() that the handler outlives does not store the session elsewhere', async () => {
    // The network took what was sent, and COMMIT may have been in it.
    const lost = expect.stringMatching(/UNAVAILABLE|OUTCOME_UNKNOWN/);
    for (const control of ['close', 'destroy'] as const) {
      const relay = await Relay.start(testServer());
      const connection = { ...testServer(), port: relay.port, database: 'test' };
      await withSite({ store: storeOf(table, { connection, lockTimeout: 1.5 }) }, async (site) => {
        const [id, before] = [await put('user|s:5:"alice";'), await php.count(table)];
        const answer = await site.ask(
          async (ctx) => {
            ctx.session.user = 'bob';
            await relay.stop();
            await expect(ctx.phpSession[control]()).rejects.toMatchObject({ code: lost });
          },
          { id },
        );
        expect(answer.status).toBe(200);
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect(site.codes()).toEqual([lost]);
        expect(await php.row(table, id)).toBe('user|s:5:"alice";');
        expect(await php.count(table)).toBe(before);
      });
    }
  });

  test('the lock was lost, and PHP has written since', async () => {
    await withSite({ store: storeOf(table, { maxHold: 1 }) }, async (site) => {
      const id = await put('a|i:1;');
      const answer = await site.ask(
        async (ctx) => {
          await loseLock(id);
          await php.ask({ driver: 'pdo', table, id }, '$handler->start(); $_SESSION["a"] = 5; return true;');
          ctx.session.a = 2;
        },
        { id },
      );
      expectRetryLater(answer);
      expect(site.codes()).toEqual(['ERR_SESSION_CONFLICT']);
      expect(await php.row(table, id)).toBe('a|i:5;');
    });
  });
});

describe('a logout in a parallel request', () => {
  const logOutInPhp = (id: string) =>
    php.ask({ driver: 'pdo', table, id }, '$handler->start(); $_SESSION = []; return session_destroy();');

  test.each([
    ['PHP', logOutInPhp],
    ['Node', (id, site) => site.ask((ctx) => ctx.phpSession.destroy(), { id })],
  ] as [string, (id: string, site: Site) => Promise<unknown>][])(
    '%s waits for the lock, and wins',
    async (_, logOut) => {
      await withSite({}, async (site) => {
        const id = await put('user|s:5:"alice";');
        let logout: Promise<unknown> | undefined;
        await site.ask(
          (ctx) => {
            logout = logOut(id, site);
            ctx.session.n = 1;
          },
          { id },
        );
        await logout;
        expect(await php.row(table, id)).toBeUndefined();
        const after = await site.ask((ctx) => ctx.session, { id });
        expect(after.value).toEqual({});
        expect(await php.row(table, id)).toBeUndefined();
      });
    },
  );

  test.each([
    ['changed', (ctx) => (ctx.session.n = 1)],
    ['only read', (ctx) => ctx.session.user],
    ['moved', (ctx) => ctx.phpSession.regenerate()],
  ] as [string, Handler][])(
    'PHP, after the lock was lost: what Node %s is not revived, which is reported',
    async (_, use) => {
      await withSite({ store: storeOf(table, { maxHold: 1 }) }, async (site) => {
        const [id, before] = [await put('user|s:5:"alice";'), await php.count(table)];
        const answer = await site.ask(
          async (ctx) => {
            await use(ctx);
            await loseLock(id);
            await logOutInPhp(id);
          },
          { id },
        );
        expect(answer.status).toBe(200);
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect(site.gone).toBe(1);
        expect(site.codes()).toEqual([]);
        expect(await php.count(table)).toBe(before - 1);
      });
    },
  );
});

describe('a login in a parallel request of PHP', () => {
  const logIn = '$handler->start(); usleep(200000); return session_regenerate_id(true) && $_SESSION["user"] = "alice";';

  test.each([true, false])(
    'a request that waited with the old id sees and gets nothing (strict mode: %p)',
    async (useStrictMode) => {
      await withSite({ useStrictMode }, async (site) => {
        const id = await put('basket|i:1;');
        const login = php.ask({ driver: 'pdo', table, id }, logIn);
        await until(() => isLocked(table, id));
        const late = await site.ask(
          (ctx) => {
            const seen = { ...ctx.session };
            ctx.session.late = 1;
            return seen;
          },
          { id },
        );
        // Another cookie here would throw the user out, whom PHP has just given one.
        expect(late).toMatchObject({ status: 200, value: {} });
        expect(Object.keys(late.value as object)).toEqual([]);
        expect(late.headers['set-cookie']).toBeUndefined();
        const { cookie } = await login;
        expect(await php.row(table, id)).toBe('late|i:1;');
        expect((await site.ask((ctx) => ctx.session, { id: cookie })).value).toEqual({ basket: 1, user: 'alice' });
      });
    },
  );
});

describe('parallel requests', () => {
  // As many as web servers let one connection of HTTP/2 have. All of them wait before the first is served.
  test('128 of one session at once, each +1, are all served', async () => {
    await withSite({ store: storeOf(table, { lockTimeout: 30 }) }, async (site) => {
      const id = await put('n|i:0;');
      const [running, end] = [signal(), signal()];
      const holding = site.ask(
        async (ctx) => {
          running.happen();
          await end.happened;
          await increment(ctx);
        },
        { id },
      );
      await running.happened;
      let refused = false;
      const waiting = Array.from({ length: 127 }, async () => {
        const answer = await site.ask(increment, { id });
        refused ||= answer.status !== 200;
        return answer;
      });
      await until(async () => refused || (await site.connections()) === 128);
      end.happen();
      const statuses = (await Promise.all([holding, ...waiting])).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(await php.row(table, id)).toBe('n|i:128;');
    });
  });

  test('10 of Node and 10 of PHP are 20', async () => {
    await withSite({}, async (site) => {
      const id = await put('n|i:0;');
      const code = '$handler->start(); $n = $_SESSION["n"]; usleep(2000); return $_SESSION["n"] = $n + 1;';
      const answers = Array.from({ length: 10 }, () => [
        site.ask(increment, { id }),
        php.ask({ driver: 'pdo', table, id }, code),
      ]);
      await Promise.all(answers.flat());
      expect(await php.row(table, id)).toBe('n|i:20;');
    });
  });

  test('20 of 20 visitors over 3 connections', async () => {
    await withSite({ store: storeOf(table, { connectionLimit: 3 }) }, async (site) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => site.ask(increment)));
      expect(new Set(answers.map(({ id }) => id)).size).toBe(20);
      for (const { id } of answers) expect(await php.row(table, id!)).toBe('n|i:1;');
    });
  });

  test('two applications with different tables in one process do not meet', async () => {
    const id = newId();
    await withSite({}, async (one) => {
      await withSite({ store: storeOf(article), name: 'other' }, async (two) => {
        await php.put(table, id, 'n|i:10;');
        await php.put(article, id, 'n|i:20;');
        // Each while the other holds its lock.
        await one.ask(
          async (ctx) => {
            await two.ask(increment, { id });
            await increment(ctx);
          },
          { id },
        );
        expect([await php.row(table, id), await php.row(article, id)]).toEqual(['n|i:11;', 'n|i:21;']);
      });
    });
  });

  test('the lock is free while a body streams', async () => {
    await withSite({}, async (site) => {
      const id = await put('n|i:1;');
      const end = signal();
      const body = new PassThrough();
      const streamed = site.ask(
        (ctx) => {
          ctx.session.n = 2;
          ctx.body = body;
          body.write('first ');
        },
        { id },
      );
      await until(async () => (await php.row(table, id)) === 'n|i:2;');
      void end.happened.then(() => body.end('last'));
      const inPhp = await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return ++$_SESSION["n"];');
      expect(inPhp.result).toBe(3);
      end.happen();
      expect((await streamed).value).toBe('first last');
    });
  });
});

/** Waits until the server has ended the connection that holds the lock, which the store's `maxHold` makes it do. */
async function loseLock(id: string): Promise<void> {
  expect(await isLocked(table, id)).toBe(true);
  await until(async () => !(await isLocked(table, id)));
}
