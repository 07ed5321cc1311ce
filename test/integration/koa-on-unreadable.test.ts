import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionOptions } from '../../src/middleware/koa.ts';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { isLocked, Site, storeOf } from './koa-helpers.ts';
import { KoaSessionSite } from './koa-session-site.ts';

/** `onUnreadable`: a row that cannot be read counts as missing, or is an error. */
const table = binaryTable();
const damaged = 'user|s:5:"ali';
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());

async function put(data = damaged): Promise<string> {
  const id = newId();
  await php.put(table, id, data);
  return id;
}

describe.each(['exclusive', 'merge', 'readonly'] as const)("'new' in the mode %s", (mode) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), mode, onUnreadable: 'new' });
  });
  afterAll(() => site.stop());

  test('the visitor has no session; a page is answered, and the row stays', async () => {
    const id = await put();
    const answer = await site.ask((ctx) => [ctx.phpSession.id, ctx.session], { id });
    expect(answer).toMatchObject({ status: 200, value: [null, {}], id: undefined });
    expect([await php.row(table, id), await isLocked(table, id), site.codes()]).toEqual([damaged, false, []]);
  });

  test('what is stored goes under a new id: no visitor gets what others put under the old one', async () => {
    if (mode === 'readonly') return;
    const id = await put();
    const { id: next } = await site.ask((ctx) => (ctx.session.user = 'bob'), { id });
    expect(next).toMatch(/^[0-9a-f]{32}$/);
    expect(next).not.toBe(id);
    expect([await php.row(table, next!), await php.row(table, id)]).toEqual(['user|s:3:"bob";', damaged]);
  });

  test('a login, and a logout, are those of a visitor without a session', async () => {
    if (mode === 'readonly') return;
    const id = await put();
    const { id: next } = await site.ask(
      async (ctx) => {
        ctx.session.user = 'bob';
        await ctx.phpSession.regenerate();
      },
      { id },
    );
    expect(await php.row(table, next!)).toBe('user|s:3:"bob";');
    expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id })).status).toBe(200);
    expect([await php.row(table, id), site.codes()]).toEqual([damaged, []]);
  });
});

describe('a function', () => {
  const withRule = async (onUnreadable: SessionOptions['onUnreadable'] & {}, run: (site: Site) => Promise<void>) => {
    const site = await Site.start({ store: storeOf(table), onUnreadable });
    await run(site);
    await site.stop();
  };

  test('gets the bytes and the error, and decides', async () => {
    const seen: [string, string][] = [];
    const rule = (data: Uint8Array, error: { code: string }) => {
      seen.push([Buffer.from(data).toString('latin1'), error.code]);
      return data.length < 5 ? 'error' : 'new';
    };
    await withRule(rule, async (site) => {
      const [long, short] = [await put(), await put('x|')];
      expect((await site.ask((ctx) => ctx.session, { id: long })).value).toEqual({});
      expect((await site.ask((ctx) => ctx.session, { id: short })).status).toBe(500);
      expect(site.codes()).toEqual(['ERR_PHP_SYNTAX']);
      expect(seen).toEqual([
        [damaged, 'ERR_PHP_SYNTAX'],
        ['x|', 'ERR_PHP_SYNTAX'],
      ]);
    });
  });

  test('that throws is an error of the request, and frees the row', async () => {
    const rule = () => {
      throw new RangeError('mine');
    };
    await withRule(rule, async (site) => {
      const id = await put();
      expect((await site.ask(() => 'page', { id })).status).toBe(500);
      expect(site.codes()).toEqual([expect.any(RangeError)]);
      expect([await php.row(table, id), await isLocked(table, id)]).toEqual([damaged, false]);
    });
  });
});

test('the error says what the row holds, and nothing of it', async () => {
  const site = await Site.start({ store: storeOf(table) });
  const id = await put('a:1:{s:4:"user";s:5:"alice";}');
  expect((await site.ask((ctx) => ctx.session, { id })).status).toBe(500);
  const [{ message }] = site.errors.splice(0) as [Error];
  expect(message).toMatch(/in PHP's format php: it is one in the format php_serialize: give serializeHandler/);
  expect(message).not.toMatch(/user|alice/);
  await site.stop();
});

test("under koa-session, 'new' is a session of its own", async () => {
  const site = await KoaSessionSite.start({ store: storeOf(table), onUnreadable: 'new' });
  const id = await put();
  const answer = await site.ask((ctx) => Object.assign(ctx.session!, { user: 'bob' }), { id });
  expect([answer.status, answer.id === id]).toEqual([200, false]);
  expect([await php.row(table, answer.id!), await php.row(table, id)]).toEqual(['user|s:3:"bob";', damaged]);
  await site.stop();
});
