import { execFile } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PhpSessionError } from '../../src/errors.ts';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
});

afterAll(async () => {
  await witness.end();
});

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Real PHP on a connection with this character set: writes the bytes into the row, or without bytes reads them. */
async function php(charset: string, table: string, id: string, data?: Buffer): Promise<Buffer> {
  const { host, port, user, password } = testServer();
  const script = `
    [, $dsn, $user, $password, $table, $id, $data] = $argv + [6 => null];
    $pdo = new PDO($dsn, $user, $password);
    if ($data !== null) {
      $pdo->prepare("INSERT INTO $table (id, data) VALUES (?, ?)")->execute([$id, hex2bin($data)]);
    }
    $statement = $pdo->prepare("SELECT data FROM $table WHERE id = ?");
    $statement->execute([$id]);
    echo bin2hex($statement->fetchColumn());`;
  const dsn = `mysql:host=${host};port=${port};dbname=test;charset=${charset}`;
  const hex = data === undefined ? [] : [data.toString('hex')];
  const { stdout } = await promisify(execFile)('php', ['-r', script, '--', dsn, user, password, table, id, ...hex]);
  return Buffer.from(stdout, 'hex');
}

describe.each([
  // column, PHP's connection, data that fit, data that do not
  ['latin1', 'utf8mb4', Buffer.from('Zürich für 5 €'), Buffer.from('日本')],
  ['utf8mb4', 'utf8mb4', Buffer.from('日本 😀'), latin1('Zürich')],
  ['utf8mb4', 'latin1', latin1('Zürich\0\xff'), undefined],
  ['utf8mb3', 'utf8mb4', Buffer.from('日本'), Buffer.from('😀')],
  ['ascii', 'latin1', latin1('Zurich'), latin1('Zürich')],
  ['latin1', 'binary', latin1('\x00\x80\xff'), undefined],
  // Two byte sequences for U+2252, and only the other one comes back: no error, but other bytes.
  ['utf8mb4', 'cp932', Buffer.from([0x82, 0xa0]), Buffer.from([0x87, 0x90])],
  ['ucs2', 'utf8mb4', Buffer.from('plain and 日本'), Buffer.from([0x61, 0xff])],
] as const)('a TEXT column in %s, PHP in %s', (column, phpCharset, fits, doesNot) => {
  const table = `store_text_${column}_${phpCharset}`;
  const store = () => storeOn(table, { phpCharset });

  beforeAll(async () => {
    await witness.table(
      table,
      `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP) CHARACTER SET ${column}`,
    );
  });

  test('the bytes are those that PHP writes and reads', async () => {
    const [ours, id] = [store(), newId()];
    await withLease(ours, id, (lease) => lease.commit({ data: fits }));
    await withLease(ours, id, async (lease) => expect(Buffer.from(lease.data!)).toEqual(fits));

    expect(await php(phpCharset, table, id)).toEqual(fits);

    const other = newId();
    expect(await php(phpCharset, table, other, fits)).toEqual(fits);
    await withLease(ours, other, async (lease) => expect(Buffer.from(lease.data!)).toEqual(fits));
    await ours.close();
  });

  if (doesNot !== undefined) {
    test('data that would not come back are refused, and the row stays as it was', async () => {
      const [ours, id] = [store(), newId()];
      await writeText(ours, id, 'before');
      await withLease(ours, id, async (lease) => {
        await expect(lease.commit({ data: doesNot })).rejects.toMatchObject({ code: 'ERR_SESSION_CHARSET' });
      });
      expect(await read(ours, id)).toBe('before');
      await ours.close();
    });
  }
});

test('data that grow in the conversion do not fit any more', async () => {
  const table = 'store_text_grows';
  await witness.table(
    table,
    `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TINYTEXT CHARACTER SET utf8mb4, usetime TIMESTAMP)`,
  );
  const [store, id] = [storeOn(table, { phpCharset: 'latin1' }), newId()];
  await withLease(store, id, (lease) => lease.commit({ data: latin1('a'.repeat(255)) }));
  await withLease(store, id, async (lease) => {
    const data = latin1('ü'.repeat(200));
    await expect(lease.commit({ data })).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
  });
  expect(await read(store, id)).toBe('a'.repeat(255));
  await store.close();
});

