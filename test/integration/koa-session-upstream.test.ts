import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import Koa from 'koa';
import session from 'koa-session';
import { phpKoaSession } from '../../src/middleware/koa-session.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { storeOf } from './koa-helpers.ts';
import { type Context, type Handler, KoaSessionSite, writtenByPhp } from './koa-session-site.ts';

/**
 * What koa-session promises to applications with a store, by the cases of its own tests (7.0.2: store.test.ts, contextstore.test.ts,
 * externalkey.test.ts, store_with_ctx.test.ts). docs/koa-session.md lists the differences and their reasons.
 */
const table = binaryTable();
let php: Harness;
let site: KoaSessionSite;
const others: KoaSessionSite[] = [];

async function siteWith(options: object, ...outer: Koa.Middleware[]): Promise<KoaSessionSite> {
  const other = await KoaSessionSite.start({ store: storeOf(table), ...options }, ...outer);
  others.push(other);
  return other;
}

const written = (code: string) => writtenByPhp(php, table, code);
const rowOf = (id: string) => php.row(table, id);
const assign =
  (content: unknown): Handler =>
  (ctx) => {
    ctx.session = content as never;
  };

beforeAll(async () => {
  php = await startHarness([table]);
  site = await KoaSessionSite.start({ store: storeOf(table) });
});

afterEach(async () => {
  for (const other of others.splice(0)) await other.stop();
});

afterAll(async () => {
  await site.stop();
  await php.stop();
});

describe('the cookie', () => {
  test.each([
    ['the session is not looked at', () => undefined],
    ['it is looked at, and empty', (ctx) => ctx.session],
    ['it is assigned {}', assign({})],
    ['it is assigned null', assign(null)],
    ['it is saved empty', (ctx) => ctx.session!.save()],
    ['only maxAge is set', (ctx) => (ctx.session!.maxAge = 60_000)],
  ] as [string, Handler][])('is not set for a new visitor when %s', async (_, handler) => {
    const answer = await site.ask(handler);
    expect(answer).toMatchObject({ status: 200, cookies: [] });
  });

  test.each([
    ['a key', (ctx) => (ctx.session!.message = 'hello')],
    ['an object', assign({ message: 'hello' })],
  ] as [string, Handler][])('is set for a new visitor who is given %s', async (_, handler) => {
    const answer = await site.ask(handler);
    expect(answer.cookies).toEqual([`PHPSESSID=${answer.id}; path=/`]);
    expect(await rowOf(answer.id!)).toBe('message|s:5:"hello";');
  });

  test('is not set again, whether the session is looked at or changed', async () => {
    const id = await written(`$_SESSION['message'] = 'hello'`);
    const handlers: Handler[] = [() => undefined, (ctx) => ctx.session!.message, (ctx) => (ctx.session!.money = '$')];
    for (const handler of handlers) expect((await site.ask(handler, { id })).cookies).toEqual([]);
  });
});

test('a value with ";" comes back', async () => {
  const { id } = await site.ask((ctx) => (ctx.session!.string = ';'));
  expect((await site.ask((ctx) => ctx.session!.string, { id })).value).toBe(';');
});

test('an assigned text, number or nothing is an error', async () => {
  for (const wrong of ['text', 5, undefined]) expect((await site.ask(assign(wrong))).status).toBe(500);
  expect(site.errors.splice(0)).toHaveLength(3);
});

test('inspect, length, populated and toJSON tell the content', async () => {
  const { value } = await site.ask((ctx) => {
    ctx.session!.foo = 'bar';
    const { length, populated } = ctx.session!;
    return [inspect(ctx.session), length, populated, ctx.session!.toJSON(), ctx.session];
  });
  expect(value).toEqual(["{ foo: 'bar' }", 1, true, { foo: 'bar' }, { foo: 'bar' }]);
});

test('save() without await is no hindrance', async () => {
  const answer = await site.ask((ctx) => {
    ctx.session!.foo = 'bar';
    void ctx.session!.save();
  });
  expect(await rowOf(answer.id!)).toBe('foo|s:3:"bar";');
});

test('an error that is caught upstream: the session is saved', async () => {
  const catching = await siteWith({}, async (ctx, next) => {
    await next().catch((error) => {
      ctx.status = error.status;
      ctx.body = error.message;
    });
  });
  const answer = await catching.ask((ctx) => {
    ctx.session!.name = 'funny';
    ctx.throw(401);
  });
  expect([answer.status, answer.value]).toEqual([401, 'Unauthorized']);
  expect(await rowOf(answer.id!)).toBe('name|s:5:"funny";');
});

