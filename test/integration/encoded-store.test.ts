import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { base64, type Encoding, encodedStore, rawDeflate, rawurlencode } from '../../src/encoded.ts';
import { checkTable } from '../../src/mysql.ts';
import { type MemorySession, memoryStore } from '../../src/stores/memory.ts';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { storeContract } from '../../src/testing/index.ts';
import { newId, withLease } from '../../src/testing/leases.ts';
import { type Handler, Site } from './koa-helpers.ts';
import { onNdb, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_base64';
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
});
afterAll(() => witness.end());

const sessions = new Map<string, MemorySession>();

storeContract({ describe, test }, 'base64 over the store in memory', {
  make: (options) => encodedStore(memoryStore({ sessions, gcMaxlifetime: 10_000_000, ...options }), base64),
  async makeOld(id, seconds) {
    sessions.set(id, { ...sessions.get(id)!, usedAt: Date.now() - seconds * 1000 });
  },
});

storeContract({ describe, test }, 'base64 over MySQL', {
  make: (options) => storeOn(table, { encoding: base64, ...options }),
  async makeOld(id, seconds) {
    await witness.query(`UPDATE ${table} SET usetime = UNIX_TIMESTAMP() - ? WHERE id = ?`, [seconds, id]);
  },
  readsMayWait: onNdb,
});

test('a decode() that throws, as one of compressed bytes does: its error comes out, and no lock stays', async () => {
  const broken = () => {
    throw new RangeError('incorrect header check');
  };
  const sessions = new Map<string, MemorySession>();
  const inner = memoryStore({ sessions });
  const [store, id] = [encodedStore(inner, { name: 'zip', encode: (data) => data, decode: broken }), newId()];
  const healthy = encodedStore(inner, base64);
  await withLease(healthy, id, (lease) => lease.commit({ data: utf8Bytes('a|i:1;') }));
  const empty = sessions.get(id)!;
  sessions.set(id, { ...empty, data: new Uint8Array() });
  const snapshot = await store.read(id);
  sessions.set(id, empty);
  for (const open of [
    () => store.open(id),
    () => snapshot.lock!({ create: true }),
    () => snapshot.replace!(new Uint8Array()),
  ]) {
    await expect(open()).rejects.toThrow('incorrect header check');
    await withLease(healthy, id, async (lease) => expect(lease.data).toEqual(Buffer.from('a|i:1;')));
  }
  await inner.close();
}, 15_000);

describe('the option encoding of mysqlStore()', () => {
  const insert = (data: Buffer) =>
    witness.query(`INSERT INTO ${table} VALUES (?, ?, UNIX_TIMESTAMP())`, [newId(), data]);
  beforeEach(() => witness.query(`DELETE FROM ${table}`));

  test('checkTable() looks into the rows, and says when they are in no such encoding', async () => {
    const connection = { ...testServer(), database: 'test' };
    const found = async (encoding?: Encoding) => {
      const findings = await checkTable({ connection, table, ...(encoding && { encoding }) });
      return findings.filter(({ code }) => code === 'data-encoding').map(({ message }) => message);
    };
    await insert(Buffer.from(Buffer.from('user|s:3:"bob";').toString('base64')));
    expect(await found(base64)).toEqual([]);
    expect(await found()).toEqual([expect.stringContaining('base64')]);
    expect(await found(rawurlencode)).toEqual([expect.stringContaining('base64')]);
    await witness.query(`DELETE FROM ${table}`);
    await insert(Buffer.from(Buffer.from('{"user":"bob"}').toString('base64')));
    expect(await found(base64)).toEqual([expect.stringContaining('JSON')]);
    await witness.query(`DELETE FROM ${table}`);
    await insert(Buffer.from([0xff]));
    await insert(Buffer.alloc(0));
    expect(await found(rawDeflate)).toEqual([expect.stringContaining('not in raw deflate')]);
  });

  test('a row that would become too large cannot be read, and can be ended', async () => {
    const [store, id] = [storeOn(table, { encoding: rawDeflate }), newId()];
    await witness.query(`INSERT INTO ${table} VALUES (?, ?, UNIX_TIMESTAMP())`, [
      id,
      deflateRawSync(Buffer.alloc(20_000_000)),
    ]);
    const site = await Site.start({ store });
    expect((await site.ask((ctx) => ctx.session.user, { id })).status).toBe(500);
    expect(site.errors.splice(0)).toEqual([expect.objectContaining({ code: 'ERR_PHP_LIMIT' })]);
    expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id })).status).toBe(200);
    expect(await witness.query(`SELECT id FROM ${table} WHERE id = ?`, [id])).toEqual([]);
    await site.stop();
    await store.close();
  });

  test.each([null, {}, 'base64', { encode: () => Buffer.alloc(0) }])('%p is none', (encoding) => {
    expect(() => storeOn(table, { encoding: encoding as never })).toThrow(/^encoding must be an encoding/);
  });
});

