import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { codeIgniterLock, moodleLock, type NamedLock, symfonyLock } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

/** PHP handlers that use `GET_LOCK` are on the other side: they take the name, read, and write without a transaction. */
const table = 'store_named';
const create = `CREATE TABLE ${table} (
  row_id INT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(128) NOT NULL UNIQUE, data BLOB NOT NULL, usetime INT UNSIGNED NOT NULL)`;

let witness: Witness;
let store: SessionStore;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const isFree = async (name: string) => Number((await witness.query('SELECT IS_FREE_LOCK(?) AS free', [name]))[0]?.free);
const rowId = async (id: string) =>
  Number((await witness.query(`SELECT row_id FROM ${table} WHERE id = ?`, [id]))[0]?.row_id);

/** A request of PHP under a named lock: it adds a letter to the session, and says when it has begun. */
class PhpRequest {
  readonly #process: ChildProcess;
  #output = '';

  constructor(name: string, id: string, milliseconds: number) {
    const script = `
      [, $dsn, $user, $password, $name, $id, $milliseconds] = $argv;
      $pdo = new PDO($dsn, $user, $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
      $get = $pdo->prepare('SELECT GET_LOCK(?, 10)');
      $get->execute([$name]);
      if ((int) $get->fetchColumn() !== 1) exit(3);
      $read = $pdo->prepare('SELECT data FROM ${table} WHERE id = ?');
      $read->execute([$id]);
      $data = $read->fetchColumn();
      echo 'begun';
      usleep(1000 * $milliseconds);
      $pdo->prepare('UPDATE ${table} SET data = ? WHERE id = ?')->execute([$data . 'p', $id]);
      $pdo->prepare('SELECT RELEASE_LOCK(?)')->execute([$name]);`;
    const { host, port, user, password } = testServer();
    const dsn = `mysql:host=${host};port=${port};dbname=test`;
    this.#process = spawn('php', ['-r', script, '--', dsn, user, password, name, id, String(milliseconds)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process.stdout!.on('data', (chunk) => {
      this.#output += chunk;
    });
  }

  async begun(): Promise<void> {
    while (!this.#output.includes('begun')) await sleep(5);
  }

  get hasBegun(): boolean {
    return this.#output.includes('begun');
  }

  async ended(): Promise<void> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    expect(this.#process.exitCode).toBe(0);
  }
}

const add = (letter: string, id: string, on = store) =>
  withLease(on, id, async (lease) => {
    await lease.commit({ data: utf8Bytes(new TextDecoder().decode(lease.data) + letter) });
  });

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, create);
});
afterAll(() => witness.end());
afterEach(() => store.close());

const moodle = { ...moodleLock({ dbname: 'app' }), key: 'row_id' };

describe.each<[string, NamedLock, (id: string) => Promise<string>]>([
  ['CodeIgniter', codeIgniterLock, async (id) => md5(id)],
  ['Symfony', symfonyLock, async (id) => id.slice(0, 64)],
  ['Moodle', moodle, async (id) => `app-mdl_-session-${await rowId(id)}`],
])('%s', (_, lock, nameOf) => {
  let [id, name] = ['', ''];

  beforeEach(async () => {
    store = storeOn(table, { lock, connectionLimit: 2 });
    id = newId();
    await writeText(store, id, 'x');
    name = await nameOf(id);
  });

  test('waits for PHP, and sees what it has written', async () => {
    const php = new PhpRequest(name, id, 500);
    await php.begun();
    await add('n', id);
    await php.ended();
    expect(await read(store, id)).toBe('xpn');
  });

  test('what was read without it is written under it, so that PHP does not overwrite it', async () => {
    const snapshot = await store.read(id);
    const php = new PhpRequest(name, id, 500);
    await php.begun();
    const lease = (await snapshot.replace?.(utf8Bytes('n'))) ?? (await store.open(id));
    if (lease === 'written') throw new Error('between what PHP reads and what it writes');
    expect(Buffer.from(lease.data!).toString()).toBe('xp');
    await lease.release();
    await php.ended();
  });

  test('PHP waits for it', async () => {
    const php = await withLease(store, id, async (lease) => {
      const waiting = new PhpRequest(name, id, 0);
      await sleep(500);
      expect(waiting.hasBegun).toBe(false);
      await lease.commit({ data: utf8Bytes('xn') });
      return waiting;
    });
    await php.ended();
    expect(await read(store, id)).toBe('xnp');
  });

  test.each([
    ['commit()', (on: SessionStore) => add('n', id, on)],
    ['release()', (on: SessionStore) => withLease(on, id, async () => undefined)],
    ['destroy()', (on: SessionStore) => withLease(on, id, (lease) => lease.destroy())],
    ['a failure', (on: SessionStore) => writeText(on, id, 'x'.repeat(70_000)).catch(() => undefined)],
  ])('is free after %s', async (__, use) => {
    await use(store);
    expect(await isFree(name)).toBe(1);
  });

  test('does not go with its connection to the next session', async () => {
    const narrow = storeOn(table, { lock, connectionLimit: 1 });
    await withLease(narrow, id, async () => undefined);
    const other = newId();
    await writeText(store, other, 'x');
    await withLease(narrow, other, async () => {
      expect(await isFree(name)).toBe(1);
      expect(await isFree(await nameOf(other))).toBe(0);
    });
    await narrow.close();
  });

  test('not free in time: ERR_SESSION_LOCK_TIMEOUT, and nothing is left over', async () => {
    const impatient = storeOn(table, { lock, lockTimeout: 0.7 });
    const php = new PhpRequest(name, id, 3_000);
    await php.begun();
    await expect(impatient.open(id)).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
    const gone = new AbortController();
    const waiting = impatient.open(id, { signal: gone.signal });
    setTimeout(() => gone.abort(new Error('gone')), 100);
    await expect(waiting).rejects.toThrow('gone');
    await php.ended();
    // Statements without a waiting request may have got the lock, and release it.
    while ((await isFree(name)) !== 1) await sleep(20);
    await impatient.close();
    expect(await read(store, id)).toBe('xp');
  });

  test('the connection is killed: PHP has the lock at once, and the late write is refused', async () => {
    const lease = await store.open(id);
    const holders = await witness.query('SELECT IS_USED_LOCK(?) AS id', [name]);
    await witness.query('KILL ?', [Number(holders[0]?.id)]);
    const php = new PhpRequest(name, id, 0);
    await php.ended();
    await expect(lease.commit({ data: utf8Bytes('xn') })).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    await lease.release();
    expect(await read(store, id)).toBe('xp');
  });
});

test('a name of more than 64 characters is refused', async () => {
  store = storeOn(table, { lock: { name: () => 'x'.repeat(65) } });
  await expect(store.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE' });
});

test('a lock may be an instance of a class', async () => {
  class Prefixed {
    readonly #prefix = 'my-';
    name(id: string) {
      return this.#prefix + id;
    }
  }
  store = storeOn(table, { lock: new Prefixed() });
  const id = newId();
  await withLease(store, id, async () => expect(await isFree(`my-${id}`)).toBe(0));
});

test('two ids never wait for each other', async () => {
  store = storeOn(table, { lock: codeIgniterLock });
  const [one, other] = [newId(), newId()];
  await withLease(store, one, () => writeText(store, other, 'x'));
  expect(await read(store, other)).toBe('x');
});