test('the session before the middleware is empty, and dropped', async () => {
  const early = await siteWith({}, async (ctx, next) => {
    expect(ctx.session!.foo).toBeUndefined();
    ctx.session!.foo = '123';
    await next();
  });
  expect(await early.ask((ctx) => ctx.session)).toMatchObject({ value: {}, cookies: [] });
  const { id } = await early.ask(assign({ foo: 'bar' }));
  expect((await early.ask((ctx) => ctx.session, { id })).value).toEqual({ foo: 'bar' });
});

test('middleware around it sees ctx.session, also afterwards', async () => {
  let after: unknown;
  const around = await siteWith({}, async (ctx, next) => {
    await next();
    after = (ctx as Context).session!.n;
  });
  await around.ask(undefined, { id: await written(`$_SESSION['n'] = 1`) });
  expect(after).toBe(1);
});

test('app.context.session can be mocked', async () => {
  const mocked = await siteWith({});
  Object.defineProperty(mocked.app.context, 'session', { value: { foo: 'bar' } });
  expect((await mocked.ask((ctx) => ctx.session)).value).toEqual({ foo: 'bar' });
});

describe('maxAge', () => {
  test("is the cookie's life in milliseconds, or 'session'", async () => {
    const day = await siteWith({ cookieLifetime: 86_400 });
    const answer = await day.ask((ctx) => {
      ctx.session!.a = 1;
      return ctx.session!.maxAge;
    });
    expect(answer.value).toBe(86_400_000);
    expect(answer.cookies[0]).toMatch(/; Max-Age=86400; path=\/$/);
    expect((await site.ask((ctx) => ctx.session!.maxAge)).value).toBe('session');
  });

  test.each([
    ['with a new session', false, (ctx) => Object.assign(ctx.session!, { foo: 'bar', maxAge: 60_000 })],
    ['with an old one', true, (ctx) => (ctx.session!.maxAge = 60_000)],
    ['with an old one, in an assigned object', true, assign({ foo: 'bar', maxAge: 60_000 })],
    [
      'with a new id',
      true,
      async (ctx) => {
        await ctx.session!.regenerate();
        ctx.session!.maxAge = 60_000;
      },
    ],
    ['in fractions of a second', true, (ctx) => (ctx.session!.maxAge = 59_001)],
  ] as [string, boolean, Handler][])(
    'can be set %s: the cookie is sent, and nothing of it stored',
    async (_, isOld, handler) => {
      const id = isOld ? await written(`$_SESSION['foo'] = 'bar'`) : undefined;
      const { cookies, id: newId } = await site.ask(handler, { id });
      expect(cookies).toEqual([expect.stringMatching(/^PHPSESSID=\w{26,32}; expires=.* GMT; Max-Age=60; path=\/$/)]);
      expect(await rowOf(newId!)).toBe('foo|s:3:"bar";');
    },
  );

  test("set to 'session': until the browser is closed", async () => {
    const day = await siteWith({ cookieLifetime: 86_400 });
    const id = await written(`$_SESSION['foo'] = 'bar'`);
    const { cookies } = await day.ask((ctx) => (ctx.session!.maxAge = 'session'), { id });
    expect(cookies).toEqual([`PHPSESSID=${id}; path=/`]);
  });
});

describe('rolling', () => {
  test('sends the cookie of a session each time, and no row or cookie without one', async () => {
    const rolling = await siteWith({ rolling: true, cookieLifetime: 60 });
    expect((await rolling.ask((ctx) => ctx.session)).cookies).toEqual([]);
    expect((await rolling.ask((ctx) => ctx.session, { id: 'a'.repeat(32) })).cookies).toEqual([]);
    const id = await written(`$_SESSION['foo'] = 'bar'`);
    const { cookies } = await rolling.ask((ctx) => ctx.session, { id });
    expect(cookies).toEqual([expect.stringMatching(`^PHPSESSID=${id}; expires=.*; Max-Age=60; path=/$`)]);
  });
});

describe('regenerate()', () => {
  test('changes the id and not the content, after an assignment too', async () => {
    const id = await written(`$_SESSION['message'] = 'old'`);
    const answer = await site.ask(
      async (ctx) => {
        ctx.session = { message: 'hi' };
        await ctx.session!.regenerate();
        return ctx.session!.message;
      },
      { id },
    );
    expect(answer.value).toBe('hi');
    expect(answer.id).not.toBe(id);
    expect([await rowOf(id), await rowOf(answer.id!)]).toEqual(['', 'message|s:2:"hi";']);
  });
});

describe('events', () => {
  test("'session:missed' for an id that is not known; the session is new", async () => {
    const told = new Promise<{ key: string; ctx: Context }>((resolve) => site.app.once('session:missed', resolve));
    const answer = await site.ask((ctx) => ctx.session!.isNew, { id: 'invalid-key' });
    expect(answer.value).toBe(true);
    expect(await told).toMatchObject({ key: 'invalid-key', ctx: { status: 200 } });
  });
});