describe('rows in base64', () => {
  const pack = (text: string) => Buffer.from(text).toString('base64');
  const put = async (id: string, data: string) => {
    await witness.query(`INSERT INTO ${table} VALUES (?, ?, UNIX_TIMESTAMP())`, [id, data]);
    return id;
  };
  const row = async (id: string) => {
    const [found] = await witness.query(`SELECT CAST(data AS CHAR) AS data FROM ${table} WHERE id = ?`, [id]);
    return found && String(found.data);
  };
  const login: Handler = (ctx) => {
    ctx.session.user = 'bob';
    return ctx.session;
  };

  beforeEach(() => witness.query(`DELETE FROM ${table}`));

  async function withSite(options: object, use: (site: Site) => Promise<void>): Promise<void> {
    const store = encodedStore(storeOn(table), base64);
    const site = await Site.start({ store, ...options });
    await use(site);
    await site.stop();
    await store.close();
  }

  describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
    test('are read, changed and made', () =>
      withSite({ mode }, async (site) => {
        const id = await put(newId(), pack('a|i:1;'));
        expect((await site.ask(login, { id })).value).toEqual({ a: 1, user: 'bob' });
        expect(await row(id)).toBe(pack('a|i:1;user|s:3:"bob";'));
        const made = await site.ask(login);
        expect(await row(made.id!)).toBe(pack('user|s:3:"bob";'));
      }));

    test.each(['user|s:5:"alice";', 'dXNlcg=', 'dXNl\r\ncg==', 'not base64', 'dXNlch=='])(
      '%j is none: an error that says so, which writes nothing and lets the visitor log out',
      (data) =>
        withSite({ mode }, async (site) => {
          const id = await put(newId(), data);
          expect((await site.ask(login, { id })).status).toBe(500);
          const [error] = site.errors.splice(0) as (Error & { code: string })[];
          expect([error!.code, error!.message]).toEqual([
            'ERR_PHP_SYNTAX',
            'The row is not in base64, which the store reads and writes',
          ]);
          expect(await row(id)).toBe(data);
          expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id })).status).toBe(200);
          expect(await row(id)).toBeUndefined();
        }),
    );

    test('onUnreadable is asked, with the bytes of the row', async () => {
      const asked: string[] = [];
      const onUnreadable = (data: Uint8Array, error: Error & { code: string }) => {
        asked.push(`${Buffer.from(data)} ${error.code}`);
        return 'new';
      };
      await withSite({ mode, onUnreadable }, async (site) => {
        const id = await put(newId(), 'a|i:1;');
        await put(newId(), pack('b|i:1;'));
        const made = await site.ask(login, { id });
        expect([made.status, made.value]).toEqual([200, { user: 'bob' }]);
        expect(made.id).not.toBe(id);
        expect([await row(id), await row(made.id!)]).toEqual(['a|i:1;', pack('user|s:3:"bob";')]);
      });
      expect(asked).toEqual(['a|i:1; ERR_PHP_SYNTAX']);
    });
  });

  test('a new session is not made in a table whose rows are plain', () =>
    withSite({}, async (site) => {
      for (let i = 0; i < 3; i++) await put(newId(), 'user|s:5:"alice";');
      expect((await site.ask(login)).status).toBe(500);
      const [error] = site.errors.splice(0) as (Error & { code: string })[];
      expect(error).toMatchObject({ code: 'ERR_SESSION_TABLE', message: expect.stringContaining('base64') });
      expect(error!.message).not.toMatch(/alice/);
      await put(newId(), pack('user|s:5:"alice";'));
      expect((await site.ask(login)).status).toBe(200);
    }));

  test('what did not change keeps its utf8Bytes, in an encoding that has several for it', async () => {
    const loose = { name: 'loose', encode: () => utf8Bytes('packed by us'), decode: () => utf8Bytes('session') };
    const store = encodedStore(storeOn(table), loose);
    const id = await put(newId(), 'packed by PHP');
    expect(await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('session') }))).toBe('written');
    expect(await row(id)).toBe('packed by PHP');
    expect(await (await store.read(id)).replace!(utf8Bytes('session'))).toBe('written');
    expect(await row(id)).toBe('packed by PHP');
    expect(await (await store.read(id)).replace!(utf8Bytes('other'))).toBe('written');
    expect(await row(id)).toBe('packed by us');
    await store.close();
  });
});
