import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PhpSessionError } from '../../src/errors.ts';
import { mysqlStore } from '../../src/mysql.ts';
import { type RecognizeOptions, recognize } from '../../src/recognize.ts';
import { emptyDatabase } from './empty-database.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

// What it reads, under which account, and what it never shows.

const database = `recognize_access_${process.pid}`;
const account = "'reader'@'127.0.0.1'";
const now = 'UNIX_TIMESTAMP()';
let witness: Witness;

// Before emptyDatabase(), which ends the witness: they run in this order.
afterAll(() => witness.query(`DROP USER IF EXISTS ${account}`));
emptyDatabase(database, (made) => {
  witness = made;
});
beforeEach(() => witness.query(`DROP USER IF EXISTS ${account}; CREATE USER ${account} IDENTIFIED BY 'secret'`));

const look = (options: Partial<RecognizeOptions> = {}) =>
  recognize({ connection: { ...testServer(), database }, ...options });
const asReader = () => look({ connection: { ...testServer(), user: 'reader', password: 'secret', database } });

const yii = 'CREATE TABLE session (id VARCHAR(255) NOT NULL PRIMARY KEY, expire INT, data LONGBLOB)';
const horde = `CREATE TABLE horde_sessionhandler (session_id varchar(32) NOT NULL PRIMARY KEY, session_lastmodified int NOT NULL, session_data longblob,
  KEY (session_lastmodified))`;

describe('accounts', () => {
  test('SELECT on the tables is enough, and all stays as it was', async () => {
    for (const { schema, fill, table } of (await readCases()).filter(({ title }) =>
      /^(Yii 2|horde|moodle)$/.test(title),
    )) {
      await witness.query(schema);
      await fill(witness.connection);
      await witness.query(`GRANT SELECT ON ${database}.${table} TO ${account}`);
    }
    const tables = 'session, horde_sessionhandler, mdl_sessions';
    const before = await witness.query(`CHECKSUM TABLE ${tables}`);
    const found = await asReader();
    expect(found.map(({ application }) => application).sort()).toEqual(['Horde', 'Moodle', 'Yii']);
    expect(await witness.query(`CHECKSUM TABLE ${tables}`)).toEqual(before);
  });

  test('a table that may be seen and not read is reported as such', async () => {
    await witness.query(
      `${horde}; INSERT INTO horde_sessionhandler VALUES ('139b580f9a0bf4b79a19c7c2e4ddca05', ${now}, '_b|i:5;')`,
    );
    await witness.query(`GRANT INSERT ON ${database}.horde_sessionhandler TO ${account}`);
    const [found] = await asReader();
    expect(found).toMatchObject({
      ...{ application: 'Horde', unreadable: 1142, rows: { seen: 0, understood: 0 } },
      todo: expect.arrayContaining([expect.stringContaining('may not read')]),
    });
  });

  test('a table that this account may not see is not there', async () => {
    await witness.query(`${horde}; ${yii}; GRANT SELECT ON ${database}.session TO ${account}`);
    expect((await asReader()).map(({ table }) => table)).toEqual(['session']);
  });
});

