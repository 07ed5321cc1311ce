import { describe, expect, test } from '@jest/globals';
import { Deadline, DeadlineExpired } from '../../src/stores/deadline.ts';
import { KeyedMutex } from '../../src/stores/keyed-mutex.ts';
import { createTableSql, type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';

const soon = () => new Deadline(10_000);

describe('KeyedMutex', () => {
  test('lets one in at a time, in the order in which they came', async () => {
    const mutex = new KeyedMutex();
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (i) => {
        const release = await mutex.acquire('key', 9, soon());
        order.push(i);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(i);
        release();
        release(); // the second time frees no other place
      }),
    );
    expect(order).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  test('keys do not wait for each other', async () => {
    const mutex = new KeyedMutex();
    await mutex.acquire('a', 0, soon());
    await mutex.acquire('b', 0, soon());
    await expect(mutex.acquire('a', 0, soon())).rejects.toMatchObject({ code: 'ERR_SESSION_BUSY' });
  });

  test('a turn that comes in the same moment as the end of the wait goes to the next', async () => {
    const mutex = new KeyedMutex();
    const controller = new AbortController();
    const release = await mutex.acquire('key', 9, soon());
    const given = mutex.acquire('key', 9, new Deadline(10_000, controller.signal));
    const next = mutex.acquire('key', 9, soon());
    release();
    controller.abort(new Error('gone'));
    await expect(given).rejects.toThrow('gone');
    (await next)();
    (await mutex.acquire('key', 0, soon()))();
  });

  test('the deadline ends the wait', async () => {
    const mutex = new KeyedMutex();
    const release = await mutex.acquire('key', 9, soon());
    await expect(mutex.acquire('key', 9, new Deadline(5))).rejects.toBeInstanceOf(DeadlineExpired);
    release();
    (await mutex.acquire('key', 0, soon()))();
  });
});

describe('Deadline', () => {
  test('is over at once when the signal was aborted before', async () => {
    const never = new Promise(() => undefined);
    await expect(new Deadline(10_000, AbortSignal.abort('reason')).race(never)).rejects.toBe('reason');
  });
});

describe('the options of mysqlStore()', () => {
  const connection = { host: '127.0.0.1', user: 'u', password: 'secret' };

  test.each<[string, unknown]>([
    ['connection', undefined],
    ['connection', 42],
    ['connection', 'postgres://u:secret@h/d'],
    ['connection', 'secret'],
    ['connection', { getConnection: () => undefined, password: 'secret' }],
    ['table', 'a.b.c'],
    ['table', ''],
    ['table', 'a`b'],
    ['columns.data', { data: 'a b' }],
    ['columns.date', { date: 'x' }],
    ['timeout', 0],
    ['timeout', '10'],
    ['timeout', Number.NaN],
    ['connection', []],
    ['connection[1]', [connection, 42]],
    ['connection[0]', [{ getConnection: () => undefined, password: 'secret' }]],
    ['connection[1]', [connection, 'secret']],
    ['connection[1]', [connection, [connection]]],
    ['connection[1]', [connection, { ...connection, database: 'other' }]],
    ['maxHold', 0.5],
    ['allowReplica', 'yes'],
    ['connectionLimit', 0],
    ['maxWaiters', -1],
    ['phpCharset', "utf8'"],
    ['lifetime', 1],
    ['timeMeaning', 'expires'],
    ['expireOnRead', 1],
    ['expireOnRead', true], // without gcMaxlifetime
    ['gcMaxlifetime', 0],
    ['gcInterval', -1],
    ['gcInterval', 600], // without gcMaxlifetime
    ['onGcError', 'secret'],
    ['timeZone', 2],
    ['timeZone', ''],
    ['timeZone', "secret'; DROP TABLE x"],
    ['timeZone', 'Europe\\secret'],
    ['timeZone', 'Europe/'],
    ['timeZone', '+2'],
    ['timeZone', 'SYSTEM\n'],
    ['timeZone', null],
    ['lock', 'secret'],
    ['lock', null],
    ['lock.name', {}],
    ['lock.name', { name: 'secret' }],
    ['lock.key', { table: 'locks', hold: 10 }],
    ['lock.hold', { table: 'locks', key: () => '', hold: 0 }],
    ['lock.hold', { table: 'locks', key: () => '', hold: '10' }],
    ['lock.table', { table: 'lo`cks', key: () => '', hold: 10 }],
    ['lock.table', { table: undefined, key: () => '', hold: 10 }],
    ['touchInterval', -1],
    ['touchInterval', 361], // more than a quarter of PHP's 1440
  ])('%s: %j is a TypeError that names the option and nothing else', (name, value) => {
    const given = { connection, [name.split(/\W/)[0]!]: value } as unknown as MysqlStoreOptions;
    expect(() => mysqlStore(given)).toThrow(TypeError);
    expect(() => mysqlStore(given)).toThrow(name);
    expect(() => mysqlStore(given)).not.toThrow('secret');
  });

  test('have defaults', () => {
    expect(readOptions({ connection })).toMatchObject({
      connections: [connection],
      table: { quoted: '`session`', database: undefined, name: 'session' },
      columns: { id: 'id', data: 'data', time: 'usetime' },
      timeout: 10_000,
      maxHold: 30,
      connectionLimit: 10,
      maxWaiters: 256,
      phpCharset: 'utf8mb4',
      timeMeaning: 'lastUsed',
      expireOnRead: false,
      gcMaxlifetime: 1440,
      touchInterval: 60,
      gcInterval: 0,
    });
  });

  test.each([
    [undefined, undefined],
    ['UTC', '+00:00'],
    ['Etc/UTC', '+00:00'],
    ['-00:00', '+00:00'],
    ['+05:30', '+05:30'],
    ['-3:30', '-3:30'],
    ['SYSTEM', 'SYSTEM'],
    ['GMT', 'GMT'], // a name: it needs the server's tables
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('timeZone %p is %p', (timeZone, read) => {
    expect(readOptions({ connection, ...(timeZone !== undefined && { timeZone }) }).timeZone).toBe(read);
  });

  test.each([
    ['gcInterval', 600],
    ['expireOnRead', true],
  ] as const)('%s needs the lifetime of sessions in PHP, unless the table does', (name, value) => {
    expect(() => readOptions({ connection, [name]: value })).toThrow(`${name} needs gcMaxlifetime`);
    for (const known of [{ gcMaxlifetime: 1440 }, { timeMeaning: 'expiresAt' }] as const) {
      expect(readOptions({ connection, [name]: value, ...known })[name]).toBe(value);
    }
    expect(readOptions({ connection, timeMeaning: 'expiresAt' }).expireOnRead).toBe(true);
  });

  test.each([
    [86_400, undefined, 60],
    [600, undefined, 30],
    [10, undefined, 0],
    [86_400, 21_600, 21_600],
    [86_400, 0, 0],
  ])('a session of %i s, touchInterval %p: %i s', (gcMaxlifetime, touchInterval, seconds) => {
    const options = { connection, gcMaxlifetime, ...(touchInterval !== undefined && { touchInterval }) };
    expect(readOptions(options).touchInterval).toBe(seconds);
  });

  test('take a URI apart as mysql2 does, without what the store decides itself', () => {
    const uri = 'mysql://us%40er:p%2Fw@[::1]:3307/db?ssl={"ca":"x"}&flags=-FOUND_ROWS&typeCast=false';
    expect(readOptions({ connection: uri }).connections[0]).toEqual({
      host: '::1',
      port: 3307,
      user: 'us@er',
      password: 'p/w',
      database: 'db',
      ssl: { ca: 'x' },
    });
  });

  test('connection may be a list, whose servers have the table in the same database', () => {
    const list = [connection, 'mysql://v:w@db2/d'];
    const second = { host: 'db2', user: 'v', password: 'w', database: 'd' };
    expect(readOptions({ connection: list, table: 'd.session' }).connections).toEqual([connection, second]);
    expect(() => readOptions({ connection: list })).toThrow('connection[1]');
    expect(readOptions({ connection: [{ ...connection, database: 'd' }, list[1]!] }).connections).toHaveLength(2);
  });

  test('a wrong URI is not repeated in the error', () => {
    let message = '';
    try {
      mysqlStore({ connection: 'mysql//user:secret@host' });
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/^TypeError: connection/);
    expect(message).not.toContain('secret');
  });
});

describe('createTableSql()', () => {
  test('the default has no ENGINE', () => {
    expect(createTableSql()).toBe(
      [
        'CREATE TABLE `session` (',
        '  `id` VARBINARY(128) NOT NULL PRIMARY KEY,',
        '  `data` MEDIUMBLOB NOT NULL,',
        '  `usetime` INT UNSIGNED NOT NULL,',
        '  KEY `usetime` (`usetime`)',
        ')',
      ].join('\n'),
    );
  });

  test('on NDB the data are in the row', () => {
    const sql = createTableSql({ table: 'web.s', columns: { time: 'at' }, engine: 'NDBCLUSTER' });
    expect(sql).toContain('CREATE TABLE `web`.`s` (');
    expect(sql).toContain('`data` VARBINARY(29800) NOT NULL');
    expect(sql).toMatch(/`at`\)\n\) ENGINE=NDBCLUSTER$/);
  });

  test.each([
    [{ engine: 'InnoDB; DROP TABLE x' }, 'engine'],
    [{ table: 'a;b' }, 'table'],
    [{ columns: { id: '`' } }, 'columns.id'],
  ])('%j is refused', (options, name) => {
    expect(() => createTableSql(options)).toThrow(new RegExp(`^${name} must`));
  });
});
