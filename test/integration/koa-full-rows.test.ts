import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestMode } from '../../src/middleware/koa.ts';
import { checkTable, type MysqlStoreOptions, mysqlStore } from '../../src/mysql.ts';
import { newId } from '../../src/testing/leases.ts';
import { type Context, type Handler, Site } from './koa-helpers.ts';
import { Relay } from './mysql-relay.ts';
import { testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// Symfony's table: a row needs a value in a column that this store does not fill. A request that stores nothing needs no row. One
// that would make a row fails, and the error says for which column.

const table = 'koa_full_rows';
const symfony = `CREATE TABLE ${table} (
  sess_id VARBINARY(128) NOT NULL PRIMARY KEY,
  sess_data BLOB NOT NULL,
  sess_lifetime INTEGER UNSIGNED NOT NULL,
  sess_time INTEGER UNSIGNED NOT NULL,
  INDEX sess_lifetime_idx (sess_lifetime)
) COLLATE utf8mb4_bin, ENGINE = InnoDB`;
const columns = { id: 'sess_id', data: 'sess_data', time: 'sess_lifetime' };
const options: Omit<MysqlStoreOptions, 'connection'> = { table, columns, timeMeaning: 'expiresAt' };
const mend = `ALTER TABLE \`${table}\` ALTER COLUMN \`sess_time\` SET DEFAULT 0`;
const connection = { ...testServer(), database: 'test' };

let witness: Witness;
let sites: Site[];

beforeAll(async () => {
  witness = await Witness.connect();
});
beforeEach(async () => {
  sites = [];
  await witness.table(table, symfony);
});
afterEach(() => Promise.all(sites.map((site) => site.stop())));
afterAll(async () => {
  await witness.query(`DROP TABLE ${table}`);
  await witness.end();
});

async function siteOf(mode: RequestMode, useStrictMode = false, more: Partial<MysqlStoreOptions> = {}) {
  const site = await Site.start({ store: mysqlStore({ connection, ...options, ...more }), mode, useStrictMode });
  sites.push(site);
  return site;
}

/** A row as PHP makes it. */
async function put(data: string, seconds = 1000): Promise<string> {
  const id = newId();
  await witness.query(`INSERT INTO ${table} VALUES (?, ?, UNIX_TIMESTAMP() + ${seconds}, 77)`, [id, data]);
  return id;
}
const rows = async () => {
  const found: unknown = await witness.query(
    `SELECT sess_id, CONVERT(sess_data USING utf8mb4) d, sess_time t FROM ${table}`,
  );
  return found as { sess_id: Buffer }[];
};

const stores: Handler = (ctx) => {
  ctx.session.n = 1;
};
const adds: Handler = (ctx) => {
  ctx.session.n = (ctx.session.n as number) + 1;
};
const logsIn: Handler = async (ctx) => {
  ctx.session.user = 'bob';
  await ctx.phpSession.regenerate();
};
const none = (work: Handler): Handler => {
  return async (ctx) => {
    await work(ctx);
    return 'none';
  };
};
const first = (work: (ctx: Context) => Promise<void>, then: Handler): Handler => {
  return async (ctx) => {
    await work(ctx);
    return then(ctx);
  };
};
const served: [string, Handler][] = [
  ['reads', (ctx) => ctx.session.n ?? 'none'],
  ['does not look', () => 'none'],
  [
    'stores and deletes again',
    none((ctx) => {
      ctx.session.n = 1;
      delete ctx.session.n;
    }),
  ],
  ['asks for a new id, and stores nothing', none((ctx) => ctx.phpSession.regenerate())],
  ['locks', none((ctx) => ctx.phpSession.lock())],
  ['closes', none((ctx) => ctx.phpSession.close())],
  ['logs out', none((ctx) => ctx.phpSession.destroy())],
  [
    'logs out at its end',
    none((ctx) => {
      ctx.session = null;
    }),
  ],
];

describe.each<RequestMode>(['exclusive', 'merge', 'readonly'])('mode %s', (mode) => {
  describe.each([false, true])('strict mode %s', (strict) => {
    test.each(served)('a request without a row that %s is served', async (_, handler) => {
      const site = await siteOf(mode, strict);
      for (const id of [newId(), undefined]) {
        const answer = await site.ask(handler, { id });
        expect([answer.status, answer.value, answer.id]).toEqual([200, 'none', undefined]);
      }
      expect(site.errors).toEqual([]);
      expect(await rows()).toEqual([]);
    });

    test('one whose session has ended is served too', async () => {
      const site = await siteOf(mode, strict);
      const id = await put('n|i:1;', -10);
      expect(await site.ask((ctx) => ctx.session.n ?? 'none', { id })).toMatchObject({ status: 200, value: 'none' });
      expect(site.errors).toEqual([]);
      expect(await rows()).toEqual([{ sess_id: Buffer.from(id), d: 'n|i:1;', t: 77 }]);
    });
  });
});

describe.each<RequestMode>(['exclusive', 'merge'])('mode %s', (mode) => {
  describe.each([false, true])('strict mode %s', (strict) => {
    test.each<[string, Handler]>([
      ['stores', stores],
      ['logs in', logsIn],
      ['logs in after lock()', first((ctx) => ctx.phpSession.lock(), logsIn)],
      ['gets its new id first', first((ctx) => ctx.phpSession.regenerate(), stores)],
      ['begins again after a logout', first((ctx) => ctx.phpSession.destroy(), stores)],
    ])('a request without a row that %s fails, and the error names the column', async (_, handler) => {
      const site = await siteOf(mode, strict);
      for (const id of [newId(), undefined]) {
        const answer = await site.ask(handler, { id });
        expect([answer.status, answer.id]).toEqual([500, undefined]);
        const error = site.errors.pop() as Error & { cause: unknown };
        expect(error).toMatchObject({ code: 'ERR_SESSION_TABLE', cause: { errno: 1364 } });
        expect(error.message).toContain('sess_time');
        expect(error.message).toContain(mend);
        expect(site.errors).toEqual([]);
      }
      expect(await rows()).toEqual([]);
    });

    test('a row that PHP has made is used, changed and gets its new id', async () => {
      const site = await siteOf(mode, strict);
      const id = await put('n|i:1;');
      expect(await site.ask((ctx) => ctx.session.n, { id })).toMatchObject({ status: 200, value: 1 });
      expect(await site.ask(adds, { id })).toMatchObject({ status: 200 });
      const login = await site.ask(logsIn, { id });
      expect(login.status).toBe(200);
      expect(await rows()).toEqual([{ sess_id: Buffer.from(login.id!), d: 'n|i:2;user|s:3:"bob";', t: 77 }]);
      expect(await site.ask((ctx) => ctx.phpSession.destroy(), { id: login.id })).toMatchObject({ status: 200 });
      expect(await rows()).toEqual([]);
      expect(site.errors).toEqual([]);
    });

    test('with the SQL of the error, and with that of checkTable(), all of it works', async () => {
      const findings = await checkTable({ connection, ...options });
      const { sql } = findings.find(({ code }) => code === 'column-without-default')!;
      expect(sql).toEqual([mend.replace('`koa', '`test`.`koa')]);
      const site = await siteOf(mode, strict);
      expect((await site.ask(() => 'none', { id: newId() })).status).toBe(200);
      expect((await site.ask(stores)).status).toBe(500);
      expect((await site.ask(() => 'none', { id: newId() })).status).toBe(200);
      await witness.query(mend);
      const { status, id } = await site.ask(stores);
      expect(status).toBe(200);
      expect(await site.ask((ctx) => ctx.session.n, { id })).toMatchObject({ status: 200, value: 1 });
      // From now on the table is one of those in which a login leaves a row under the old id.
      const login = await site.ask(logsIn, { id });
      expect((await rows()).map(({ sess_id }) => String(sess_id)).sort()).toEqual([id, login.id].sort());
    });
  });
});

test('readonly: a change is reported as usual', async () => {
  const site = await siteOf('readonly');
  await site.ask(stores, { id: newId() });
  expect(site.errors).toMatchObject([{ code: 'ERR_SESSION_READONLY' }]);
});

describe('the store', () => {
  const storeOn = (more: Partial<MysqlStoreOptions> = {}) => mysqlStore({ connection, ...options, ...more });

  test('a missing row can be neither locked nor made', async () => {
    const store = storeOn();
    const lease = await store.open(newId());
    expect(lease).toMatchObject({ data: undefined, writable: false });
    expect(await lease.commit({ data: utf8Bytes('n|i:1;') })).toBe('gone');
    await lease.release();
    await expect(store.open(newId(), { fresh: true })).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE' });
    await store.close();
    expect(await rows()).toEqual([]);
  });

  test('the table is described once, not at each such request', async () => {
    const relay = await Relay.start(testServer());
    const store = storeOn({ connectionLimit: 1, connection: { ...connection, port: relay.port } });
    const open = async () => (await store.open(newId())).release();
    await open();
    const opens = async () => {
      for (let i = 0; i < 5; i++) await open();
    };
    // A look for the row, the INSERT that fails, ROLLBACK. What the server counts would have other tests in it.
    expect(await relay.count(opens)).toBe(5 * 3);
    await store.close();
    await relay.stop();
  });

  test('several columns, of types that take no default: each has its statement', async () => {
    await witness.query(`ALTER TABLE ${table} ADD notes TEXT NOT NULL, ADD seen DATETIME NOT NULL`);
    const store = storeOn();
    const error = await store.open(newId(), { fresh: true }).catch((reason) => reason);
    expect(error.message).toContain('sess_time, notes, seen');
    expect(error.message).toMatch(/; \(ER_NO_DEFAULT_FOR_FIELD\)$/);
    for (const statement of error.message.split(': ').at(-1).split(';').slice(0, -1)) await witness.query(statement);
    await (await store.open(newId(), { fresh: true })).commit({ data: utf8Bytes('n|i:1;') });
    await store.close();
    expect(await rows()).toHaveLength(1);
  });

  test('a column that a trigger fills demands nothing', async () => {
    await witness.query(
      `CREATE TRIGGER ${table}_t BEFORE INSERT ON ${table} FOR EACH ROW SET NEW.sess_time = UNIX_TIMESTAMP()`,
    );
    const store = storeOn();
    const lease = await store.open(newId());
    expect(await lease.commit({ data: utf8Bytes('n|i:1;') })).toBe('written');
    await store.close();
    expect(await rows()).toMatchObject([{ d: 'n|i:1;' }]);
  });

  test('old sessions are collected without a row for the turn', async () => {
    await put('n|i:1;', -100);
    const errors: unknown[] = [];
    const store = storeOn({ gcInterval: 1, gcMaxlifetime: 60, onGcError: (error) => errors.push(error) });
    while ((await rows()).length > 0 && errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await store.close();
    expect(errors).toEqual([]);
    expect(await rows()).toEqual([]);
  });
});
