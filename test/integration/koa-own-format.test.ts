import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkTable } from '../../src/mysql.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId } from '../../src/testing/leases.ts';
import { hex, hexOf, oddHexOf } from '../helpers/hex-format.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Handler, Site, storeOf } from './koa-helpers.ts';
import { testServer } from './mysql-store-helpers.ts';

/** A format that is not PHP's own: `serializeHandler` gets it as a value. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());
beforeEach(() => php.sql(`DELETE FROM ${table.name}`));

const row = (id: string | undefined) => php.row(table, id!);
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

async function put(bytes: Uint8Array | string): Promise<{ id: string }> {
  const id = newId();
  await php.put(table, id, latin1(Buffer.from(bytes as string, 'latin1')));
  return { id };
}

test.each([
  ['php_serialize', 'a:0:{}'],
  ['hex', hexOf('a:0:{}').toString()],
])('a logout tells the store what a session with nothing in it is in the format %s', async (name, empty) => {
  // A login of another request, while the lock was lost, may have left that: see the test of the store.
  const [inner, told] = [memoryStore(), [] as unknown[]];
  const open: SessionStore['open'] = async (id, options) => {
    const lease = await inner.open(id, options);
    const destroy = lease.destroy.bind(lease);
    lease.destroy = (data) => {
      told.push(data && Buffer.from(data).toString());
      return destroy(data);
    };
    return lease;
  };
  const serializeHandler = name === 'hex' ? hex : 'php_serialize';
  const site = await Site.start({ store: { ...inner, open }, serializeHandler, mode: 'exclusive' });
  const visitor = await site.ask((ctx) => (ctx.session.a = 1));
  expect((await site.ask((ctx) => ctx.phpSession.destroy(), visitor)).id).toBe('deleted');
  expect(told).toEqual([empty]);
  await site.stop();
});

describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), serializeHandler: hex, mode });
  });
  afterAll(async () => {
    expect(site.codes()).toEqual([]);
    await site.stop();
  });

  test('a new session, and a change', async () => {
    const first = await site.ask((ctx) => (ctx.session.user = { name: 'Zoë' }));
    expect(await row(first.id)).toBe(latin1(hexOf(Buffer.from('a:1:{s:4:"user";a:1:{s:4:"name";s:4:"Zoë";}}'))));
    const again = await site.ask((ctx) => {
      (ctx.session.user as { name: string }).name = 'Al';
      return ctx.session;
    }, first);
    expect(again).toMatchObject({ status: 200, value: { user: { name: 'Al' } } });
    expect(await row(first.id)).toBe(latin1(hexOf('a:1:{s:4:"user";a:1:{s:4:"name";s:2:"Al";}}')));
  });

  test('what was not changed keeps its bytes, which encode() would not give', async () => {
    const odd = oddHexOf('a:1:{s:1:"a";a:1:{i:0;i:1;}}');
    const visitor = await put(odd);
    const handlers: Handler[] = [
      () => undefined,
      (ctx) => ctx.session,
      (ctx) => {
        ctx.session.b = 1;
        delete ctx.session.b;
      },
    ];
    for (const handler of handlers) {
      expect((await site.ask(handler, visitor)).status).toBe(200);
      expect(await row(visitor.id)).toBe(latin1(odd));
    }
  });

  test('who stores nothing leaves no row', async () => {
    const nothing: Handler = (ctx) => {
      ctx.session.a = 1;
      delete ctx.session.a;
    };
    const answer = await site.ask(nothing);
    expect([answer.id, await php.count(table)]).toEqual([undefined, 0]);
  });

  test('a session with nothing in it, in the format or as no bytes: a logout has nothing to end', async () => {
    for (const data of [hexOf('a:0:{}'), '']) {
      const visitor = await put(data);
      const answer = await site.ask((ctx) => ctx.phpSession.destroy(), visitor);
      expect([answer.status, answer.headers['set-cookie'], await row(visitor.id)]).toEqual([200, undefined, '']);
    }
    const visitor = await put(hexOf('a:1:{s:1:"a";i:1;}'));
    const answer = await site.ask((ctx) => ctx.phpSession.destroy(), visitor);
    expect([answer.id, await row(visitor.id)]).toEqual(['deleted', undefined]);
  });

  test('regenerate() moves it, and leaves an empty one', async () => {
    const odd = oddHexOf('a:1:{s:1:"a";i:1;}');
    const visitor = await put(odd);
    const { id } = await site.ask((ctx) => ctx.phpSession.regenerate(), visitor);
    expect([await row(id), await row(visitor.id)]).toEqual([latin1(odd), '']);
    expect((await site.ask((ctx) => ctx.session, visitor)).value).toEqual({});
  });

  test('a row that cannot be read: the error says what it holds', async () => {
    const rows: [Uint8Array | string, RegExp][] = [
      ['HEX:61xx', /in PHP's format hex: it is damaged at byte 6 of 8$/],
      ['user|s:5:"alice";', /it is one in the format php: give serializeHandler/],
      ['{"user":"alice"}', /it is JSON/],
      ['nothing of the kind', /it is damaged at byte 0 of 19$/],
      [hexOf('user|s:5:"alice";'), /it is damaged/],
    ];
    for (const [data, message] of rows) {
      const visitor = await put(data);
      expect((await site.ask((ctx) => ctx.session, visitor)).status).toBe(500);
      const [error] = site.errors.splice(0) as (Error & { code: string })[];
      expect([error!.code, error!.message]).toEqual(['ERR_PHP_SYNTAX', expect.stringMatching(message)]);
      expect(error!.message).not.toMatch(/alice|user/);
      expect((await site.ask((ctx) => ctx.phpSession.destroy(), visitor)).id).toBe('deleted');
      expect(await row(visitor.id)).toBeUndefined();
    }
  });
});

test('merge: two changes at one time, on what others have stored', async () => {
  const site = await Site.start({ store: storeOf(table), serializeHandler: hex, mode: 'merge' });
  const visitor = await put(oddHexOf('a:2:{s:1:"a";i:1;s:1:"b";i:1;}'));
  const answer = await site.ask(async (ctx) => {
    ctx.session.a = 2;
    await php.sql(
      `UPDATE ${table.name} SET data = '${latin1(oddHexOf('a:2:{s:1:"a";i:1;s:1:"b";i:3;}'))}' WHERE id = '${visitor.id}'`,
    );
  }, visitor);
  expect([answer.status, await row(visitor.id)]).toEqual([200, latin1(hexOf('a:2:{s:1:"a";i:2;s:1:"b";i:3;}'))]);
  await site.stop();
});

test("onUnreadable: 'new', as with PHP's own formats", async () => {
  const site = await Site.start({ store: storeOf(table), serializeHandler: hex, onUnreadable: 'new' });
  const visitor = await put('HEX:61xx');
  const answer = await site.ask((ctx) => (ctx.session.a = 1), visitor);
  expect(answer.id).not.toBe(visitor.id);
  expect([await row(answer.id), await row(visitor.id)]).toEqual([latin1(hexOf('a:1:{s:1:"a";i:1;}')), 'HEX:61xx']);
  await site.stop();
});

describe('neighbours', () => {
  const neighbours = async (data: Uint8Array | string) => {
    for (let number = 1; number <= 3; number++) await put(data);
    const site = await Site.start({ store: storeOf(table), serializeHandler: hex });
    const { status } = await site.ask((ctx) => (ctx.session.a = 1));
    const codes = site.codes();
    await site.stop();
    return [status, ...codes];
  };

  test('of the same format: a session is made', async () => {
    expect(await neighbours(oddHexOf('a:1:{s:1:"a";i:1;}'))).toEqual([200]);
  });

  test('of one of PHP’s own: a session is made', async () => {
    expect(await neighbours('a|i:1;')).toEqual([200]);
  });

  test('that are packed in another way: none is made', async () => {
    expect(await neighbours('{"a":1}')).toEqual([500, 'ERR_SESSION_TABLE']);
    const json = Buffer.from('{"a":1}').toString('base64');
    expect(await neighbours(json)).toEqual([500, 'ERR_SESSION_TABLE']);
  });

  test('are no finding of checkTable(), where it knows the format', async () => {
    const packed = Buffer.from(oddHexOf('a:1:{s:1:"a";i:1;}')).toString('base64');
    for (const [data, serializeHandler, expected] of [
      ['{"a":1}', hex, ['data-encoding']],
      [oddHexOf('a:1:{s:1:"a";i:1;}'), hex, []],
      [packed, hex, ['data-encoding']],
      ['a|i:1;', 'php', []],
    ] as const) {
      await php.sql(`DELETE FROM ${table.name}`);
      await put(data);
      const options = { connection: { ...testServer(), database: 'test' }, table: table.name, serializeHandler };
      const codes = (await checkTable(options)).map(({ code }) => code);
      expect(codes.filter((code) => code === 'data-encoding')).toEqual(expected);
    }
  });

  test('checkTable() refuses what is no format', async () => {
    await expect(checkTable({ connection: 'mysql://127.0.0.1/x', serializeHandler: 'hex' as never })).rejects.toThrow(
      /^serializeHandler must be 'php', /,
    );
  });
});
