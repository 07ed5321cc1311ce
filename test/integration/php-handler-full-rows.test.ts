import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Driver, type Harness, startHarness, type Table } from '../php/harness.ts';

// Tables that take no row of id, data and time alone, or no tombstone: a logout works all the same.

const full: Table = {
  title: 'a table that demands a user',
  name: `php_full_rows_${randomBytes(4).toString('hex')}`,
  columns: 'id VARBINARY(128) PRIMARY KEY, data BLOB NOT NULL, usetime INT NOT NULL, user INT NOT NULL',
  options: {},
};
const strict: Table = {
  title: 'a table with a CHECK of the id',
  name: `php_strict_rows_${randomBytes(4).toString('hex')}`,
  columns: "id VARBINARY(128) PRIMARY KEY CHECK (id NOT LIKE '<%'), data BLOB NOT NULL, usetime INT NOT NULL",
  options: {},
};
const drivers: Driver[] = ['pdo', 'mysqli', 'persistent'];
const newId = () => randomBytes(16).toString('hex');

let php: Harness;

beforeAll(async () => {
  php = await startHarness([full, strict]);
});

afterAll(() => php.stop());

describe.each(drivers)('PHP: rows that a table refuses: %s', (driver) => {
  test('a logout where a CHECK refuses the tombstone', async () => {
    const id = newId();
    await php.put(strict, id, 'n|i:7;');
    const code = '$handler->start(); return session_destroy();';
    expect(await php.ask({ driver, table: strict, id }, code)).toMatchObject({ status: 200, result: true });
    expect(await php.row(strict, id)).toBeUndefined();
  });

  test('a logout where a row needs more than id, data and time', async () => {
    const id = newId();
    await php.sql(`INSERT INTO ${full.name} VALUES ('${id}', 'n|i:7;', UNIX_TIMESTAMP(), 5)`);
    const code = '$handler->start(); return [$_SESSION["n"], session_destroy()];';
    expect(await php.ask({ driver, table: full, id }, code)).toMatchObject({ status: 200, result: [7, true] });
    expect(await php.row(full, id)).toBeUndefined();
    expect(await php.count(full)).toBe(0);
  });
});
