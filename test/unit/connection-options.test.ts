import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection, createPool, createPoolCluster } from 'mysql2';
import { createConnection as createPromiseConnection, createPool as createPromisePool } from 'mysql2/promise';
import { checkTable, type MysqlStoreOptions, mysqlStore } from '../../src/mysql.ts';
import { CONNECTION_OPTIONS } from '../../src/stores/mysql/connection-options.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';

const server = { host: 'db', user: 'u', password: 'secret', database: 'd' };
const read = (connection: unknown) => readOptions({ connection } as MysqlStoreOptions).connections[0];

describe('what mysql2 takes is taken', () => {
  test.each<[string, unknown, object]>([
    ['options', server, server],
    ['a URI', 'mysql://u:secret@db/d', server],
    ['a URI among options', { uri: 'mysql://u:secret@db/d' }, server],
    [
      'what stands beside it counts more',
      { uri: 'mysql://u:secret@db:3307/d', user: 'v', port: 0 },
      { ...server, user: 'v', port: 3307 },
    ],
    ['a pool', createPool(server), server],
    ['a pool of mysql2/promise', createPromisePool(server), server],
    ['its promise() once more', createPool(server).promise(), server],
    [
      'options of a pool, and of values',
      { ...server, connectionLimit: 5, waitForConnections: true, timezone: 'Z', charset: 'utf8mb4' },
      server,
    ],
    ['a port as text, as in process.env', { ...server, port: '3307' }, { ...server, port: '3307' }],
    ['a socket', { socketPath: '/run/mysqld.sock' }, { socketPath: '/run/mysqld.sock' }],
    ['what is undefined is not there', { ...server, url: undefined }, server],
    ['a profile of TLS', { ...server, ssl: 'Amazon RDS' }, { ...server, ssl: 'Amazon RDS' }],
  ])('%s', (_, connection, expected) => expect(read(connection)).toMatchObject(expected));

  test('a URI alone', () => {
    expect(readOptions('mysql://u:secret@db/d')).toEqual(readOptions({ connection: 'mysql://u:secret@db/d' }));
    expect(typeof mysqlStore('mysql://u:secret@db/d').open).toBe('function');
  });

  test('each option of the installed mysql2 is known, and no other', () => {
    const source = readFileSync('node_modules/mysql2/lib/connection_config.js', 'utf8');
    const [, list = ''] = /const validOptions = \{([^}]*)\}/.exec(source)!;
    const valid = [...list.matchAll(/^ {2}(\w+): 1,$/gm)].map(([, name]) => name!);
    expect(valid.length).toBeGreaterThan(40);
    expect([...CONNECTION_OPTIONS].sort()).toEqual(valid.sort());
  });
});

