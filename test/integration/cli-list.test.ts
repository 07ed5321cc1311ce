import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import type { Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_list_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const article = 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)';
const id = (n: number) => n.toString(16).padStart(32, 'a');

async function fill(...data: string[]): Promise<void> {
  await witness.query(article);
  for (const [n, one] of data.entries()) {
    await witness.query(`INSERT INTO session VALUES ('${id(n)}', ?, UNIX_TIMESTAMP() - ${n * 100})`, [one]);
  }
}

const listed = async (...args: string[]) => {
  const { out } = await shell.run(['list', '--json', ...args]);
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};

describe('list', () => {
  test('has each session, the youngest first', async () => {
    await fill('user|s:5:"alice";n|i:1;', 'cart|a:0:{}', 'broken|i:');
    const found = await listed();
    expect(found).toMatchObject([
      { size: 23, variables: 2, error: null },
      { size: 11, variables: 1, error: null },
      { size: 9, variables: null, error: 'ERR_PHP_SYNTAX' },
    ]);
    for (const { handle } of found) expect(handle).toMatch(/^[0-9a-f]{16}$/);
    expect(found.map(({ age }) => Math.floor(age / 100))).toEqual([0, 1, 2]);
  });

  test('the largest first, the unreadable ones alone, and no more than asked for', async () => {
    await fill('n|i:1;', 'text|s:9:"123456789";', 'broken|i:');
    expect((await listed('--by', 'size')).map(({ size }) => size)).toEqual([21, 9, 6]);
    expect((await listed('--unreadable')).map(({ size }) => size)).toEqual([9]);
    const { out } = await shell.run(['list', '--most', '1']);
    expect(out).toMatch(/^handle +last used +bytes +variables +error\n\w{16} .*\n2 more: see --most\n$/);
  });

  test('all rows of a table with many', async () => {
    await witness.query(
      `${article}; INSERT INTO session SELECT MD5(seq), 'n|i:1;', UNIX_TIMESTAMP() FROM seq_1_to_12345`,
    );
    expect(await listed('--most', '100000')).toHaveLength(12_345);
  });

  test('large rows come one at a time, and empty ones are sessions', async () => {
    await witness.query(`${article.replace('BLOB', 'LONGBLOB')}; INSERT INTO session
      SELECT MD5(seq), IF(seq % 2, '', CONCAT('t|s:3000000:"', REPEAT('x', 3000000), '";')), seq FROM seq_1_to_20`);
    const found = await listed('--by', 'size');
    expect(found.map(({ variables }) => variables)).toEqual([...Array(10).fill(1), ...Array(10).fill(0)]);
  });

  test.each([
    [['--most', '0'], /--most must be a whole number/],
    [['--by', 'secret-order'], /--by must be/],
    [['--secret-flag'], /no such flag.*list --help/],
    [['--most'], /a flag has/],
    [['extra-operand'], /it must be: php-session-bridge list/],
    [['--preset', 'secret'], /--preset must be one of adodb/],
    [['--config', 'secret.js'], /--config: there is no such file/],
  ])('%j is wrong', async (args, message) => {
    const { out, err, code } = await shell.run(['list', ...args]);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/secret/);
    expect([out, code]).toEqual(['', 2]);
  });
});

describe('handles', () => {
  test('are the same each time, others for another user, and no plain hash', async () => {
    await fill('n|i:1;');
    const [{ handle }] = await listed();
    expect((await listed())[0].handle).toBe(handle);
    const other = await shell.run(['list', '--json'], { env: { PHP_SESSION_BRIDGE_HANDLE_KEY: 'x'.repeat(32) } });
    expect(JSON.parse(other.out).handle).not.toBe(handle);
    const file = join(shell.directory, '.local/state/php-session-bridge/handle-key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file)).toHaveLength(32);
  });

  test('a short key is refused, and not shown', async () => {
    const { err, code } = await shell.run(['list'], { env: { PHP_SESSION_BRIDGE_HANDLE_KEY: 'secret' } });
    expect([err, code]).toEqual([expect.stringMatching(/at least 32 characters/), 2]);
    expect(err).not.toContain('secret');
  });
});

describe('where the sessions are', () => {
  test('each application that is recognized is read, with what its rows need alone', async () => {
    for (const { title, schema, fill, table, env } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const { out, err, code } = await shell.run(['list', '--json'], { env });
      const sessions = out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      expect([title, code, err.split(':')[0], sessions.length > 0]).toEqual([title, 0, table, true]);
      expect([title, sessions.filter(({ error }) => error !== null)]).toEqual([title, []]);
    }
  }, 120_000);

  test('a configuration file says it, which an application can import', async () => {
    await witness.query(`${article.replace('session', 'other')}; INSERT INTO other VALUES ('${id(1)}', 'n|i:1;', 1)`);
    writeFileSync(
      join(shell.directory, 'php-session-bridge.config.mjs'),
      "export default { connection: 'mysql://nobody@127.0.0.1:1/x', store: { table: 'other' } };",
    );
    expect(await listed()).toHaveLength(1); // the environment has the connection
  });
});

test('Ctrl-C ends it', async () => {
  await witness.query(`${article}; INSERT INTO session SELECT MD5(seq), REPEAT('x', 200), 1 FROM seq_1_to_50000`);
  const interruption = new AbortController();
  setTimeout(() => interruption.abort(), 50);
  expect((await shell.run(['list'], { signal: interruption.signal })).code).toBe(130);
});

test('there is no database', async () => {
  const env = { PHP_SESSION_BRIDGE_CONNECTION: 'mysql://secret-user:secret-password@127.0.0.1:1/x' };
  const { err, code } = await shell.run(['list', '--preset', 'yii'], { env });
  expect([err, code]).toEqual([expect.stringMatching(/^ERR_SESSION_UNAVAILABLE: .*ECONNREFUSED/), 3]);
  expect(err).not.toContain('secret');
});
