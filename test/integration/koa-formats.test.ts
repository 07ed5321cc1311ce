import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Handler, Site, storeOf } from './koa-helpers.ts';

/** Node and PHP on one session, with each of PHP's own `session.serialize_handler`s. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(async () => {
  await php.stop();
});

test.each(['php', 'php_binary', 'php_serialize'] as const)('%s', async (serializeHandler) => {
  const site = await Site.start({ store: storeOf(table), serializeHandler });
  const before = await php.count(table);
  const empty = await site.ask((ctx) => {
    ctx.session.a = 1;
    delete ctx.session.a;
  });
  expect([empty.headers['set-cookie'], await php.count(table)]).toEqual([undefined, before]);

  const first = await site.ask((ctx) => {
    ctx.session.user = 'Zoë';
    ctx.session.list = [1.5];
  });
  const ini = { 'session.serialize_handler': serializeHandler };
  const code =
    '$handler->start(); $_SESSION["list"][] = 2.0; $_SESSION["same"] = &$_SESSION["list"]; return $_SESSION["user"];';
  const answer = await php.ask({ driver: 'pdo', table, id: first.id!, ini }, code);
  expect(answer.result).toBe('Zoë');
  const again = await site.ask((ctx) => {
    ctx.session.new = true;
    return ctx.session;
  }, first);
  expect(again.value).toEqual({ user: 'Zoë', list: [1.5, 2], same: [1.5, 2], new: true });
  const seen = await php.ask(
    { driver: 'pdo', table, id: first.id!, ini },
    '$handler->start(); $_SESSION["same"][] = 3.0; return $_SESSION["list"];',
  );
  expect(seen.result).toEqual([1.5, 2, 3]);
  await site.stop();
});

test.each(['php', 'php_binary', 'php_serialize'] as const)(
  '%s: a request that stores nothing leaves no row, and gets no event, without the lock too',
  async (serializeHandler) => {
    const nothing: Handler[] = [
      () => undefined,
      (ctx) => ctx.session.a,
      (ctx) => {
        ctx.session.a = 1;
        delete ctx.session.a;
      },
    ];
    const left = randomBytes(16).toString('hex');
    await php.put(table, left, '');
    for (const mode of ['exclusive', 'merge', 'readonly'] as const) {
      const site = await Site.start({ store: storeOf(table), serializeHandler, mode });
      const before = await php.count(table);
      for (const handler of nothing) {
        for (const id of [randomBytes(16).toString('hex'), left]) {
          expect(await site.ask(handler, { id })).toMatchObject({ status: 200, id: undefined });
        }
      }
      expect([await php.count(table), site.codes()]).toEqual([before, []]);
      await site.stop();
    }
  },
);
