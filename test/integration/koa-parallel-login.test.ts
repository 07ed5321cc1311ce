import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PhpObject } from '../../src/codec/index.ts';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness, until } from '../php/harness.ts';
import { type Context, isLocked, Site, signal, storeOf } from './koa-helpers.ts';

/** Requests of one browser at the same time. One of them logs in and gives the session a new id. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(() => php.stop());

const before = 'cart|s:5:"apple";';
const secret = 'alice';

async function login(ctx: Context): Promise<void> {
  ctx.session.user = secret;
  await ctx.phpSession.regenerate();
}

const cells = [true, false].flatMap((useStrictMode) =>
  (['exclusive', 'merge'] as const).map((mode) => ({ useStrictMode, mode })),
);

describe.each(cells)('strict mode $useStrictMode, $mode', ({ useStrictMode, mode }) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), useStrictMode, mode });
  });

  afterAll(async () => {
    await site.stop();
    expect(site.codes()).toEqual([]);
    expect(site.gone).toBe(0);
  });

  async function put(): Promise<string> {
    const id = newId();
    await php.put(table, id, before);
    return id;
  }

  /** A login has just moved the session away from `id`. */
  async function loggedIn() {
    const id = await put();
    const { id: next } = await site.ask(login, { id });
    return { id, next: next! };
  }

  const inPhp = (id: string, code: string) =>
    php.ask(
      { driver: 'pdo', table, id, ini: { 'session.use_strict_mode': useStrictMode ? '1' : '0' } },
      `$handler->start(); ${code}`,
    );

  /** The new session is as the login left it, and the old id shows nothing of it. */
  async function expectLogin(id: string, next: string, left: string | undefined): Promise<void> {
    expect(next).not.toBe(id);
    expect(await php.row(table, next)).toBe(`${before}user|s:5:"${secret}";`);
    expect(await php.row(table, id)).toBe(left);
    expect((await site.ask((ctx) => ctx.session.user, { id: next })).value).toBe(secret);
    expect((await inPhp(next, 'return $_SESSION["user"];')).result).toBe(secret);
  }

  test('a call that began before the login, and ends after it, gets no cookie', async () => {
    const id = await put();
    const [hasBegun, isLoggedIn] = [signal(), signal()];
    const call = (ctx: Context) => {
      ctx.session.seen = 1;
    };
    let next: string | undefined;
    if (mode === 'exclusive') {
      let waiting!: ReturnType<Site['ask']>;
      const answer = await site.ask(
        async (ctx) => {
          await login(ctx);
          waiting = site.ask(call, { id });
          await until(async () => (await site.connections()) > 1);
        },
        { id },
      );
      next = answer.id;
      expect((await waiting).headers['set-cookie']).toBeUndefined();
    } else {
      const running = site.ask(
        async (ctx) => {
          call(ctx);
          hasBegun.happen();
          await isLoggedIn.happened;
        },
        { id },
      );
      await hasBegun.happened;
      ({ id: next } = await site.ask(login, { id }));
      isLoggedIn.happen();
      expect((await running).headers['set-cookie']).toBeUndefined();
    }
    await expectLogin(id, next!, 'seen|i:1;');
  });

  test('a call of PHP that waits for the row gets no cookie', async () => {
    const id = await put();
    let waiting!: ReturnType<Harness['ask']>;
    const { id: next } = await site.ask(
      async (ctx) => {
        await login(ctx);
        if (mode === 'merge') await until(() => isLocked(table, id));
        waiting = inPhp(id, '$_SESSION["seen"] = 1; return $_SESSION;');
        await until(async () =>
          ((await php.sql('SHOW FULL PROCESSLIST')) as { Info: string | null }[]).some(({ Info }) =>
            /SELECT .*FOR UPDATE/.test(Info ?? ''),
          ),
        );
      },
      { id },
    );
    expect(await waiting).toMatchObject({ result: { seen: 1 }, cookie: undefined });
    await expectLogin(id, next!, 'seen|i:1;');
  });

  test('a call that comes after the login stores under its own id, and inherits nothing', async () => {
    const { id, next } = await loggedIn();
    const call = await site.ask(
      (ctx) => {
        const found = Object.keys(ctx.session);
        ctx.session.seen = 1;
        return found;
      },
      { id },
    );
    expect(call).toMatchObject({ value: [], id: undefined });
    const fromPhp = await inPhp(id, '$_SESSION["again"] = 1; return $_SESSION;');
    expect(fromPhp).toMatchObject({ result: { seen: 1, again: 1 }, cookie: undefined });
    await expectLogin(id, next, 'seen|i:1;again|i:1;');
  });

  test('a call that only reads gets nothing, and no cookie', async () => {
    const { id, next } = await loggedIn();
    expect(await site.ask((ctx) => Object.keys(ctx.session), { id })).toMatchObject({ value: [], id: undefined });
    expect(await inPhp(id, 'return $_SESSION;')).toMatchObject({ result: [], cookie: undefined });
    await expectLogin(id, next, '');
  });

  test('a double click on "log in": both are logins, and the second one inherits nothing', async () => {
    const { id, next } = await loggedIn();
    const { id: second } = await site.ask(login, { id });
    await expectLogin(id, next, '');
    expect(await php.row(table, second!)).toBe(`user|s:5:"${secret}";`);
  });

  test.each<[string, (ctx: Context) => unknown]>([
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['null', (ctx) => void Object.assign(ctx, { session: null })],
    [
      'regenerate(), and then destroy()',
      async (ctx) => {
        await ctx.phpSession.regenerate();
        await ctx.phpSession.destroy();
      },
    ],
    [
      'destroy(), and a message for the next page',
      async (ctx) => {
        await ctx.phpSession.destroy();
        ctx.session.message = 'bye';
      },
    ],
  ])('a logout under the old id by %s takes neither the new session nor its cookie', async (_, logout) => {
    const { id, next } = await loggedIn();
    expect((await site.ask(logout, { id })).headers['set-cookie']).toBeUndefined();
    // The row stays: without it, the next call with the old id would get a new one.
    expect((await site.ask((ctx) => (ctx.session.seen = 1), { id })).headers['set-cookie']).toBeUndefined();
    const row = await php.row(table, id);
    expect(row).toMatch(/^(message\|s:3:"bye";)?seen\|i:1;$/);
    await expectLogin(id, next, row);
  });

  test('an attacker who planted the old id does not get the login, whatever is stored there', async () => {
    const { id, next } = await loggedIn();
    await site.ask((ctx) => Object.assign(ctx.session, { user: 'mallory', cart: 'x' }), { id });
    await inPhp(id, 'session_regenerate_id(true); return true;');
    await expectLogin(id, next, await php.row(table, id));
  });

  test('several logins in a row leave a chain of empty ids', async () => {
    const { id, next } = await loggedIn();
    const { id: last } = await site.ask((ctx) => ctx.phpSession.regenerate(), { id: next });
    expect([await php.row(table, id), await php.row(table, next)]).toEqual(['', '']);
    expect((await site.ask((ctx) => ctx.session.user, { id: last })).value).toBe(secret);
  });
});