describe('valid and beforeSave', () => {
  test("another user's session stays as it is, 'session:invalid' is emitted, and a new session begins", async () => {
    const ofUser = await siteWith({
      valid: (ctx: Context, data: { uid?: string }) => ctx.cookies.get('uid') === data.uid,
      beforeSave: (ctx: Context, shown: { uid?: string }) => {
        shown.uid = ctx.cookies.get('uid')!;
      },
    });
    const told = jest.fn();
    ofUser.app.on('session:invalid', told);
    const visit: Handler = (ctx) => (ctx.session!.foo ??= 'made once');
    const first = await ofUser.ask(visit, { cookie: 'uid=123' });
    const row = 'foo|s:9:"made once";uid|s:3:"123";';
    expect(await rowOf(first.id!)).toBe(row);
    const again = await ofUser.ask(visit, { cookie: `uid=123; PHPSESSID=${first.id}` });
    expect(again.cookies).toEqual([]);
    expect(told).not.toHaveBeenCalled();

    await php.sql(`UPDATE ${table.name} SET usetime = usetime - 1000 WHERE id = '${first.id}'`);
    const other = await ofUser.ask(
      (ctx) => {
        const value = [ctx.session!.isNew, ctx.session!.foo ?? null, ctx.phpSession.data.foo ?? null];
        ctx.session!.foo = 'other';
        return value;
      },
      { cookie: `uid=456; PHPSESSID=${first.id}` },
    );
    expect(other.value).toEqual([true, null, null]);
    expect(other.id).not.toBe(first.id);
    expect(told).toHaveBeenCalledWith(expect.objectContaining({ key: first.id, value: {}, ctx: expect.anything() }));
    expect(await rowOf(other.id!)).toBe('foo|s:5:"other";uid|s:3:"456";');
    expect(await rowOf(first.id!)).toBe(row);
    expect(await php.age(table, first.id!)).toBeGreaterThanOrEqual(1_000);
  });

  test.each([
    ['nothing changes', 0, () => undefined],
    ['it is read', 0, (ctx) => Object.values(ctx.session!).length],
    ['a hidden key changes', 1, (ctx) => (ctx.phpSession.data.length = 6)],
    // A key that is deleted and set again keeps its place, so nothing has changed: in koa-session it has.
    ['the order of keys changes', 0, (ctx) => delete ctx.session!.n && Object.assign(ctx.session!, { n: 1 })],
    ['save() is called', 1, (ctx) => ctx.session!.save()],
    ['regenerate() is called', 1, (ctx) => ctx.session!.regenerate()],
    ['it is a logout', 0, assign(null)],
  ] as [string, number, Handler][])('beforeSave: when %s, it is called %i times', async (_, times, handler) => {
    const beforeSave = jest.fn();
    const hooked = await siteWith({ beforeSave });
    await hooked.ask(handler, { id: await written(`$_SESSION = ['n' => 1, 'length' => 5, 'z' => PHP_INT_MAX]`) });
    expect(beforeSave).toHaveBeenCalledTimes(times);
  });
});

describe('options', () => {
  const make = (options: object, app: unknown = new Koa(), create: unknown = session) =>
    phpKoaSession(create as never, { store: storeOf(table), ...options }, app as never);

  test.each([
    ['key', { key: 'koa.sess' }, /^key is name here/],
    ['maxAge', { maxAge: 1 }, /^maxAge is cookieLifetime/],
    ['httpOnly', { httpOnly: true }, /^httpOnly is cookieHttponly/],
    ['signed', { signed: true }, /^signed is not an option of phpKoaSession\(\)/],
    ['genid', { genid: () => 'a' }, /^genid is not an option of phpKoaSession\(\)/],
    ['externalKey', { externalKey: {} }, /^externalKey is not an option of phpKoaSession\(\)/],
    ['renew', { renew: true }, /^renew is not an option of phpKoaSession\(\)/],
    ['valid', { valid: 'yes' }, /^valid must be a function/],
    ['beforeSave', { beforeSave: {} }, /^beforeSave must be a function/],
    ['rolling', { rolling: 1 }, /^rolling must be true or false/],
    ['autoCommit', { autoCommit: 'no' }, /^autoCommit must be true or false/],
    ['store', { store: { get() {} } }, /^store must be a session store/],
  ])('%s', (_, options, message) => {
    expect(() => make(options)).toThrow(TypeError);
    expect(() => make(options)).toThrow(message);
  });

  test('koa-session and the application are needed, and no other ctx.session', () => {
    expect(() => make({}, new Koa(), null)).toThrow(/needs koa-session/);
    expect(() => make({}, null)).toThrow(/needs the application/);
    const app = new Koa();
    make({}, app);
    expect(() => make({}, app)).toThrow(/has a ctx.session already/);
    expect(() => phpKoaSession(session, undefined as never, new Koa())).toThrow(/^store must be/);
  });
});