test.each([
  ['TEXT', 'MEDIUMBLOB'],
  ['MEDIUMBLOB', 'TEXT'],
])('ALTER TABLE from %s to %s while the store runs', async (from, to) => {
  const table = 'store_altered';
  const create = `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data ${from}, usetime TIMESTAMP) CHARACTER SET utf8mb4`;
  await witness.table(table, create);
  const [store, id] = [storeOn(table), newId()];
  await writeText(store, id, 'ü');
  await witness.query(`ALTER TABLE ${table} MODIFY data ${to}`);
  const binary = latin1('\xff');
  if (to === 'TEXT') {
    expect(await read(store, id)).toBe('ü');
  } else {
    await witness.query(`UPDATE ${table} SET data = ? WHERE id = ?`, [binary, id]);
    await withLease(store, id, async (lease) => expect(Buffer.from(lease.data!)).toEqual(binary));
  }
  await store.close();
});

describe('a table that cannot be used', () => {
  const name = 'store_wrong';
  test.each([
    ['is not there', 'SELECT 1'],
    ['has no such column', `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, other TIMESTAMP)`],
    ['has no key over the id', `CREATE TABLE ${name} (id CHAR(32), data TEXT, usetime TIMESTAMP)`],
    [
      'has a key over a part of the id',
      `CREATE TABLE ${name} (id CHAR(32), data TEXT, usetime TIMESTAMP, UNIQUE (id(8))) ENGINE=InnoDB`,
    ],
    [
      'has a key over more than the id',
      `CREATE TABLE ${name} (id CHAR(32), data TEXT, usetime TIMESTAMP, ip INT, UNIQUE (id, ip))`,
    ],
    ['has numbers as ids', `CREATE TABLE ${name} (id INT PRIMARY KEY, data TEXT, usetime TIMESTAMP)`],
    ['has fixed-width data', `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data CHAR(200), usetime TIMESTAMP)`],
    ['has no usable time', `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime VARCHAR(14))`],
    [
      'has no transactions',
      `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP) ENGINE=MyISAM`,
    ],
    [
      'wants more columns',
      `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP, ip INT NOT NULL)`,
    ],
  ])('%s', async (_, create) => {
    await witness.table(name, create);
    const store = storeOn(name);
    await expect(store.open(newId(), { fresh: true })).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE' });
    // Mended, it works without a restart.
    await witness.table(name, createTableSql({ table: name }));
    expect(await writeText(store, newId(), 'x')).toBe('written');
    await store.close();
  });

  test.each([
    ['BINARY(32)', 32, 'written'],
    ['BINARY(32)', 31, 'gone'], // the column would pad it, and not find it again
    ['VARBINARY(32)', 31, 'written'],
  ])('an id column %s and an id of %i characters: %s', async (type, length, result) => {
    await witness.table(name, `CREATE TABLE ${name} (id ${type} PRIMARY KEY, data BLOB, usetime INT)`);
    const [store, id] = [storeOn(name), newId().padEnd(length, 'x')];
    expect(await writeText(store, id, 'x')).toBe(result);
    expect(await read(store, id)).toBe(result === 'written' ? 'x' : undefined);
    await store.close();
  });

  test('columns that are not ours are kept, by rename() too', async () => {
    const create = `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT, ip VARCHAR(9) DEFAULT 'none')`;
    await witness.table(name, create);
    const [store, id, next] = [storeOn(name), newId(), newId()];
    await witness.query(`INSERT INTO ${name} VALUES (?, 'x', 0, '127.0.0.1')`, [id]);
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      await lease.commit({ data: utf8Bytes('y') });
    });
    expect(await witness.query(`SELECT id, ip FROM ${name} WHERE id = ?`, [next])).toEqual([
      { id: next, ip: '127.0.0.1' },
    ]);
    expect(await read(store, id)).toBe('');
    await store.close();
  });

  test.each([
    ['another column demands a value', 'ip VARCHAR(15) NOT NULL', ["'127.0.0.1'"]],
    ['another column must differ', 'user INT NOT NULL DEFAULT 0 UNIQUE', ['1']],
  ])('rename() leaves no empty row where %s', async (_, more, values) => {
    await witness.table(name, `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT, ${more})`);
    const [store, id, next] = [storeOn(name), newId(), newId()];
    await witness.query(`INSERT INTO ${name} VALUES (?, 'x', 0, ${values})`, [id]);
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      expect(await lease.commit({ data: utf8Bytes('y') })).toBe('written');
    });
    expect(await witness.query(`SELECT id FROM ${name}`)).toEqual([{ id: next }]);
    await store.close();
  });

  test.each([
    ['numbers its rows', 'n INT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(32) NOT NULL UNIQUE'],
    ['has a unique column that may be NULL', 'id VARCHAR(32) PRIMARY KEY, user INT NULL UNIQUE'],
  ])('rename() leaves an empty row in a table that %s', async (_, more) => {
    await witness.table(name, `CREATE TABLE ${name} (${more}, data BLOB, usetime INT)`);
    const store = storeOn(name);
    for (const id of [newId(), newId()]) {
      const next = newId();
      await writeText(store, id, 'x');
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        expect(await lease.commit({ data: utf8Bytes('y') })).toBe('written');
      });
      expect([await read(store, id), await read(store, next)]).toEqual(['', 'y']);
    }
    await store.close();
  });

  test('the server may take less than the column (max_allowed_packet)', async () => {
    await witness.table(name, `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data LONGBLOB, usetime INT)`);
    const [{ packet } = { packet: 0 }] = await witness.query('SELECT @@global.max_allowed_packet AS packet');
    const [store, id] = [storeOn(name), newId()];
    await writeText(store, id, 'before');
    await withLease(store, id, async (lease) => {
      const data = new Uint8Array(Number(packet));
      await expect(lease.commit({ data })).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
    });
    expect(await read(store, id)).toBe('before');
    await store.close();
  });
});