test('a logout of a session that continues under another id is reported, and leaves its cookie', async () => {
  const site = await Site.start({ store: storeOf(table), mode: 'merge' });
  const id = newId();
  await php.put(table, id, before);
  const answer = await site.ask(
    async (ctx) => {
      await site.ask(login, { id });
      await ctx.phpSession.destroy();
    },
    { id },
  );
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(site.gone).toBe(1);
  await site.stop();
});

test('a change of a session that a login has moved is a conflict', async () => {
  const site = await Site.start({ store: storeOf(table), mode: 'merge' });
  const conflicts: unknown[] = [];
  site.app.on('session:conflict', (_, paths) => conflicts.push(paths));
  const id = newId();
  await php.put(table, id, before);
  const answer = await site.ask(
    async (ctx) => {
      ctx.session.cart = 'pear';
      ctx.session.fresh = 1;
      await site.ask(login, { id });
    },
    { id },
  );
  expect(answer).toMatchObject({ status: 200, id: undefined });
  expect(conflicts).toEqual([[['cart']]]);
  expect(await php.row(table, id)).toBe('fresh|i:1;');
  await site.stop();
});

test('a login that has got a new id does not come back under the old one', async () => {
  const site = await Site.start({ store: storeOf(table), mode: 'merge' });
  const id = newId();
  await php.put(table, id, 'app|a:2:{s:4:"user";s:3:"bob";s:4:"seen";i:1;}user|O:4:"User":1:{s:4:"name";s:3:"bob";}');
  await site.ask(
    async (ctx) => {
      const { app, user } = ctx.session as { app: Record<string, unknown>; user: PhpObject };
      app.seen = 2;
      user.set('seen', 2);
      await site.ask((ctx) => ctx.phpSession.regenerate(), { id });
    },
    { id },
  );
  expect(await php.row(table, id)).toBe('');
  await site.stop();
});
