import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { base64, encodedStore } from '../../src/encoded.ts';
import { mysqlStore } from '../../src/mysql.ts';
import { sessionOpener } from '../../src/session.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { newId, withLease } from '../../src/testing/leases.ts';
import { type Handler, Site } from './koa-helpers.ts';
import { storeOn, testServer, Witness } from './mysql-store-helpers.ts';

// The option `row.read`: other columns of a row, in the SELECT that reads the session.

const table = 'columns_of_rows';
let witness: Witness;
let site: Site | undefined;

beforeAll(async () => {
  witness = await Witness.connect();
});
beforeEach(() =>
  witness.table(
    table,
    `CREATE TABLE ${table} (id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL, who INT NULL, large BIGINT NULL,
      name VARCHAR(20) CHARACTER SET latin1 NULL, bytes VARBINARY(20) NULL, \`a-b\` INT NULL, KEY (usetime))`,
  ),
);
afterEach(async () => {
  await site?.stop();
  expect(site?.codes() ?? []).toEqual([]);
  site = undefined;
});
afterAll(() => witness.end());

const read = ['who', 'large', 'name', 'bytes', 'a-b'];
const columns = { who: 42, large: '9007199254740993', name: 'é', bytes: Buffer.from([0xff, 0]), 'a-b': null };

async function put(): Promise<string> {
  const id = newId();
  await witness.query(
    `INSERT INTO ${table} VALUES (?, 'a|i:1;', UNIX_TIMESTAMP(), 42, 9007199254740993, 'é', X'ff00', NULL)`,
    [id],
  );
  return id;
}

test('a snapshot and a lease have them, as does one that was locked later', async () => {
  const [store, id] = [storeOn(table, { row: { read } }), await put()];
  const snapshot = await store.read(id);
  expect(snapshot.columns).toEqual(columns);
  await withLease(store, id, async (lease) => expect(lease.columns).toEqual(columns));
  await witness.query(`UPDATE ${table} SET who = 43`);
  const lease = await snapshot.lock!({ create: false });
  expect(lease.columns).toEqual({ ...columns, who: 43 });
  await lease.release();
  await store.close();
});

test('where there is no row there are none', async () => {
  const store = storeOn(table, { row: { read } });
  expect((await store.read(newId())).columns).toBeUndefined();
  await withLease(store, newId(), async (lease) => expect(lease.columns).toBeUndefined());
  await store.close();
});

test('they come through an encoding, and with a tombstone in the statement', async () => {
  const [store, id] = [storeOn(table, { row: { read }, encoding: base64 }), await put()];
  await witness.query(`UPDATE ${table} SET data = TO_BASE64(data)`);
  const snapshot = await store.read(id);
  expect([Buffer.from(snapshot.data!).toString(), snapshot.columns]).toEqual(['a|i:1;', columns]);
  await withLease(store, id, async (lease) => expect(lease.columns).toEqual(columns));
  // A logout and a login under the same id: the tombstone is still found behind the columns.
  await withLease(store, id, (lease) => lease.destroy());
  await witness.query(`INSERT INTO ${table} (id, data, usetime, who) VALUES (?, 'YnxpOjE7', UNIX_TIMESTAMP(), 7)`, [
    id,
  ]);
  const other = await snapshot.lock!({ create: false });
  expect([other.isOther, other.columns!.who]).toEqual([true, 7]);
  await other.release();
  await store.close();
});

test('without the option nothing more is read', async () => {
  const [store, id] = [storeOn(table), await put()];
  expect((await store.read(id)).columns).toBeUndefined();
  const memory = memoryStore();
  expect((await encodedStore(memory, base64).read(id)).columns).toBeUndefined();
  await store.close();
});

describe('phpSession.columns', () => {
  const open = async (mode: 'exclusive' | 'merge' | 'readonly') => {
    const store = mysqlStore({ connection: { ...testServer(), database: 'test' }, table, row: { read: ['who'] } });
    site = await Site.start({ store, mode });
    return site;
  };
  const who: Handler = (ctx) => ctx.phpSession.columns;

  test.each(['exclusive', 'merge', 'readonly'] as const)('in the mode %s', async (mode) => {
    const site = await open(mode);
    const id = await put();
    expect((await site.ask(who, { id })).value).toEqual({ who: 42 });
    expect((await site.ask(who, { id: newId() })).value).toEqual({});
    expect((await site.ask(who)).value).toEqual({});
  });

  test('lock() reads them again, close() leaves them, and a logout has none', async () => {
    const site = await open('merge');
    const id = await put();
    const { value } = await site.ask(
      async (ctx) => {
        await witness.query(`UPDATE ${table} SET who = 43`);
        const before = ctx.phpSession.columns;
        await ctx.phpSession.lock();
        const after = ctx.phpSession.columns;
        await ctx.phpSession.close();
        return [before, after, ctx.phpSession.columns];
      },
      { id },
    );
    expect(value).toEqual([{ who: 42 }, { who: 43 }, { who: 43 }]);
    const gone = await site.ask(
      async (ctx) => {
        await ctx.phpSession.destroy();
        return ctx.phpSession.columns;
      },
      { id },
    );
    expect(gone.value).toEqual({});
  });

  test('who has dropped the session is no user of its row any more', async () => {
    for (const mode of ['exclusive', 'merge'] as const) {
      const site = await open(mode);
      const { value } = await site.ask(
        (ctx) => {
          const before = ctx.phpSession.columns.who;
          ctx.session = null;
          return [before, ctx.phpSession.columns];
        },
        { id: await put() },
      );
      expect(value).toEqual([42, {}]);
      await site.stop();
    }
  });

  test('a session that is opened by hand has them too', async () => {
    const store = storeOn(table, { row: { read: ['who'] } });
    const openSession = sessionOpener({ store });
    const session = await openSession(`PHPSESSID=${await put()}`);
    expect(session.columns).toEqual({ who: 42 });
    await session.commit();
    await store.close();
  });
});

test('a column that is not there is found at once, and a wrong option is a TypeError', async () => {
  const store = storeOn(table, { row: { read: ['who', 'whom'] } });
  await expect(store.read(newId())).rejects.toMatchObject({
    code: 'ERR_SESSION_TABLE',
    message: expect.stringContaining('"whom" (row.read)'),
  });
  await store.close();
  for (const wrong of ['who', [5], { who: true }, ['']] as never[]) {
    expect(() => storeOn(table, { row: { read: wrong } })).toThrow(/row\.read/);
  }
});