describe('rows that cannot be read', () => {
  const filled = `${horde}; INSERT INTO horde_sessionhandler VALUES ('139b580f9a0bf4b79a19c7c2e4ddca05', ${now}, '_b|i:5;')`;

  test('a table that another client has locked', async () => {
    await witness.query(filled);
    const other = await Witness.connect();
    await other.query(`LOCK TABLES ${database}.horde_sessionhandler WRITE`);
    const [found] = await look();
    await other.query('UNLOCK TABLES');
    await other.end();
    expect(found).toMatchObject({
      unreadable: 1205,
      todo: expect.arrayContaining([expect.stringMatching(/is locked/)]),
    });
    expect(found!.todo.join()).not.toContain('Grant');
  }, 20_000);

  test('a view that takes too long; its table is answered as well, and the view says what it is', async () => {
    await witness.query(`${filled}; CREATE VIEW slow AS SELECT * FROM horde_sessionhandler WHERE SLEEP(8) = 0;
      CREATE VIEW fast AS SELECT * FROM horde_sessionhandler`);
    const found = new Map((await look()).map((one) => [one.table, one]));
    expect(found.get('slow')).toMatchObject({ code: '', unreadable: 1969 });
    expect(found.get('slow')!.todo).toEqual([
      expect.stringMatching(/is a view/),
      expect.stringMatching(/longer than 5 s/),
    ]);
    expect(found.get('fast')).toMatchObject({
      code: '',
      rows: { seen: 1 },
      todo: [expect.stringMatching(/is a view/)],
    });
    expect(found.get('fast')!.preset).toBeUndefined();
    expect(found.get('horde_sessionhandler')).toMatchObject({ preset: 'horde', todo: [] });
  }, 20_000);

  test('a view whose table is gone', async () => {
    await witness.query(
      `${horde}; CREATE VIEW gone AS SELECT * FROM horde_sessionhandler; DROP TABLE horde_sessionhandler`,
    );
    expect((await look()).flatMap(({ todo }) => todo).join()).not.toContain('Grant');
  });
});

test('of many tables with many columns none is left out, and none loses a column', async () => {
  const others = Array.from({ length: 60 }, (_, i) => `c${i} INT`).join(', ');
  const names = Array.from({ length: 400 }, (_, i) => `p${i}_session`);
  for (let i = 0; i < names.length; i += 50)
    await witness.query(
      names
        .slice(i, i + 50)
        .map(
          (name) => `CREATE TABLE ${name} (${others}, id CHAR(32) PRIMARY KEY, data BLOB, usetime INT) ENGINE=MyISAM`,
        )
        .join('; '),
    );
  const found = await look({ timeout: 120 });
  expect(found.map(({ table }) => table).sort()).toEqual(names.sort());
  for (const { todo } of found) expect(todo).toEqual([]);
}, 180_000);

test('names that mysqlStore() does not take are left out', async () => {
  const row = `'139b580f9a0bf4b79a19c7c2e4ddca05', 'user|i:5;', ${now}`;
  await witness.query(`CREATE TABLE odd_sess (\`i'd\` VARCHAR(64) PRIMARY KEY, \`da ta\` BLOB, \`t"ime\` INT); INSERT INTO odd_sess VALUES (${row});
    CREATE TABLE res_sess (\`key\` VARCHAR(64) PRIMARY KEY, \`select\` BLOB, \`where\` INT); INSERT INTO res_sess VALUES (${row})`);
  const found = await look();
  expect(found.map(({ table }) => table)).toEqual(['res_sess']);
  expect(() => mysqlStore({ connection: { ...testServer(), database }, ...found[0]!.store })).not.toThrow();
});

test('the timeout is that of all', async () => {
  await witness.query(`${horde}; CREATE VIEW slow AS SELECT * FROM horde_sessionhandler WHERE SLEEP(8) = 0`);
  await witness.query(
    `INSERT INTO horde_sessionhandler VALUES ('139b580f9a0bf4b79a19c7c2e4ddca05', ${now}, '_b|i:5;')`,
  );
  const start = performance.now();
  await expect(look({ timeout: 1 })).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
  expect(performance.now() - start).toBeLessThan(1_600);
});

