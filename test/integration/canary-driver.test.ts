import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createPool } from 'mysql2';
import { createConnection, createPool as createPromisePool } from 'mysql2/promise';
import { checkTable, type MysqlConnectionOptions, type MysqlStoreOptions, symfonyLock } from '../../src/mysql.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { withLease } from '../../src/testing/leases.ts';
import { mentions, planted, secret, secretId, watchSignals } from './canary.ts';
import { article, createTables, missing, narrow, onWitness, ownTable, refusing, relayed } from './canary-rows.ts';
import { asInAnotherProcess, storeOn, testServer, utf8Bytes } from './mysql-store-helpers.ts';

// What mysql2 publishes of its traffic: on the channels that monitoring agents listen to, and on the
// console.

const password = `${secret}pass`;
const server = { ...testServer(), database: 'test', user: 'canary_driver', password };
const channels = ['mysql2:connect', 'mysql2:execute', 'mysql2:pool:connect', 'mysql2:query'];
const whole = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };

watchSignals('lock', 'release', 'retry', 'connection', 'failover', 'gc');

/** What was published, by its channel. */
let published: string[] = [];
const hear = (message: unknown, channel: string | symbol) =>
  void published.push(`${String(channel)}: ${inspect(message, whole)}`);

async function listening(work: () => Promise<unknown>): Promise<void> {
  published = [];
  const all = channels.flatMap((name) =>
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) => `tracing:${name}:${event}`),
  );
  for (const channel of all) subscribe(channel, hear);
  try {
    await work();
  } finally {
    for (const channel of all) unsubscribe(channel, hear);
  }
}

/** What exists before the listeners, as a second query of the database is published with all its data. */
let id = '';
let other = '';

beforeAll(async () => {
  await createTables();
  await onWitness((witness) =>
    witness.query(`CREATE OR REPLACE USER ${server.user}@127.0.0.1 IDENTIFIED BY '${password}';
      GRANT ALL ON test.* TO ${server.user}@127.0.0.1`),
  );
});
beforeEach(async () => {
  [id, other] = [secretId(), secretId()];
  const insert = `INSERT INTO ${ownTable} (id, data, usetime) VALUES (?, ?, 0), (?, ?, 0)`;
  await onWitness((witness) => witness.query(insert, [id, Buffer.from(planted), other, Buffer.from(planted)]));
});
afterAll(() => onWitness((witness) => witness.query(`DROP USER ${server.user}@127.0.0.1`)));

type Options = Parameters<typeof storeOn>[1];

