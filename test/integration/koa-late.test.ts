import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness, until } from '../php/harness.ts';
import { type Context, Site, storeOf } from './koa-helpers.ts';

/** What an application does with the session after its handler has ended: it has no effect, and is reported. */
const table = binaryTable();
const original = 'a|i:1;';
let php: Harness;
let site: Site;

beforeAll(async () => {
  php = await startHarness([table]);
  site = await Site.start({ store: storeOf(table) });
});
afterEach(() => expect(site.codes()).toEqual([]));
afterAll(async () => {
  await site.stop();
  await php.stop();
});

async function put(): Promise<string> {
  const id = newId();
  await php.put(table, id, original);
  return id;
}

/** The context of a request that has been answered. */
async function answered(id: string | undefined, handler: (ctx: Context) => unknown = () => {}) {
  let kept!: Context;
  const answer = await site.ask(
    async (ctx) => {
      kept = ctx;
      await handler(ctx);
    },
    { id },
  );
  expect(answer.status).toBe(200);
  return { kept, answer };
}

/** Runs `late` when the answer has come, and waits for the report. */
async function afterwards(late: (ctx: Context) => unknown, more: (ctx: Context) => unknown = () => {}) {
  const id = await put();
  const { kept, answer } = await answered(id, more);
  const row = await php.row(table, answer.id ?? id);
  await late(kept);
  await until(() => site.errors.length > 0);
  expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
  expect(await php.row(table, answer.id ?? id)).toBe(row);
}

test.each<[string, (ctx: Context) => unknown]>([
  ['a change', (ctx) => (ctx.session.a = 2)],
  ['another session', (ctx) => (ctx.session = { b: 1 })],
  ['what cannot be stored', (ctx) => (ctx.session.a = () => 1)],
  ['a logout by null', (ctx) => void Object.assign(ctx, { session: null })],
  ['destroy() that is not awaited', (ctx) => void ctx.phpSession.destroy()],
  ['destroy()', (ctx) => expect(ctx.phpSession.destroy()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })],
  ['regenerate()', (ctx) => void ctx.phpSession.regenerate()],
  ['lock()', (ctx) => void ctx.phpSession.lock()],
])('%s is reported', async (_, late) => {
  await afterwards(late);
  await afterwards(late, (ctx) => (ctx.session.a = 5));
  await afterwards(late, (ctx) => ctx.phpSession.regenerate());
});

test('a look at the session is no change', async () => {
  const { kept } = await answered(await put());
  expect(kept.session.a).toBe(1);
  kept.session.a = 1;
  await kept.phpSession.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
});

test('many late changes are reported once', async () => {
  const { kept } = await answered(await put());
  for (let i = 2; i < 5; i++) {
    kept.session.a = i;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
});

test('of a visitor without a session', async () => {
  const { kept, answer } = await answered(undefined);
  expect(answer.headers['set-cookie']).toBeUndefined();
  kept.session.a = 1;
  await until(() => site.errors.length > 0);
  expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
});

test('a stream that continues, and still uses the session', async () => {
  const id = await put();
  const body = new PassThrough();
  let session!: Context['session'];
  const sent = site.send(
    (ctx) => {
      session = ctx.session;
      ctx.body = body;
    },
    { id },
  );
  body.write('begin');
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // the session is saved
  session.a = 2;
  body.end('end');
  expect(await text(response)).toBe('beginend');
  await until(() => site.errors.length > 0);
  expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
  expect(await php.row(table, id)).toBe(original);
});

test('an answer by hand that continues, and still uses the session', async () => {
  const id = await put();
  const answer = await site.ask(
    (ctx) => {
      const { session } = ctx;
      ctx.respond = false;
      setTimeout(() => {
        session.a = 2;
        ctx.res.writeHead(200).end('by hand');
      }, 50);
    },
    { id },
  );
  expect(answer.value).toBe('by hand');
  await until(() => site.errors.length > 0);
  expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
  expect(await php.row(table, id)).toBe(original);
});
