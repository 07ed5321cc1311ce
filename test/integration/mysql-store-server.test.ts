import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTableSql, type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { sleep, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_server';
const away = { code: expect.stringMatching(/^ERR_SESSION_(UNAVAILABLE|LOCK_TIMEOUT)$/) };

describe('the database server', () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  let store: SessionStore;
  const make = (options: Partial<MysqlStoreOptions> = {}) => {
    const { host, port, user, password } = server;
    return storeOn(table, {
      connection: { host, port, user, password, database: 'test' },
      lockTimeout: 1.5,
      ...options,
    });
  };

  /** SIGSTOP, and until it has reached every thread: before, the server may answer one more statement. */
  const freeze = async () => {
    server.kill('SIGSTOP');
    const tasks = `/proc/${server.pid}/task`;
    const running = (task: string) => !/\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
    while (readdirSync(tasks).some(running)) await sleep(1);
  };

  beforeAll(async () => {
    server = await startMariadb();
    const witness = await Witness.connect(server);
    await witness.table(table, createTableSql({ table }));
    await witness.end();
  }, 60_000);
  beforeEach(() => {
    store = make();
  });
  afterAll(() => server.stop());

  test('is frozen: nothing hangs beyond the deadline, nothing is lost, and requests succeed afterwards', async () => {
    const [held, idle] = [newId(), newId()];
    await writeText(store, held, 'before');
    await writeText(store, idle, 'before');
    const spare = await store.open(newId());
    const lease = await store.open(held);
    await spare.release(); // one connection is in use, one idle, and a third has to be made
    await freeze();
    const start = performance.now();
    const results = await Promise.allSettled([
      lease.commit({ data: utf8Bytes('after') }),
      store.open(idle),
      store.open(newId()),
      store.open(held),
    ]);
    const took = performance.now() - start;
    await lease.release();
    server.kill('SIGCONT');
    expect(results.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    const [commit, ...opens] = results.map((result) => (result as PromiseRejectedResult).reason);
    for (const reason of opens) expect(reason).toMatchObject(away);
    expect(commit.code).toBe('ERR_SESSION_OUTCOME_UNKNOWN');
    expect(took).toBeLessThan(10_000); // the deadline is 1.5 s; without one, nothing would ever end
    // It is unknown whether the server got the UPDATE and COMMIT; it never got only one of them.
    expect(['before', 'after']).toContain(await read(store, held));
    expect(await writeText(store, idle, 'after')).toBe('written');
    await store.close();
  });

  test('is frozen while a request is given up', async () => {
    const id = newId();
    await writeText(store, id, 'before');
    await freeze();
    const controller = new AbortController();
    const opening = store.open(id, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('gone')), 50);
    await expect(opening).rejects.toThrow('gone');
    server.kill('SIGCONT');
    expect(await read(store, id)).toBe('before');
    await store.close();
  });

  test('close() does not wait for a frozen server', async () => {
    await writeText(store, newId(), 'x');
    await store.open(newId());
    await freeze();
    await store.close(100);
    server.kill('SIGCONT');
  });

  test('is killed and comes back: the holder of a lock writes, the other requests do not wait', async () => {
    store = make({ lockTimeout: 20 });
    const [id, added, lost] = [newId(), newId(), newId()];
    await writeText(store, id, 'before');
    await writeText(store, lost, 'before');
    const leases = await Promise.all([store.open(id), store.open(added, { fresh: true })]);
    const unlucky = await store.open(lost);
    server.kill('SIGKILL');
    await server.ended;
    const start = performance.now();
    await expect(store.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
    await expect(unlucky.commit({ data: utf8Bytes('after') })).rejects.toMatchObject({
      code: 'ERR_SESSION_UNAVAILABLE',
    });
    expect(performance.now() - start).toBeLessThan(10_000); // at once, and not at the deadline
    await unlucky.release();
    await server.start();
    for (const lease of leases) {
      expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
      await lease.release();
    }
    expect(await Promise.all([id, added, lost].map((each) => read(store, each)))).toEqual(['after', 'after', 'before']);
    await store.close();
  });

  test('is killed while idle connections stand by: the next request works on a new one', async () => {
    const ids = Array.from({ length: 10 }, newId);
    await Promise.all(ids.map((id) => writeText(store, id, 'before')));
    server.kill('SIGKILL');
    await server.ended;
    await server.start();
    expect(await Promise.all(ids.map((id) => writeText(store, id, 'after')))).toEqual(Array(10).fill('written'));
    await store.close();
  });

  test('has no connection left: waits for one', async () => {
    const witness = await Witness.connect(server);
    await witness.query(
      'CREATE OR REPLACE USER narrow@127.0.0.1; GRANT ALL ON test.* TO narrow@127.0.0.1 WITH MAX_USER_CONNECTIONS 1',
    );
    await witness.end();
    const connection = { host: server.host, port: server.port, user: 'narrow', database: 'test' };
    const [first, second] = [make({ connection }), make({ connection, lockTimeout: 20 })];
    await writeText(first, newId(), 'x');
    const waiting = writeText(second, newId(), 'x');
    await sleep(200);
    await first.close();
    expect(await waiting).toBe('written');
    await second.close();
  });
});

describe('what answers is not a database', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['closes at once', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['talks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    ['says nothing', () => undefined],
    [
      'breaks off in the handshake',
      (socket) => {
        socket.write(Buffer.from([78, 0, 0, 0, 10, 53]));
        setTimeout(() => socket.resetAndDestroy(), 20);
      },
    ],
  ])('%s', async (_, answer) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      answer(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = mysqlStore({ connection: { host: '127.0.0.1', port, user: 'u', database: 'd' }, lockTimeout: 0.3 });
    const results = await Promise.allSettled([store.open(newId()), store.open(newId()), store.gc(1)]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SESSION_UNAVAILABLE' } });
    }
    await store.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('nothing answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const store = mysqlStore({ connection: { host: '127.0.0.1', port, user: 'u' }, lockTimeout: 25 });
    await expect(withLease(store, newId(), async () => undefined)).rejects.toMatchObject({
      code: 'ERR_SESSION_UNAVAILABLE',
      cause: { code: 'ECONNREFUSED' },
    });
    await store.close();
  });
});