async function withStore(
  use: (store: SessionStore) => Promise<unknown>,
  options: Options = {},
  table = ownTable,
): Promise<void> {
  const store = storeOn(table, { connection: server, ...options });
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

const commit = (store: SessionStore, row: string, data?: Uint8Array) =>
  withLease(store, row, (lease) => lease.commit(data === undefined ? {} : { data }));
const merge = async (store: SessionStore, row: string, data: Uint8Array) => {
  const written = await (await store.read(row)).replace!(data);
  if (written !== 'written') await written.release();
};
const large = Buffer.concat([planted, Buffer.alloc(40_000)]);

/** All that the store does. */
const works: Record<string, () => Promise<unknown>> = {
  'a new session': () => withStore((store) => commit(store, secretId(), planted)),
  'an existing one': () => withStore((store) => commit(store, id, utf8Bytes(secret))),
  'one of more than 32 KB': () => withStore((store) => commit(store, id, large)),
  'one that did not change': () => withStore((store) => commit(store, id)),
  'one that is only looked at': () => withStore((store) => withLease(store, id, async () => undefined)),
  'a new id': () =>
    withStore((store) =>
      withLease(store, id, async (lease) => {
        await lease.rename(secretId());
        await lease.commit({ data: planted });
      }),
    ),
  'a logout': () => withStore((store) => withLease(store, id, (lease) => lease.destroy())),
  'a change without the lock': () => withStore((store) => merge(store, id, utf8Bytes(secret))),
  'a large one without the lock': () => withStore((store) => merge(store, id, large)),
  'a change after another one': () =>
    withStore(async (store) => {
      const snapshot = await store.read(id);
      await commit(store, id, utf8Bytes(`${secret}2`));
      const lease = await snapshot.replace!(planted);
      if (lease === 'written') throw new Error('it was overwritten');
      await lease.release();
    }),
  'a look, and the time': () => withStore(async (store) => (await store.read(id)).touch()),
  'old sessions': () => withStore((store) => store.gc(60)),
  'an expired one': () => withStore((store) => commit(store, id, planted), { expireOnRead: true, gcMaxlifetime: 60 }),
  'a named lock': () => withStore((store) => commit(store, id, planted), { lock: symfonyLock }),
  'text that is read back': () => withStore((store) => commit(store, secretId(), utf8Bytes(`${secret}é`)), {}, article),
  'what is wrong with the table': () => checkTable({ connection: server, table: ownTable }),
  'several servers': () =>
    withStore((store) => commit(store, id, planted), {
      connection: [{ ...server, host: '127.0.0.1', port: 1 }, server],
    }),
  'too large': () => withStore((store) => commit(store, secretId(), planted), {}, narrow).catch(expectCode),
  'of another character set': () =>
    withStore((store) => commit(store, secretId(), utf8Bytes(`${secret}漢`)), {}, article).catch(expectCode),
  'no table': () => withStore((store) => commit(store, id, planted), {}, missing).catch(expectCode),
  'a trigger that refuses the row': () =>
    withStore((store) => commit(store, secretId(), planted), {}, refusing).catch(expectCode),
  'an id that exists': () =>
    withStore((store) =>
      withLease(store, id, async (lease) => {
        await lease.rename(other);
        await lease.commit({ data: planted });
      }),
    ).catch(expectCode),
  'a lock that is not to be had': () =>
    withStore(async (holder) => {
      const lease = await holder.open(id);
      const waiting = asInAnotherProcess(() => storeOn(ownTable, { connection: server, lockTimeout: 1.5 }));
      await waiting.open(id).catch(expectCode);
      await waiting.close();
      await lease.release();
    }),
  'an id that others create': () =>
    withStore(async (first) => {
      const row = secretId();
      const second = asInAnotherProcess(() => storeOn(ownTable, { connection: server }));
      await Promise.all([commit(first, row, planted), commit(second, row, planted)]);
      await second.close();
    }),
  'an answer that is lost': () =>
    relayed(async (lease, relay) => {
      relay.accident = 'lose the answer';
      await lease.commit({ data: utf8Bytes(secret) }).finally(() => relay.stop());
    }).catch(expectCode),
  'a connection that breaks': () =>
    relayed(async (lease, relay) => {
      await relay.stop();
      await lease.commit({ data: planted });
    }).catch(expectCode),
  'a caller that goes away': () =>
    withStore(async (store) => {
      const going = new AbortController();
      const opening = store.open(id, { signal: going.signal });
      going.abort();
      await expect(opening).rejects.toThrow();
    }),
  'a wrong password': () =>
    withStore((store) => commit(store, id, planted), {
      connection: { ...server, password: `${password}2` },
    }).catch(expectCode),
  'no server listens': () =>
    withStore((store) => commit(store, id, planted), { connection: { ...server, port: 1 } }).catch(expectCode),
};

/** The failure that was wanted, and not one of the test's own. */
function expectCode(error: unknown): void {
  expect(error).toHaveProperty('code', expect.stringMatching(/^ERR_SESSION_/));
}

describe('the channels of mysql2', () => {
  test('are these, all from one file', () => {
    const folder = dirname(require.resolve('mysql2'));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[cm]?js$/.test(file) && !file.includes('node_modules'))
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
    const publishers = files.filter(([, text]) => /diagnostics_channel|performance\.(mark|measure)/.test(text));
    expect(publishers.map(([file]) => file)).toEqual([join('lib', 'tracing.js')]);
    const [[, text] = ['', '']] = publishers;
    const all = [...text.matchAll(/\b(?:tracingC|c)hannel\(\s*([^)]*?)\s*\)/g)].map(([, argument]) => argument);
    expect(all.sort()).toEqual(channels.map((name) => `'${name}'`));
  });

  test('publish a statement with its values, which the store must not send so', async () => {
    const pool = createPromisePool(server);
    await listening(async () => {
      await pool.query('SELECT ?', [secret]);
      await pool.execute('SELECT ?', [Buffer.from(secret)]);
      await pool.query(`SELECT x'${Buffer.from(secret).toString('hex')}' FROM nowhere`).catch(() => undefined);
    });
    await pool.end();
    for (const channel of ['query:start', 'query:asyncEnd', 'query:error', 'execute:start']) {
      const heard = published.filter((message) => message.startsWith(`tracing:mysql2:${channel}:`));
      expect([channel, heard.some(mentions)]).toEqual([channel, true]);
    }
    expect(published.filter((message) => /mysql2:(pool:)?connect:/.test(message))).not.toEqual([]);
  });

  test.each(Object.entries(works))('get nothing: %s', async (_, work) => {
    await listening(work);
    // Connections are published, with the account's name, which is no secret.
    expect(published.map((message) => message.split(': ')[0])).toContain('tracing:mysql2:connect:start');
    expect(published.filter((message) => !message.startsWith('tracing:mysql2:connect:'))).toEqual([]);
    expect(published.filter(mentions)).toEqual([]);
  });
});

describe('the console', () => {
  const { host, port } = server;
  const uri = `mysql://${server.user}:${password}@${host}:${port}/test?debug=true`;
  let written: string[] = [];

  async function writing(work: () => Promise<unknown>): Promise<string[]> {
    written = [];
    const spies = (['log', 'trace', 'error', 'warn', 'info', 'debug'] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation((...args) => void written.push(format(...args))),
    );
    try {
      await work();
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return written;
  }

  test('shows what is sent if the debug option of mysql2 is on', async () => {
    const talk = async () => {
      const connection = await createConnection(uri);
      await connection.query('SELECT ?', [secret]);
      connection.destroy();
    };
    expect((await writing(talk)).some(mentions)).toBe(true);
  });

  test.each<[string, () => MysqlStoreOptions['connection']]>([
    ['options', () => ({ ...server, debug: true, trace: true }) as MysqlConnectionOptions],
    ['a URI', () => uri],
    ['a pool', () => createPool({ ...server, debug: true })],
    ['a pool of promises', () => createPromisePool({ ...server, debug: true })],
  ])('shows nothing of the store, whose connection is as that of %s that ask for it', async (_, connection) => {
    const lent = connection();
    const work = () => withStore((store) => commit(store, id, utf8Bytes(secret)), { connection: lent });
    expect(await writing(work)).toEqual([]);
    if (typeof lent === 'object' && 'end' in lent) await (lent as { end(): unknown }).end();
  });
});

test('a store that is looked at shows no password and nothing that it holds', async () => {
  await withStore(async (store) => {
    const held = await withLease(store, id, async () => [inspect(store, whole), JSON.stringify(store)]);
    await store.gc(1e9);
    const pages = [...held, inspect(store, { ...whole, getters: true }), String(store)];
    expect(pages.filter(mentions)).toEqual([]);
    expect(inspect(await store.open(other, { create: false }), { ...whole, compact: true })).not.toContain(password);
  });
});
