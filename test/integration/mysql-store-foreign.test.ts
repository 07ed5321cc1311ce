import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Deadline } from '../../src/stores/deadline.ts';
import { Connection } from '../../src/stores/mysql/connection.ts';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';
import { withLease } from '../../src/testing/leases.ts';
import { Site } from './koa-helpers.ts';
import { asInAnotherProcess, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// Mistakes in a program (ours, the driver's, the application's) are no failures of the database: they come through as they are, and
// neither a lock nor a connection stays with them. What the driver says of a closed connection is none, whatever it looks like.

const table = 'store_foreign';
const { host, port, user, password } = testServer();
const server = { host, port, user, password, database: 'test' };
const soon = () => new Deadline(10_000);
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
});
afterAll(() => witness.end());

/** What it says of the row, a lock of another process' included. */
async function isFree(id: string): Promise<boolean> {
  const other = asInAnotherProcess(() => storeOn(table, { lockTimeout: 3 }));
  try {
    return await withLease(other, id, async ({ writable }) => writable);
  } finally {
    await other.close();
  }
}

test.each<[string, string, (data: Uint8Array) => unknown]>([
  ['while a text is made', 'foreign1', () => 42],
  ['while values are bound', 'foreign2', (data) => new Proxy(data, { get: (_, key) => fails(key) })],
])('a mistake when a session is written, %s: the lock is free, and the store goes on', async (_, id, wrong) => {
  const store = storeOn(table, { connectionLimit: 1 });
  await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('a|i:1;') }));
  for (let i = 0; i < 3; i++) {
    const lease = await store.open(id);
    const failed = lease.commit({ data: wrong(utf8Bytes('a|i:2;')) as Uint8Array });
    await expect(failed).rejects.toMatchObject({ name: 'TypeError' });
    await lease.release();
    expect(await isFree(id)).toBe(true);
  }
  await withLease(store, id, async ({ data }) => expect(Buffer.from(data!).toString()).toBe('a|i:1;'));
  await store.close();
});

function fails(key: string | symbol): never {
  throw new TypeError(`no ${String(key)}`);
}

test('a programming error after COMMIT: it is passed on, though the session is written', async () => {
  const store = storeOn(table, { connectionLimit: 1 });
  const id = 'foreign7';
  await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('a|i:1;') }));
  const lease = await store.open(id);
  const { queryAndCommit } = Connection.prototype;
  jest.spyOn(Connection.prototype, 'queryAndCommit').mockImplementationOnce(async function (
    this: Connection,
    ...args: Parameters<typeof queryAndCommit>
  ) {
    await queryAndCommit.apply(this, args);
    throw new TypeError('of ours');
  } as typeof queryAndCommit);
  await expect(lease.commit({ data: utf8Bytes('a|i:2;') })).rejects.toThrow(new TypeError('of ours'));
  await lease.release();
  expect(await isFree(id)).toBe(true);
  await withLease(store, id, async ({ data }) => expect(Buffer.from(data!).toString()).toBe('a|i:2;'));
  await store.close();
});

test('a mistake while a connection is made: each request gets it, and none waits for the place of another', async () => {
  let isBroken = true;
  const stream = () => {
    if (isBroken) throw new TypeError('of the application');
    return connect(port, host);
  };
  const store = storeOn(table, { connection: { ...server, stream }, connectionLimit: 1, lockTimeout: 5 });
  for (let i = 0; i < 3; i++) await expect(store.open('foreign3')).rejects.toThrow(new TypeError('of the application'));
  await expect(store.read('foreign3')).rejects.toThrow(new TypeError('of the application'));
  isBroken = false;
  await withLease(store, 'foreign3', async ({ writable }) => expect(writable).toBe(true));
  await store.close();
});

test('a page is answered with 500, without Retry-After, and the application gets the error', async () => {
  const stream = () => {
    throw new TypeError('of the application');
  };
  const store = storeOn(table, { connection: { ...server, stream } });
  const site = await Site.start({ store });
  const { status, headers } = await site.ask(undefined, { id: 'foreign5' });
  expect([status, headers['retry-after']]).toEqual([500, undefined]);
  expect(site.errors).toEqual([new TypeError('of the application')]);
  await site.stop();
  await store.close();
});

test('a connection that the driver has closed is a lost one, though its error says nothing', async () => {
  const settings = readOptions({ connection: server });
  let doubts = 0;
  const events = { released: () => undefined, closed: () => undefined, failed: () => doubts++ };
  const connection = new Connection(server, settings, { autocommit: true, events });
  await connection.query('DO 0', soon());
  connection.destroy();
  await expect(connection.query('DO 0', soon())).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
  await expect(connection.execute('DO ?', [1], soon())).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
  expect(doubts).toBe(2); // of several servers, this one is looked at
  const leaving = new Connection(server, settings, { autocommit: true });
  await leaving.query('DO 0', soon());
  const ended = leaving.end();
  await expect(leaving.query('DO 0', soon())).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
  await ended;
});

test("a stream of the application's own that breaks with an error of its own: a new connection is made", async () => {
  const sockets: Socket[] = [];
  const stream = () => {
    const socket = connect(port, host);
    sockets.push(socket);
    return socket;
  };
  const settings = readOptions({ connection: { ...server, stream } });
  const connection = new Connection(settings.connections[0]!, settings, { autocommit: true });
  await connection.query('DO 0', soon());
  const waiting = connection.query('SELECT SLEEP(20)', soon());
  sockets[0]!.destroy(new Error('without anything'));
  await expect(waiting).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });

  const store = storeOn(table, { connection: { ...server, stream } });
  await withLease(store, 'foreign6', async (lease) => {
    const socket = sockets.at(-1)!;
    socket.destroy(new Error('without anything'));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await lease.commit({ data: utf8Bytes('a|i:1;') })).toBe('gone'); // the row was not there yet
  });
  await withLease(store, 'foreign6', (lease) => lease.commit({ data: utf8Bytes('a|i:1;') }));
  await withLease(store, 'foreign6', async (lease) => {
    const socket = sockets.at(-1)!;
    socket.destroy(new Error('without anything'));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await lease.commit({ data: utf8Bytes('a|i:2;') })).toBe('written');
  });
  await store.close();
});