describe('errors', () => {
  const unavailable = { code: 'ERR_SESSION_UNAVAILABLE' };
  test.each([
    ['no server', { ...testServer(), port: 1, database }, unavailable],
    ['a wrong password', { ...testServer(), password: 'wrong', database }, unavailable],
    ['no such database', { ...testServer(), database: 'nowhere' }, { code: 'ERR_SESSION_TABLE' }],
  ])('%s', async (_, connection, expected) => {
    const error = await look({ connection }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(PhpSessionError);
    expect(error).toMatchObject(expected);
    expect(String(error)).not.toContain('wrong');
  });

  test('no database was named, or one that is not there', async () => {
    const table = { code: 'ERR_SESSION_TABLE' };
    await expect(recognize({ connection: testServer() })).rejects.toMatchObject(table);
    await expect(look({ database: 'nowhere' })).rejects.toMatchObject(table);
  });

  test.each([
    ['connection', { connection: 5 }],
    ['database', { database: 5 }],
    ['database', { database: 'a`b' }],
    ['php', { php: 'php.ini' }],
    ['timeout', { timeout: 0 }],
    ['tables', { tables: [] }],
  ])('a wrong %s', async (name, options) => {
    const error = await look(options as object).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(name);
  });
});

test('another database than that of the connection: its name is in the option table', async () => {
  await witness.query(yii);
  const connection = { ...testServer(), database: 'test' };
  const found = await recognize({ connection, database });
  expect(found).toMatchObject([{ table: `${database}.session`, store: { table: `${database}.session` } }]);
});

test('it shows no id, key or value of a session', async () => {
  let count = 0;
  for (const { title, schema, fill, table, cookie } of await readCases()) {
    await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
    const before = JSON.stringify(await look());
    await fill(witness.connection);
    const [row] = await witness.query(`SELECT * FROM ${table}`);
    const texts = Object.values(row!).map((value) => Buffer.from(String(value)).toString('latin1'));
    const unpacked = texts.map((text) => Buffer.from(text, 'base64').toString('latin1'));
    const parts = [...texts, ...unpacked].flatMap((text) => [text, ...text.split(/[|;:{}"%\0]+/)]);
    const secrets = [...parts, cookie].filter((text) => /[a-z]/i.test(text) && text.length > 3);
    const shown = JSON.stringify(await look());
    // A cookie's name may be shown. Other words are there without a row, too.
    const names = ['PHPSESSID', 'ci_session', 'lifetime'];
    const found = secrets.filter((text) => !names.includes(text) && !before.includes(text) && shown.includes(text));
    expect([title, found]).toEqual([title, []]);
    expect(shown).not.toBe(before);
    count += secrets.length;
    await witness.query(`DROP TABLE ${table}`);
  }
  expect(count).toBeGreaterThan(200);
}, 60_000);

test('a name that the database gives cannot leave the code that is pasted', async () => {
  // A cookie's name is in CodeIgniter's ids, and a session's in Laminas' rows.
  await witness.query(`CREATE TABLE session (id char(32), name varchar(64), modified int, lifetime int, data text, PRIMARY KEY (id));
    INSERT INTO session VALUES ('0284a198733d98c1eed0a3fe2fc78d65', ''' + process.exit() + ''', ${now}, 1440, '__Laminas|a:0:{}')`);
  const [found] = await look();
  expect(found!.code).not.toContain('exit');
  await witness.query(
    "CREATE TABLE `x'); process.exit(); ('` (id VARCHAR(255) NOT NULL PRIMARY KEY, expire INT, data LONGBLOB)",
  );
  expect(JSON.stringify(await look())).not.toContain('process.exit');
});

test('of a large table it reads a few rows, with and without an index over the time', async () => {
  const data = "'_b|i:5;horde|a:0:{}'";
  await witness.query(`${horde}; ${yii};
    INSERT INTO horde_sessionhandler SELECT MD5(seq), ${now} - seq, ${data} FROM ${'seq_1_to_100000'};
    INSERT INTO session SELECT MD5(seq), ${now} + seq, '__flash|a:0:{}' FROM ${'seq_1_to_100000'}`);
  await witness.query('SET GLOBAL userstat = 1');
  try {
    await witness.query('FLUSH TABLE_STATISTICS');
    const found = await look();
    expect(found.map(({ rows }) => rows)).toEqual([
      { seen: 20, understood: 20 },
      { seen: 10, understood: 10 },
    ]);
    const read = await witness.query(
      `SELECT TABLE_NAME, ROWS_READ FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = '${database}'`,
    );
    expect(read).toHaveLength(2);
    for (const { ROWS_READ } of read) expect(Number(ROWS_READ)).toBeLessThan(50);
  } finally {
    await witness.query('SET GLOBAL userstat = 0');
  }
});
