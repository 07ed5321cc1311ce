import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { sleep, type Witness } from './mysql-store-helpers.ts';

// Input and rows that could make a command end or change another session than the one that is meant.

const database = `cli_attacks_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const article = 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)';
const id = (n: number) => String(n).padStart(32, '0');

async function fill(...data: string[]): Promise<void> {
  await witness.query(article);
  for (const [n, one] of data.entries()) {
    await witness.query('INSERT INTO session VALUES (?, ?, UNIX_TIMESTAMP())', [id(n), Buffer.from(one)]);
  }
}

const json = async (args: string[], run = {}) => JSON.parse((await shell.run([...args, '--json'], run)).out);
const dataOf = async (n: number) => {
  const [row] = await witness.query(`SELECT data FROM session WHERE id = '${id(n)}'`);
  return row === undefined ? undefined : String(row.data);
};

describe('kill --user', () => {
  const store = { table: 'session', columns: { id: 'id', data: 'data', time: 'usetime' }, lock: 'row' } as const;
  const place = ['--preset', 'yii', '--config', 'locked.mjs'];
  const of = (user: string) => `__id|s:${Buffer.byteLength(user)}:"${user}";`;
  const killed = (user: string) => json(['kill', '--user', '-', ...place], { input: user });

  beforeEach(() => {
    const file = { store: { ...store, timeMeaning: 'lastUsed' } };
    writeFileSync(join(shell.directory, 'locked.mjs'), `export default ${JSON.stringify(file)};`);
  });

  test('another user whose name begins so, or looks so, stays', async () => {
    const users = ['alice', 'alice2', 'ali', 'Alice', 'alice%', '*', '__proto__', '4', '42'];
    await fill(...users.map(of), '__id|i:4;', 'broken|i:', '', 'name|s:5:"alice";', 'x|a:1:{s:4:"__id";s:5:"alice";}');
    const left = async () => (await witness.query('SELECT data FROM session')).map(({ data }) => String(data));
    const before = await left();
    const gone = new Set<string>();
    for (const user of ['alice', 'ali', 'alice%', '*', '__proto__', '4']) {
      const expected = user === '4' ? [of('4'), '__id|i:4;'] : [of(user)];
      expect([user, (await killed(user)).ended.length]).toEqual([user, expected.length]);
      for (const one of expected) gone.add(one);
      expect([user, (await left()).filter((one) => one !== '').sort()]).toEqual([
        ...[user, before.filter((one) => one !== '' && !gone.has(one)).sort()],
      ]);
    }
    for (const user of ['constructor', 'ALICE', 'al', '4.0', '04']) {
      expect([user, (await shell.run(['kill', '--user', user, ...place])).code]).toEqual([user, 3]);
    }
    expect((await shell.run(['kill', '--user', '-', ...place], { input: ' \n' })).code).toBe(2);
  });

  test.each([
    ["another user's", of('bob')],
    ["nobody's", 'n|i:1;'],
    ['unreadable', 'broken|i:'],
  ])('a session that becomes %s before the lock is there stays, and his others end', async (_, data) => {
    await fill(of('alice'), of('alice'));
    const other = mysqlStore({ connection: connectionOf(database), ...store });
    const lease = await other.open(id(0));
    const ending = killed('alice');
    await sleep(500);
    await lease.commit({ data: Buffer.from(data) });
    await lease.release();
    await other.close();
    expect((await ending).ended).toHaveLength(1);
    expect([await dataOf(0), (await dataOf(1)) ?? '']).toEqual([data, '']);
  });
});

test('the beginning of two handles chooses none', async () => {
  const key = 'x'.repeat(32);
  const env = { PHP_SESSION_BRIDGE_HANDLE_KEY: key };
  const seen = new Map<string, number>();
  const beginning = (n: number) => createHmac('sha256', key).update(id(n)).digest('hex').slice(0, 6);
  let second = 0;
  while (!seen.has(beginning(second))) seen.set(beginning(second), second++);
  await witness.query(article);
  for (const n of [seen.get(beginning(second))!, second]) {
    await witness.query('INSERT INTO session VALUES (?, ?, UNIX_TIMESTAMP())', [id(n), 'n|i:1;']);
  }
  for (const args of [['kill'], ['show'], ['set', '/n', '2']]) {
    const [name, ...rest] = args as [string, ...string[]];
    const { err, code } = await shell.run([name, beginning(second), ...rest], { env });
    expect([err, code]).toEqual([expect.stringMatching(/several sessions have a handle that begins so/), 3]);
  }
  expect(await witness.query("SELECT data FROM session WHERE data = 'n|i:1;'")).toHaveLength(2);
});

describe('set', () => {
  /** Of the only session. */
  const handleOf = async (): Promise<string> => JSON.parse((await shell.run(['list', '--json'])).out).handle;

  test.each([
    ['/__proto__', '{"a":1}', 'n|i:1;__proto__|a:1:{s:1:"a";i:1;}'],
    ['/constructor', '1', 'n|i:1;constructor|i:1;'],
    ['/n', '{"__proto__":{"a":1}}', 'n|a:1:{s:9:"__proto__";a:1:{s:1:"a";i:1;}}'],
    ['/__proto__/polluted', '1', undefined],
    ['/constructor/prototype/polluted', '1', undefined],
  ])('a name of JavaScript is a key as any, or refused: %s %s', async (path, value, expected) => {
    await fill('n|i:1;');
    const { code } = await shell.run(['set', await handleOf(), path, value, '--force']);
    expect([code, await dataOf(0)]).toEqual(expected === undefined ? [3, 'n|i:1;'] : [0, expected]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('a path into an object changes what it has, and what is private of it too', async () => {
    await fill('u|O:4:"User":2:{s:2:"id";i:7;s:7:"\0*\0tags";a:1:{i:0;i:1;}}');
    const handle = await handleOf();
    for (const path of ['/u/other', '/u/__proto__', '/u/id/x', '/u/constructor/x', '/u/tags/7', '/u/']) {
      expect([path, (await shell.run(['set', handle, path, '1'])).code]).toEqual([path, 3]);
    }
    expect((await shell.run(['set', handle, '/u/id', '8'])).code).toBe(0);
    expect((await shell.run(['set', handle, '/u/tags/1', '2'])).code).toBe(0);
    expect(await dataOf(0)).toBe('u|O:4:"User":2:{s:2:"id";i:8;s:7:"\0*\0tags";a:2:{i:0;i:1;i:1;i:2;}}');
  });
});
