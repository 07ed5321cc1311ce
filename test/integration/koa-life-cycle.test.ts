import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { articleTable, binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';

/** The calls of PHP's life cycle on a real table, which PHP reads and writes in between. */
const tables = [articleTable(), binaryTable()];
const newId = () => randomBytes(16).toString('hex');
let php: Harness;

beforeAll(async () => {
  php = await startHarness(tables);
});

afterAll(() => php.stop());

describe.each(tables)('$title', (table) => {
  let site: Site;
  const put = async (data: string) => {
    const id = newId();
    await php.put(table, id, data);
    return id;
  };
  const askPhp = (id: string, code: string) => php.ask({ driver: 'pdo', table, id }, `$handler->start(); ${code}`);

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), sidLength: 30 });
  });

  afterAll(() => site.stop());

  test('regenerate({ deleteOld: false }): in PHP the login is under the new id only', async () => {
    const id = await put('cart|s:4:"book";');
    const login = await site.ask(
      async (ctx) => {
        ctx.session.user = 'alice';
        await ctx.phpSession.regenerate({ deleteOld: false, prefix: 'u-' });
      },
      { id },
    );
    expect(login.id).toMatch(/^u-[0-9a-f]{30}$/);
    expect((await askPhp(login.id!, 'return $_SESSION;')).result).toEqual({ cart: 'book', user: 'alice' });
    expect((await askPhp(id, 'return $_SESSION;')).result).toEqual({ cart: 'book' });
    expect(site.codes()).toEqual([]);
  });

  test.each([true, false])('a prefix with which the id does not fit is an error (deleteOld: %s)', async (deleteOld) => {
    const id = await put('n|i:1;');
    const prefix = 'p'.repeat(200);
    const answer = await site.ask((ctx) => ctx.phpSession.regenerate({ deleteOld, prefix }), { id });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([500, undefined]);
    expect(site.codes()).toEqual(['ERR_SESSION_ID']);
    site.errors.length = 0;
    expect(await php.row(table, id)).toBe('n|i:1;');
  });

  test('close() and start(): PHP has the session in between, and nothing is lost', async () => {
    const id = await put('n|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.n = 2;
        await ctx.phpSession.close();
        await askPhp(id, '$_SESSION["n"] += 10; return 1;');
        await ctx.phpSession.start();
        ctx.session.n = (ctx.session.n as number) + 100;
        return ctx.session.n;
      },
      { id },
    );
    expect([answer.value, await php.row(table, id)]).toEqual([112, 'n|i:112;']);
  });

  test('start() takes the lock: PHP waits for the end of the request', async () => {
    const id = await put('n|i:1;');
    let inPhp: Promise<unknown> | undefined;
    await site.ask(
      async (ctx) => {
        await ctx.phpSession.abort();
        await ctx.phpSession.start();
        inPhp = askPhp(id, '$_SESSION["n"] += 10; return 1;');
        await sleep(300);
        ctx.session.n = 5;
      },
      { id },
    );
    await inPhp;
    expect(await php.row(table, id)).toBe('n|i:15;');
  });

  test('abort() and reset() leave the row as it was', async () => {
    const id = await put('n|i:1;');
    for (const call of ['abort', 'reset'] as const) {
      await site.ask(
        async (ctx) => {
          ctx.session.n = 2;
          await ctx.phpSession[call]();
        },
        { id },
      );
      expect(await php.row(table, id)).toBe('n|i:1;');
    }
  });
});

test('gcProbability deletes old rows, and no others', async () => {
  const [table] = tables;
  const store = storeOf(table!, { gcMaxlifetime: 3_600 });
  const site = await Site.start({ store, gcProbability: 1, gcDivisor: 1 });
  const [old, young] = [newId(), newId()];
  await php.put(table!, old, 'n|i:1;', 7_200);
  await php.put(table!, young, 'n|i:1;', 60);
  await site.ask((ctx) => ctx.session.n, { id: young });
  for (let tries = 0; tries < 50 && (await php.row(table!, old)) !== undefined; tries++) await sleep(100);
  expect([await php.row(table!, old), await php.row(table!, young)]).toEqual([undefined, 'n|i:1;']);
  await site.stop();
});