test('no id and no data in any error', async () => {
  const table = 'store_secrets';
  const marker = 'cAnArY';
  await witness.table(
    table,
    `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TINYTEXT CHARACTER SET latin1, usetime TIMESTAMP)`,
  );
  const store = storeOn(table, { maxWaiters: 0, lockTimeout: 0.5 });
  const id = `${newId()}${marker}`;
  const taken = `${newId()}${marker}`;
  await writeText(store, taken, marker);
  const errors: unknown[] = [];
  const failing = async (work: () => Promise<unknown>) => {
    await expect(
      work().catch((error) => {
        errors.push(error);
        throw error;
      }),
    ).rejects.toBeInstanceOf(PhpSessionError);
  };
  const committing = (data: string, newName?: string) =>
    failing(() =>
      withLease(store, id, async (lease) => {
        if (newName !== undefined) await lease.rename(newName);
        await lease.commit({ data: utf8Bytes(data) });
      }),
    );
  await committing(`${marker}日本`); // CHARSET, by the server
  await committing(`${marker.repeat(100)}`); // TOO_LARGE, by the server: sizes differ between character sets
  await committing(marker, taken); // ID: MySQL's message has the id
  await committing(marker, `${marker}!`); // ID
  const lease = await store.open(id);
  await failing(() => store.open(id)); // BUSY
  await failing(() => storeOn(table, { lockTimeout: 0.3 }).open(id)); // LOCK_TIMEOUT, in the queue
  await lease.release();
  await failing(() => lease.commit({})); // CLOSED
  await witness.query(`ALTER TABLE ${table} DROP COLUMN usetime`);
  await committing(marker); // TABLE
  await store.close();
  await failing(() => store.open(id)); // UNAVAILABLE
  const wrong = storeOn(table, { connection: { ...testServer(), password: marker } });
  await failing(() => wrong.open(id)); // UNAVAILABLE: access denied
  await wrong.close();

  expect(new Set(errors.map((error) => (error as PhpSessionError).code)).size).toBe(8);
  for (const error of errors) {
    // Everything but the stack, whose frames are of the test: own properties of any kind, and what hangs on them.
    expect(inspect(error, { showHidden: true, depth: 20 })).not.toContain(marker);
    expect(JSON.stringify(error)).not.toContain(marker);
    expect(String((error as Error).stack)).not.toContain(marker);
  }
});
