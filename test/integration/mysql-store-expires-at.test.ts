import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { type Harness, startHarness, type Table } from '../php/harness.ts';
import { asInAnotherProcess, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const types = ['INT UNSIGNED', 'INT', 'BIGINT', 'TIMESTAMP NULL', 'DATETIME'] as const;
/** The column `visitor` belongs to another application. */
const tables = types.map((type): Table => {
  const isDate = /TIME/.test(type);
  return {
    title: type,
    name: `store_expires_${type.replace(/\W/g, '_').toLowerCase()}`,
    columns: `id VARBINARY(128) PRIMARY KEY, data BLOB, usetime ${type}, visitor VARCHAR(9) DEFAULT 'nobody', KEY (usetime)`,
    options: { time_meaning: 'expires_at', time_type: isDate ? 'timestamp' : 'int' },
  };
});
let php: Harness;
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.query("SET time_zone = '+00:00'");
  await witness.query(tables.map(({ name }) => `DROP TABLE IF EXISTS ${name}`).join(';'));
  php = await startHarness(tables);
}, 60_000);

afterAll(async () => {
  await php?.stop();
  await witness.end();
});

describe.each(tables)('a column $title that says when a session ends', (table) => {
  const isDate = table.options.time_type === 'timestamp';
  const store = (options: Partial<MysqlStoreOptions> = {}): SessionStore =>
    storeOn(table.name, { timeMeaning: 'expiresAt', ...options });
  /** Makes a session that ends in so many seconds; null: it does not say. */
  const put = (id: string, data: string, seconds: number | null) =>
    witness.query(
      `INSERT INTO ${table.name} VALUES (?, ?, ${isDate ? 'UTC_TIMESTAMP() + INTERVAL ? SECOND' : 'UNIX_TIMESTAMP() + ?'}, 'somebody')`,
      [id, data, seconds],
    );
  const row = async (id: string) => {
    const left = isDate
      ? 'TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), usetime)'
      : 'CAST(usetime AS SIGNED) - UNIX_TIMESTAMP()';
    const sql = `SELECT CONVERT(data USING utf8mb4) AS data, visitor, ${left} AS \`left\` FROM ${table.name} WHERE id = ?`;
    const [found] = await witness.query(sql, [id]);
    return found && { data: String(found.data), visitor: String(found.visitor), left: Number(found.left) };
  };
  const about = (seconds: number) => ({ asymmetricMatch: (left: number) => Math.abs(left - seconds) < 20 });
  const increment = '$handler->start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; return $_SESSION["n"];';

  test('a new one, a changed one, a touched one and a renamed one end after their lifetime', async () => {
    const [ours, id, next] = [store(), newId(), newId()];
    await writeText(ours, id, 'n|i:1;');
    expect(await row(id)).toMatchObject({ left: about(1_440) });
    await ours.close();
    const longer = store({ gcMaxlifetime: 86_400 });
    await writeText(longer, id, 'n|i:2;');
    expect(await row(id)).toMatchObject({ left: about(86_400) });
    const shorter = store({ gcMaxlifetime: 600, touchInterval: 30 });
    await withLease(shorter, id, (lease) => lease.commit({}));
    expect(await row(id)).toMatchObject({ data: 'n|i:2;', left: about(600) });
    await withLease(longer, id, async (lease) => {
      await lease.rename(next);
      await lease.commit({});
    });
    expect(await row(next)).toMatchObject({ data: 'n|i:2;', left: about(86_400) });
    await Promise.all([longer.close(), shorter.close()]);
  });

  test('touched only if that is due', async () => {
    const ours = store({ touchInterval: 60 });
    for (const [left, touched] of [
      [1_410, 1_410],
      [1_370, 1_440],
      [10, 1_440],
      [9_000, 1_440],
      [null, 1_440],
    ] as const) {
      const id = newId();
      await put(id, 'x', left);
      expect(await withLease(ours, id, (lease) => lease.commit({}))).toBe('touched');
      expect(await row(id)).toMatchObject({ left: about(touched) });
    }
    await ours.close();
  });

  test('one whose end has come is gone when it is read; another takes its place if something is stored', async () => {
    const [ours, id] = [store(), newId()];
    await put(id, 'n|i:1;', -5);
    expect((await ours.read(id)).data).toBeUndefined();
    await withLease(ours, id, async (lease) => expect([lease.data, lease.writable]).toEqual([undefined, true]));
    await withLease(
      ours,
      id,
      async (lease) => {
        expect([lease.data, lease.writable]).toEqual([undefined, false]);
        expect(await lease.commit({ data: utf8Bytes('x') })).toBe('gone');
      },
      { create: false },
    );
    expect(await row(id)).toEqual({ data: 'n|i:1;', visitor: 'somebody', left: about(-5) });
    expect(await writeText(ours, id, 'n|i:9;')).toBe('written');
    expect(await row(id)).toEqual({ data: 'n|i:9;', visitor: 'nobody', left: about(1_440) });
    await ours.close();
  });

  test('a session that has not expired, or has no end, is found', async () => {
    const [ours, soon, never] = [store(), newId(), newId()];
    await put(soon, 'a', 60);
    await put(never, 'b', null);
    expect([await read(ours, soon), await read(ours, never)]).toEqual(['a', 'b']);
    await ours.close();
  });

  test('expireOnRead: false: an expired session is found until gc deletes it', async () => {
    const [ours, id] = [store({ expireOnRead: false }), newId()];
    await put(id, 'n|i:1;', -5);
    expect((await ours.read(id)).data).toEqual(Buffer.from('n|i:1;'));
    expect(await withLease(ours, id, (lease) => lease.commit({}), { create: false })).toBe('touched');
    expect(await row(id)).toEqual({ data: 'n|i:1;', visitor: 'somebody', left: about(1_440) });
    await ours.close();
  });

  test('a time of last use that is as long ago as a session lives, with expireOnRead', async () => {
    const [ours, old, young] = [
      store({ timeMeaning: 'lastUsed', expireOnRead: true, gcMaxlifetime: 600 }),
      newId(),
      newId(),
    ];
    await put(old, 'a', -610);
    await put(young, 'b', -590);
    expect([await read(ours, old), await read(ours, young)]).toEqual([undefined, 'b']);
    expect([(await ours.read(old)).data, (await ours.read(young)).data]).toEqual([undefined, Buffer.from('b')]);
    expect(await writeText(ours, old, 'c')).toBe('written');
    expect(await row(old)).toEqual({ data: 'c', visitor: 'nobody', left: about(0) });
    await ours.close();
  });

  test('gc() deletes those whose end has come, whatever lifetime it is given', async () => {
    const ours = store();
    await witness.query(`DELETE FROM ${table.name}`);
    await put('past', 'x', -5);
    await put('soon', 'x', 60);
    await put('never', 'x', null);
    expect(await ours.gc(1_000_000)).toBe(1);
    expect(await ours.gc(0)).toBe(0);
    expect(await witness.query(`SELECT COUNT(*) AS n FROM ${table.name}`)).toEqual([{ n: 2 }]);
    await ours.close();
  });

  test('a lifetime longer than that of the column ends with the column', async () => {
    const [ours, id] = [store({ gcMaxlifetime: 2 ** 31 - 1 }), newId()];
    await writeText(ours, id, 'x');
    const last = isDate ? "'2038-01-19 03:14:07'" : '2147483647';
    const [end] = await witness.query(`SELECT usetime = ${last} AS isLast FROM ${table.name} WHERE id = ?`, [id]);
    expect(end!.isLast).toBe(['INT', 'TIMESTAMP NULL'].includes(table.title) ? 1 : 0);
    expect(await read(ours, id)).toBe('x');
    await ours.close();
  });

  describe("and PHP's handler", () => {
    const at = { driver: 'pdo', table } as const;

    test('agree on when it ends', async () => {
      const [ours, id] = [store(), newId()];
      await writeText(ours, id, 'n|i:1;');
      expect((await php.ask({ ...at, id, ini: { 'session.gc_maxlifetime': '3600' } }, increment)).result).toBe(2);
      expect(await row(id)).toMatchObject({ data: 'n|i:2;', left: about(3_600) });
      expect(await read(ours, id)).toBe('n|i:2;');
      // Unchanged: PHP touches.
      await php.ask({ ...at, id, ini: { 'session.gc_maxlifetime': '900' } }, 'return $handler->start();');
      expect(await row(id)).toMatchObject({ data: 'n|i:2;', left: about(900) });
      await ours.close();
    });

    test.each(['pdo', 'mysqli'] as const)('%s: one whose end has come is gone', async (driver) => {
      const id = newId();
      await put(id, 'n|i:7;', -5);
      const looking = await php.ask({ ...at, driver, id }, '$handler->start(); return $_SESSION;');
      expect([looking.status, looking.result]).toEqual([200, []]);
      expect(await row(id)).toMatchObject({ data: 'n|i:7;' });
      const strict = await php.ask({ ...at, driver, id, ini: { 'session.use_strict_mode': '1' } }, increment);
      expect(strict.result).toBe(1);
      expect(strict.cookie).not.toBe(id);
      expect(await row(id)).toMatchObject({ data: 'n|i:7;' });
      expect((await php.ask({ ...at, driver, id }, increment)).result).toBe(1);
      expect(await row(id)).toEqual({ data: 'n|i:1;', visitor: 'nobody', left: about(1_440) });
    });

    test('gc() deletes those whose end has come', async () => {
      await witness.query(`DELETE FROM ${table.name}`);
      await put('past', 'x', -5);
      await put('soon', 'x', 60);
      await put('never', 'x', null);
      expect((await php.ask(at, 'return $handler->gc(1000000);')).result).toBe(1);
      expect((await php.ask(at, 'return $handler->gc(1);')).result).toBe(0);
    });

    test('16 requests that find the same expired session lose nothing', async () => {
      const id = newId();
      await put(id, 'n|i:100;', -5);
      const stores = Array.from({ length: 8 }, () => asInAnotherProcess(store));
      const numbers = await Promise.all([
        ...stores.map((one) =>
          withLease(one, id, async (lease) => {
            const n = Number(/^n\|i:(\d+);$/.exec(Buffer.from(lease.data ?? []).toString())?.[1] ?? 0) + 1;
            await lease.commit({ data: utf8Bytes(`n|i:${n};`) });
            return n;
          }),
        ),
        ...stores.map(async () => (await php.ask({ ...at, id }, increment)).result as number),
      ]);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
      expect(await row(id)).toMatchObject({ data: 'n|i:16;', visitor: 'nobody' });
      await Promise.all(stores.map((one) => one.close()));
    });
  });
});