describe('anything else is refused when the store is made, and it is said what is meant', () => {
  test.each<[string, unknown, RegExp]>([
    [
      'hostname',
      { ...server, host: undefined, hostname: 'db' },
      /^connection\.hostname is no option of mysql2: host is meant$/,
    ],
    ['username', { ...server, username: 'secret' }, /^connection\.username .*: user is meant$/],
    ['pass', { ...server, pass: 'secret' }, /^connection\.pass .*: password is meant$/],
    ['db', { ...server, db: 'secret' }, /^connection\.db .*: database is meant$/],
    ['url', { url: 'mysql://u:secret@db/d' }, /^connection\.url .*: uri is meant$/],
    ['another case', { ...server, socketpath: 'secret' }, /^connection\.socketpath .*: socketPath is meant$/],
    ['an unknown option', { ...server, secre: 'secret' }, /^connection\.secre is no option of mysql2$/],
    ['toString', { ...server, toString: 'secret' }, /^connection\.toString is no option of mysql2$/],
    [
      'nothing',
      {},
      /^connection names neither .*: give host \(or socketPath\), user, password and database\. .*environment/,
    ],
    ['nothing but undefined', { host: undefined, user: undefined }, /^connection names neither/],
    ['options that say nothing', { connectTimeout: 5, ssl: {} }, /^connection names neither/],
    [
      'a configuration of knex',
      { client: 'mysql2', connection: server },
      /^connection is one of knex: give the connection/,
    ],
    ['knex itself', Object.assign(() => undefined, { client: {}, raw: () => undefined }), /^connection is one of knex/],
    ['a configuration of Sequelize', { dialect: 'mysql', ...server }, /^connection is a configuration of Sequelize/],
    ['a promise of a pool', Promise.resolve(createPool(server)), /^connection is a promise: await it/],
    ['a URL object', new URL('mysql://u:secret@db/d'), /^connection is a URL object/],
    ['a PoolCluster', createPoolCluster(), /^connection is a PoolCluster: give a list/],
    ['part of a PoolCluster', createPoolCluster().of('*'), /^connection is a pool, but not one of mysql2$/],
    ['a function', () => server, /^connection must be connection options of mysql2, a URI or a pool of mysql2$/],
    ['a password that is a number', { ...server, password: 12_345 }, /^connection\.password must be text$/],
    ['a port beyond', { ...server, port: 99_999 }, /^connection\.port must be a number from 1 to 65535$/],
    ['a port that is none', { ...server, port: 'secret' }, /^connection\.port must be/],
    ['TLS by true', { ...server, ssl: true }, /^connection\.ssl must be/],
    ['a stream', { ...server, stream: process.stdin }, /^connection\.stream must be a function/],
    ['a URI that is none', { uri: 'u:secret@db' }, /^connection\.uri must be a URI like/],
    ['a URI of another kind', { uri: 5 }, /^connection\.uri must be text$/],
    ['a URI with %', 'mysql://u:100%secret@db/d', /^connection must be a URI like mysql:.* as %40/],
    [
      'TLS as others write it',
      'mysql://u:secret@db/d?ssl-mode=REQUIRED',
      /^connection has a query with ssl-mode, .*: ssl=\{\} is meant/,
    ],
    ['TLS in a URI by true', 'mysql://u:secret@db/d?ssl=true', /^connection\.ssl must be/],
    [
      'a password with ?',
      'mysql://user:12?secret@db/d',
      /^connection has a query with a name .* "\?" of the password is written %3F$/,
    ],
    ['one of a list', [server, { ...server, hostname: 'db2' }], /^connection\[1\]\.hostname .*: host is meant$/],
  ])('%s', (_, connection, message) => {
    const make = () => mysqlStore({ connection } as MysqlStoreOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(/secret/);
  });

  test.each<[string, unknown, RegExp]>([
    [
      'options of a connection',
      server,
      /^host is not an option of mysqlStore\(\), but of its connection: mysqlStore\(\{ connection: \{ host \} \}\)$/,
    ],
    ['a pool', createPool(server), /^\w+\(\) needs options, \w+\(\{ connection \}\), or a URI alone$/],
    ['nothing', undefined, /^\w+\(\) needs options/],
    ['columns that are none', { connection: server, columns: null }, /^columns must be an object$/],
    ['a list of columns', { connection: server, columns: [] }, /^columns must be an object$/],
    ['a column of Object', { connection: server, columns: { toString: 'a' } }, /^columns\.toString is not an option/],
    ['a URI of something else', 'postgres://u:secret@db/d', /^connection must be a URI like mysql:/],
  ])('as the options themselves: %s', async (_, options, message) => {
    expect(() => mysqlStore(options as MysqlStoreOptions)).toThrow(TypeError);
    expect(() => mysqlStore(options as MysqlStoreOptions)).toThrow(message);
    await expect(checkTable(options as MysqlStoreOptions)).rejects.toThrow(message);
  });
});

describe("a connection of the application's own stays what it is", () => {
  let listening: Server;
  const there = () => ({ ...server, host: '127.0.0.1', port: (listening.address() as { port: number }).port });
  beforeAll(async () => {
    listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
  });
  afterAll(() => {
    listening.close();
  });

  test('of mysql2, of its pool, and of mysql2/promise', async () => {
    const connection = createConnection(there());
    connection.on('error', () => undefined);
    for (const given of [connection, connection.promise()]) {
      expect(() => mysqlStore({ connection: given as never })).toThrow(/^connection is a connection: give the options/);
    }
    const opening = createPromiseConnection({ ...there(), connectTimeout: 100 });
    expect(() => mysqlStore({ connection: opening as never })).toThrow(/^connection is a promise: await it/);
    await expect(opening).rejects.toThrow();
    const { stream } = connection as unknown as { stream: import('node:net').Socket };
    expect([stream.destroyed, stream.writableEnded]).toEqual([false, false]);
    connection.destroy();
  });
});
