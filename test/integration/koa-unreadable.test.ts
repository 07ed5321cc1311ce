import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Handler, isLocked, Site, signal, storeOf } from './koa-helpers.ts';
import { KoaSessionSite } from './koa-session-site.ts';

/** A row that cannot be decoded: it stays as it is, its visitor can log out, and the error comes where the session is read. */
const table = binaryTable();
const damaged = 'user|s:5:"ali';
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(() => php.stop());

async function put(data = damaged): Promise<string> {
  const id = newId();
  await php.put(table, id, data, 1_000);
  return id;
}

describe.each(['exclusive', 'merge', 'readonly'] as const)('in the mode %s', (mode) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), mode });
  });
  afterEach(() => expect(site.codes()).toEqual([]));
  afterAll(() => site.stop());

  test('a page that does not look at the session is answered', async () => {
    const id = await put();
    const answer = await site.ask((ctx) => ctx.phpSession.id === id, { id });
    expect(answer).toMatchObject({ status: 200, value: true, id: undefined });
    expect(await php.row(table, id)).toBe(damaged);
    expect(await php.age(table, id)).toBeGreaterThan(900);
    expect(await isLocked(table, id)).toBe(false);
  });

  test.each<[string, Handler]>([
    ['reads it', (ctx) => ctx.session.user],
    ['changes it', (ctx) => (ctx.session.user = 'x')],
    ['replaces it', (ctx) => (ctx.session = { user: 'x' })],
    ['locks it', (ctx) => ctx.phpSession.lock()],
    ['logs in', (ctx) => ctx.phpSession.regenerate()],
  ])('a page that %s: 500 each time, and the row stays', async (_, handler) => {
    const id = await put();
    for (const status of [500, 500]) {
      const answer = await site.ask(handler, { id });
      expect(answer.status).toBe(status);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(site.codes()).toEqual(['ERR_PHP_SYNTAX']);
    }
    expect(await php.row(table, id)).toBe(damaged);
    expect(await isLocked(table, id)).toBe(false);
  });

  test('a page may catch the error', async () => {
    const id = await put();
    const answer = await site.ask(
      (ctx) => {
        expect(() => ctx.session).toThrow(expect.objectContaining({ code: 'ERR_PHP_SYNTAX' }));
        return 'a page without a login';
      },
      { id },
    );
    expect(answer).toMatchObject({ status: 200, value: 'a page without a login' });
    expect(await php.row(table, id)).toBe(damaged);
  });

  test.each<[string, Handler, unknown[]]>([
    ['does not look at it', () => 'public', ['ERR_PHP_SYNTAX']],
    ['reads it', (ctx) => ctx.session.user, ['ERR_PHP_SYNTAX', 'ERR_PHP_SYNTAX']],
  ])(
    'when the answer is out the error cannot be caught: it is reported once, also if the page %s',
    async (_, page, told) => {
      const id = await put();
      const logged = signal();
      let seen: unknown;
      const listen: Handler = (ctx) => {
        ctx.res.once('finish', () => {
          try {
            seen = [ctx.session.user, Object.keys(ctx.session)];
            ctx.session.late = 1;
          } catch (error) {
            seen = error;
          }
          setImmediate(logged.happen);
        });
        return page(ctx);
      };
      await site.ask(listen, { id });
      await logged.happened;
      expect(seen).toEqual([undefined, []]);
      expect(site.codes()).toEqual(told);
      expect(await php.row(table, id)).toBe(damaged);
    },
  );

  const logouts: [string, Handler][] = [
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['null', (ctx) => void Object.assign(ctx, { session: null })],
  ];
  test.each(logouts)('a logout by %s works', async (_, logout) => {
    const id = await put();
    const answer = await site.ask(logout, { id });
    expect(answer).toMatchObject({ status: 200, id: 'deleted' });
    expect(await php.row(table, id)).toBeUndefined();
  });

  test('what is stored after a logout begins a new session', async () => {
    const id = await put();
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.destroy();
        ctx.session.message = 'bye';
      },
      { id },
    );
    expect(await php.row(table, answer.id!)).toBe('message|s:3:"bye";');
    expect(await php.row(table, id)).toBeUndefined();
  });
});

test('a row above the limits can be logged out too, and nothing above them is stored', async () => {
  const site = await Site.start({ store: storeOf(table), maxBytes: 1_000 });
  const [large, small] = [await put(`a|s:2000:"${'x'.repeat(2_000)}";`), await put('a|i:1;')];
  expect((await site.ask((ctx) => ctx.session.a, { id: large })).status).toBe(500);
  expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id: large })).status).toBe(200);
  expect(await php.row(table, large)).toBeUndefined();
  expect((await site.ask((ctx) => (ctx.session.b = 'x'.repeat(2_000)), { id: small })).status).toBe(500);
  expect(await php.row(table, small)).toBe('a|i:1;');
  expect(site.codes()).toEqual(['ERR_PHP_LIMIT', 'ERR_PHP_LIMIT']);
  await site.stop();
});

describe('under koa-session', () => {
  let site: KoaSessionSite;

  beforeAll(async () => {
    const asked = () => true;
    site = await KoaSessionSite.start({ store: storeOf(table), valid: asked, beforeSave: () => {}, rolling: true });
  });
  afterAll(() => site.stop());

  test('the error comes where the session is read, and the row stays', async () => {
    const id = await put();
    expect((await site.ask(() => 'hello', { id })).value).toBe('hello');
    expect((await site.ask((ctx) => ctx.session!.user, { id })).status).toBe(500);
    expect(site.codes()).toEqual(['ERR_PHP_SYNTAX']);
    expect(await php.row(table, id)).toBe(damaged);
  });

  test('when the answer is out, it is reported, and read as empty', async () => {
    const id = await put();
    const logged = signal();
    let seen: unknown;
    await site.ask(
      (ctx) => {
        ctx.res.once('finish', () => {
          try {
            seen = [ctx.session!.user, Object.keys(ctx.phpSession.data)];
          } catch (error) {
            seen = error;
          }
          setImmediate(logged.happen);
        });
        return 'public';
      },
      { id },
    );
    await logged.happened;
    expect([seen, site.codes()]).toEqual([[undefined, []], ['ERR_PHP_SYNTAX']]);
    expect(await php.row(table, id)).toBe(damaged);
  });

  test('a logout works', async () => {
    for (const logout of ['null', 'destroy']) {
      const id = await put();
      const answer = await site.ask(
        (ctx) => (logout === 'null' ? void Object.assign(ctx, { session: null }) : ctx.phpSession.destroy()),
        { id },
      );
      expect([answer.status, answer.id]).toEqual([200, 'deleted']);
      expect(await php.row(table, id)).toBeUndefined();
    }
    expect(site.codes()).toEqual([]);
  });

  test('an id that a login has left gets no cookie again, unless its life is set', async () => {
    const id = await put('a|i:1;');
    const { id: next } = await site.ask((ctx) => ctx.session!.regenerate(), { id });
    expect(next).not.toBe(id);
    const store = (ctx: { session: unknown }) => Object.assign(ctx.session as object, { seen: 1 });
    expect((await site.ask(store, { id })).cookies).toEqual([]);
    expect((await site.ask((ctx) => Object.assign(ctx.session!, { maxAge: 60_000 }) && 'set', { id })).id).toBe(
      encodeURIComponent(id),
    );
    expect((await site.ask(() => 'rolling', { id: next! })).id).toBe(next);
  });
});
