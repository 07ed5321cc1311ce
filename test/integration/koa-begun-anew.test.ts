import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestMode, SessionOptions } from '../../src/middleware/koa.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Handler, putNew, Site, storeOf } from './koa-helpers.ts';
import { asInAnotherProcess } from './mysql-store-helpers.ts';

/**
 * In loose mode an id may be begun anew after a logout. What a slow request has read before it, and what it makes of that, must not get
 * into the new session.
 */
const table = binaryTable();
let php: Harness;
let sites: Site[];

async function siteOf(mode: RequestMode, more: Partial<SessionOptions> = {}): Promise<Site> {
  const site = await Site.start({ store: asInAnotherProcess(() => storeOf(table)), mode, ...more });
  sites.push(site);
  return site;
}

beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());
beforeEach(() => {
  sites = [];
});
afterEach(async () => {
  for (const site of sites) {
    expect(site.codes()).toEqual([]);
    await site.stop();
  }
});

const before = 'user|s:5:"alice";cart|a:1:{i:0;s:1:"a";}';
const another = 'cart|a:1:{i:0;s:3:"new";}';

const put = (data: string) => putNew(php, table, data);
const phpDoes = (id: string, code: string) => php.ask({ driver: 'pdo', table, id }, `$handler->start(); ${code}`);

const logouts: [string, (id: string) => Promise<unknown>][] = [
  ['Node', async (id) => (await siteOf('exclusive')).ask((ctx) => ctx.phpSession.destroy(), { id })],
  ['PHP', (id) => phpDoes(id, 'return session_destroy();')],
];
const beginnings: [string, (id: string) => Promise<unknown>][] = [
  [
    'Node',
    async (id) =>
      (await siteOf('exclusive')).ask(
        (ctx) => {
          ctx.session.cart = ['new'];
        },
        { id },
      ),
  ],
  ['PHP', (id) => phpDoes(id, '$_SESSION["cart"] = ["new"]; return true;')],
];
const meetings = logouts.flatMap(([who, logOut]) => beginnings.map(([by, begin]) => ({ who, logOut, by, begin })));

describe.each(meetings)('$who logs out, and $by begins anew', ({ logOut, begin }) => {
  const anew = async (id: string) => {
    await logOut(id);
    await begin(id);
  };

  /** A request that reads before the logout, and does something else after it. */
  async function late(mode: RequestMode, id: string, first: Handler, last: Handler) {
    const site = await siteOf(mode);
    const answer = await site.ask(
      async (ctx) => {
        await first(ctx);
        await anew(id);
        return last(ctx);
      },
      { id },
    );
    const { gone } = site;
    site.gone = 0;
    return { answer, gone, site };
  }

  const fillsCart: Handler = (ctx) => {
    (ctx.session.cart as string[]).push('b');
  };

  test('a change at the end of the request is not written but reported', async () => {
    const id = await put(before);
    const { gone } = await late('merge', id, fillsCart, () => undefined);
    expect(gone).toBe(1);
    expect(await php.row(table, id)).toBe(another);
  });

  test('in strict mode too, as PHP may be in loose mode', async () => {
    const id = await put(before);
    const site = await siteOf('merge', { useStrictMode: true });
    await site.ask(
      async (ctx) => {
        await fillsCart(ctx);
        await anew(id);
      },
      { id },
    );
    expect(site.gone).toBe(1);
    site.gone = 0;
    expect(await php.row(table, id)).toBe(another);
  });

  test.each([
    ['has ended', false],
    ['has ended, and begun again', true],
  ])('no session when it was read, and since then one has begun and %s', async (_, again) => {
    const id = randomBytes(16).toString('hex');
    const site = await siteOf('merge');
    await site.ask(
      async (ctx) => {
        ctx.session.cart = ['b'];
        await begin(id);
        await logOut(id);
        if (again) await begin(id);
      },
      { id },
    );
    expect(site.gone).toBe(1);
    site.gone = 0;
    expect(await php.row(table, id)).toBe(again ? another : undefined);
  });

  test.each(['merge', 'readonly'] as const)(
    'lock() in the mode %s: the request continues in the new session',
    async (mode) => {
      const id = await put(before);
      const { answer, gone } = await late(mode, id, fillsCart, async (ctx) => {
        await ctx.phpSession.lock();
        const seen = { ...ctx.session };
        ctx.session.after = 1;
        return seen;
      });
      expect(answer.value).toEqual({ cart: ['new'] });
      expect(gone).toBe(1);
      expect(await php.row(table, id)).toBe(`${another}after|i:1;`);
    },
  );

  test('regenerate() after a change: a conflict, and nothing is written', async () => {
    const id = await put(before);
    const { answer, gone, site } = await late('merge', id, fillsCart, (ctx) => ctx.phpSession.regenerate());
    expect([answer.status, answer.headers['set-cookie'], gone]).toEqual([503, undefined, 1]);
    expect(site.codes()).toEqual(['ERR_SESSION_CONFLICT']);
    expect(await php.row(table, id)).toBe(another);
  });

  test('a logout ends the new session too', async () => {
    const id = await put(before);
    const { answer } = await late(
      'merge',
      id,
      () => undefined,
      (ctx) => ctx.phpSession.destroy(),
    );
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('deleted')]);
    expect(await php.row(table, id)).toBeUndefined();
  });
});

test('a change of what PHP has changed too is merged, as before', async () => {
  const id = await put(before);
  const site = await siteOf('merge');
  await site.ask(
    async (ctx) => {
      ctx.session.mine = 1;
      await phpDoes(id, '$_SESSION["theirs"] = 1; return true;');
    },
    { id },
  );
  expect([site.gone, await php.row(table, id)]).toEqual([0, `${before}theirs|i:1;mine|i:1;`]);
});
