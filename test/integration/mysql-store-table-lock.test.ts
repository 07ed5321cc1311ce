import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { laravelLock, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { asInAnotherProcess, sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// Laravel's routes with block(): the statements of Illuminate\Cache\DatabaseLock and of DatabaseSessionHandler, in PHP. The real classes run
// in `npm run test:applications`.

const table = 'store_table_lock';
const create = `CREATE TABLE ${table} (id VARCHAR(255) NOT NULL PRIMARY KEY, data LONGTEXT NOT NULL, usetime INT NOT NULL)`;
const createLocks = `CREATE TABLE cache_locks (\`key\` VARCHAR(255) NOT NULL PRIMARY KEY, owner VARCHAR(255) NOT NULL, expiration INT NOT NULL)`;
const lock = laravelLock({ prefix: 'laravel-cache-', hold: 2 });

const laravel = `
  [, $dsn, $user, $password, $id, $count, $milliseconds] = $argv;
  $pdo = new PDO($dsn, $user, $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
  $run = function (string $sql, array $values) use ($pdo) {
      $statement = $pdo->prepare($sql);
      $statement->execute($values);
      return $statement;
  };
  $name = "laravel-cache-session:$id";
  $acquire = function (string $owner) use ($run, $name): bool {
      try {
          $run('INSERT INTO cache_locks VALUES (?, ?, ?)', [$name, $owner, time() + 2]);
          return true;
      } catch (PDOException $error) {
          return $run('UPDATE cache_locks SET owner = ?, expiration = ? WHERE ${'`key`'} = ? AND (owner = ? OR expiration <= ?)',
              [$owner, time() + 2, $name, $owner, time()])->rowCount() >= 1;
      }
  };
  for ($i = 0; $i < $count; $i++) {
      $owner = bin2hex(random_bytes(8));
      while (!$acquire($owner)) usleep(50000);
      echo 'begun';
      $data = $run('SELECT data FROM ${table} WHERE id = ?', [$id])->fetchColumn();
      usleep(1000 * $milliseconds);
      $run('UPDATE ${table} SET data = ?, usetime = ? WHERE id = ?', [$data + 1, time(), $id]);
      $run('DELETE FROM cache_locks WHERE ${'`key`'} = ? AND owner = ?', [$name, $owner]);
  }`;

class LaravelRequests {
  readonly #process: ChildProcess;
  readonly #output: Promise<string>;
  hasBegun = false;

  /** Each adds 1 to the session. */
  constructor(id: string, { count = 1, milliseconds = 0 }) {
    const { host, port, user, password } = testServer();
    const args = [
      `mysql:host=${host};port=${port};dbname=test`,
      user,
      password,
      id,
      String(count),
      String(milliseconds),
    ];
    this.#process = spawn('php', ['-r', laravel, '--', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.stdout!.once('data', () => {
      this.hasBegun = true;
    });
    this.#output = text(this.#process.stdout!);
  }

  async begun(): Promise<void> {
    while (!this.hasBegun) await sleep(5);
  }

  async ended(): Promise<void> {
    await this.#output;
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    expect(this.#process.exitCode).toBe(0);
  }
}

let witness: Witness;
let id: string;
const stores: SessionStore[] = [];

function makeStore(options: Partial<MysqlStoreOptions> = {}): SessionStore {
  const store = asInAnotherProcess(() => storeOn(table, { lock, connectionLimit: 4, ...options }));
  stores.push(store);
  return store;
}

const add = (store: SessionStore) =>
  withLease(store, id, async (lease) => {
    await lease.commit({ data: utf8Bytes(String(Number(Buffer.from(lease.data!).toString()) + 1)) });
  });
const locks = () => witness.query('SELECT * FROM cache_locks');

beforeAll(async () => {
  witness = await Witness.connect();
});
beforeEach(async () => {
  await witness.table(table, create);
  await witness.table('cache_locks', createLocks);
  id = newId();
  await writeText(makeStore(), id, '0');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
afterAll(() => witness.end());

test('of 96 counts in PHP and in two processes of Node none is lost', async () => {
  const [one, other] = [makeStore(), makeStore()];
  const php = [1, 2].map(() => new LaravelRequests(id, { count: 16, milliseconds: 2 }));
  const counts = async (store: SessionStore) => {
    for (let i = 0; i < 16; i++) await add(store);
  };
  await Promise.all([counts(one), counts(one), counts(other), counts(other), ...php.map((it) => it.ended())]);
  expect(await read(one, id)).toBe('96');
  expect(await locks()).toEqual([]);
}, 60_000);

test('PHP waits for it, as long as it holds the session', async () => {
  const store = makeStore();
  const php = await withLease(store, id, async (lease) => {
    expect(await locks()).toMatchObject([
      { key: `laravel-cache-session:${id}`, owner: expect.stringMatching(/^\w{16}$/) },
    ]);
    const waiting = new LaravelRequests(id, {});
    await sleep(700);
    expect(waiting.hasBegun).toBe(false);
    await lease.commit({ data: utf8Bytes('10') });
    return waiting;
  });
  await php.ended();
  expect(await read(store, id)).toBe('11');
});

test('each end frees it: nothing written, a logout, a session that is not there', async () => {
  const store = makeStore();
  await withLease(store, id, async (lease) => expect(await lease.commit({})).toBe('touched'));
  expect(await locks()).toEqual([]);
  await withLease(store, id, async () => expect(await locks()).toHaveLength(1));
  expect(await locks()).toEqual([]);
  await withLease(store, id, async (lease) => {
    const next = newId();
    await lease.rename(next);
    expect(await lease.commit({ data: utf8Bytes('1') })).toBe('written');
    id = next;
  });
  expect(await locks()).toEqual([]);
  await withLease(store, id, async (lease) => expect(await lease.destroy()).toBe('destroyed'));
  const lease = await store.open(newId(), { create: false });
  expect(lease.writable).toBe(false);
  await lease.release();
  expect(await locks()).toEqual([]);
});

test('who waits too long gets an error, and takes nothing from the holder', async () => {
  const [store, impatient] = [makeStore(), makeStore({ lockTimeout: 0.3 })];
  await withLease(store, id, async (lease) => {
    await expect(impatient.open(id)).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
    expect(await locks()).toHaveLength(1);
    expect(await lease.commit({ data: utf8Bytes('1') })).toBe('written');
  });
});

test('when it has ended and PHP has it, Node writes nothing', async () => {
  const store = makeStore();
  await withLease(store, id, async (lease) => {
    await sleep(2_100); // more than `hold`
    const php = new LaravelRequests(id, {});
    await php.begun(); // it has read, and waits with its write for the row
    await expect(lease.commit({ data: utf8Bytes('100') })).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    await php.ended();
  });
  expect(await read(store, id)).toBe('1');
  expect(await locks()).toEqual([]);
});

test('when it has ended and nobody has it, also where it was cleared away, Node writes', async () => {
  const store = makeStore();
  for (const [data, clear] of [
    ['7', 'DO 1'],
    ['8', 'DELETE FROM cache_locks'],
  ] as const) {
    await withLease(store, id, async (lease) => {
      await sleep(2_100);
      await witness.query(clear);
      expect(await lease.commit({ data: utf8Bytes(data) })).toBe('written');
    });
    expect(await read(store, id)).toBe(data);
    expect(await locks()).toEqual([]);
  }
});

test('a request whose connection was lost takes its own lock again', async () => {
  // By an account of its own: other tests run at the same time.
  const user = 'table_lock';
  const accounts = `${user}@localhost, ${user}@127.0.0.1`;
  await witness.query(`CREATE USER IF NOT EXISTS ${accounts}; GRANT ALL ON test.* TO ${accounts}`);
  const store = makeStore({ connection: { ...testServer(), user, password: '', database: 'test' } });
  await withLease(store, id, async (lease) => {
    const held = await witness.query('SELECT id FROM information_schema.processlist WHERE user = ?', [user]);
    expect(held.length).toBeGreaterThan(0);
    for (const { id: connection } of held) await witness.query(`KILL ${connection}`).catch(() => undefined);
    expect(await lease.commit({ data: utf8Bytes('5') })).toBe('written');
  });
  expect(await read(store, id)).toBe('5');
  expect(await locks()).toEqual([]);
});

test('what was read without it is written under it', async () => {
  const store = makeStore();
  const snapshot = await store.read(id);
  expect(snapshot.replace).toBeUndefined();
  const lease = await snapshot.lock!({ create: false });
  expect(await locks()).toHaveLength(1);
  await lease.release();
});

test('without the table no session is opened', async () => {
  const store = makeStore({ lock: laravelLock({ prefix: '', table: 'test.no_locks' }) });
  await expect(store.open(id)).rejects.toMatchObject({
    code: 'ERR_SESSION_TABLE',
    message: expect.stringContaining('the table of the option "lock"'),
  });
});

test('a request that has waited for a connection begins when it has the lock, and not when PHP has it', async () => {
  const store = makeStore({ connectionLimit: 1 });
  const other = newId();
  await writeText(store, other, '0');
  const busy = await store.open(other);
  const waiting = store.open(id);
  await sleep(2_100); // more than `hold`
  const php = new LaravelRequests(id, { milliseconds: 500 });
  await php.begun();
  await busy.release();
  const lease = await waiting;
  expect(Buffer.from(lease.data!).toString()).toBe('1'); // what PHP has written
  expect(await locks()).toMatchObject([{ key: `laravel-cache-session:${id}` }]);
  expect(await lease.commit({ data: utf8Bytes('2') })).toBe('written');
  await lease.release();
  await php.ended();
  expect(await read(store, id)).toBe('2');
  expect(await locks()).toEqual([]);
}, 20_000);

test('after a long wait `hold` begins anew, and after a short one nothing is sent for that', async () => {
  const store = makeStore({ connectionLimit: 1 });
  const other = newId();
  await writeText(store, other, '0');
  for (const wait of [1_200, 300]) {
    const busy = await store.open(other);
    const waiting = store.open(id);
    await sleep(100);
    const [before] = await locks().then((all) => all.filter(({ key }) => String(key).endsWith(id)));
    await sleep(wait);
    await busy.release();
    const lease = await waiting;
    const [after] = await locks();
    const isLate = wait > 1_000; // half of `hold`
    if (isLate) expect(Number(after!.expiration)).toBeGreaterThan(Number(before!.expiration));
    else expect(after!.expiration).toBe(before!.expiration);
    await lease.release();
  }
});

test.each([
  ['is dropped', 'DROP TABLE cache_locks'],
  ['is another one', 'ALTER TABLE cache_locks DROP COLUMN owner'],
])('the table of locks %s while a session is held: the error names it', async (_, sql) => {
  const store = makeStore();
  await withLease(store, id, async (lease) => {
    await witness.query(sql);
    await expect(lease.commit({ data: utf8Bytes('1') })).rejects.toMatchObject({
      code: 'ERR_SESSION_TABLE',
      message: expect.stringContaining('the table of the option "lock"'),
    });
  });
  await witness.table('cache_locks', createLocks);
  expect(await read(store, id)).toBe('0');
});
