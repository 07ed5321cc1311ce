import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CheckOptions, checkTable, createTableSql, type Finding, type FindingCode } from '../../src/mysql.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { KNOWN_TABLES } from './mysql-check-tables.ts';
import { storeOn, testServer, Witness } from './mysql-store-helpers.ts';

const table = 'check-table';
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
});

afterAll(async () => {
  await witness.end();
});

/** What there is to say about the table, not about the server. */
async function findings(options: Partial<CheckOptions> = {}): Promise<Finding[]> {
  const all = await checkTable({ connection: { ...testServer(), database: 'test' }, table, ...options });
  return all.filter(({ code }) => !code.startsWith('server-'));
}

const codes = (found: Finding[]): FindingCode[] => found.map(({ code }) => code);

/** Every mend alone, each time with the table made anew, and then all of them. */
async function expectMends(create: string, options: Partial<CheckOptions> = {}): Promise<void> {
  await witness.table(`\`${table}\``, create);
  const found = await findings(options);
  for (const { code, sql } of found) {
    await witness.table(`\`${table}\``, create);
    for (const statement of sql) await witness.query(statement);
    if (sql.length > 0) expect(codes(await findings(options))).not.toContain(code);
  }
  await witness.table(`\`${table}\``, create);
  for (const statement of found.flatMap(({ sql }) => sql)) await witness.query(statement);
  expect(await findings(options)).toEqual([]);
}

const quoted = `\`${table}\``;

test.each([
  ['the default', {}],
  ['InnoDB', { engine: 'InnoDB' }],
])('createTableSql() with %s has no findings', async (_, options) => {
  await witness.table(quoted, createTableSql({ table, ...options }));
  expect(await findings()).toEqual([]);
});

describe.each(KNOWN_TABLES)('the table of $name', ({ create, options, codes: expected }) => {
  test('has these findings', async () => {
    await witness.table(quoted, create(quoted));
    expect(codes(await findings(options)).sort()).toEqual([...expected].sort());
  });

  test('has none after the SQL of each, and the store works on it', async () => {
    await expectMends(create(quoted), options);
    const { processes, sidLength, ...store } = options;
    const ours = storeOn(table, store);
    const id = newId();
    expect(await writeText(ours, id, 'x')).toBe('written');
    expect(await read(ours, id)).toBe('x');
    await ours.close();
  });
});

describe.each<[FindingCode, string, string, Partial<CheckOptions>?]>([
  ['column-missing', 'error', '(id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB)'],
  ['id-type', 'error', '(id INT PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL, KEY (usetime))'],
  ['id-key', 'error', '(id VARBINARY(64), data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL, KEY (usetime))'],
  [
    'id-key',
    'error',
    '(id VARBINARY(64), data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, ip INT, PRIMARY KEY (id, ip), KEY (usetime))',
  ],
  [
    'id-length',
    'error',
    '(id VARBINARY(26) PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime))',
  ],
  [
    'id-padded',
    'warning',
    '(id BINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime))',
  ],
  [
    'id-collation',
    'warning',
    '(id VARCHAR(64) CHARACTER SET utf16 PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime))',
  ],
  [
    'data-type',
    'error',
    '(id VARBINARY(64) PRIMARY KEY, data CHAR(200), usetime INT UNSIGNED NOT NULL, KEY (usetime))',
  ],
  [
    'data-size',
    'warning',
    '(id VARBINARY(64) PRIMARY KEY, data TINYBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime))',
  ],
  ['time-type', 'error', '(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime VARCHAR(14), KEY (usetime))'],
  ['time-type', 'error', '(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime MEDIUMINT NOT NULL, KEY (usetime))'],
  ['time-null', 'warning', '(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED, KEY (usetime))'],
  ['time-2038', 'info', '(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime INT NOT NULL, KEY (usetime))'],
  [
    'engine-without-transactions',
    'error',
    '(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime)) ENGINE=MyISAM',
  ],
  [
    'column-without-default',
    'error',
    `(id VARBINARY(64) PRIMARY KEY, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL, KEY (usetime), "user's" INT NOT NULL,
      ip VARCHAR(45) NOT NULL, seen DATETIME NOT NULL, notes TEXT NOT NULL, kind ENUM('a', 'b') NOT NULL)`,
  ],
])('%s', (code, severity, definition, options = {}) => {
  const create = `SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'); CREATE TABLE ${quoted} ${definition};
    SET SESSION sql_mode = DEFAULT`;

  test('is found', async () => {
    await witness.table(quoted, create);
    expect(await findings(options)).toContainEqual(expect.objectContaining({ code, severity }));
  });

  test('is mended by its SQL', () => expectMends(create, options));
});

test('a table that is not there', async () => {
  await witness.query(`DROP TABLE IF EXISTS ${quoted}`);
  const found = await findings();
  expect(codes(found)).toEqual(['table-missing']);
  for (const statement of found[0]!.sql) await witness.query(statement);
  expect(await findings()).toEqual([]);
});

test('columns that the options do not name right: no SQL, as another table or option is meant', async () => {
  await witness.table(quoted, createTableSql({ table }));
  const found = await findings({ columns: { data: 'payload' } });
  expect(found).toEqual([expect.objectContaining({ code: 'column-missing', severity: 'error', sql: [] })]);
});

test('a view has no key, and nothing that could be altered', async () => {
  await witness.query(
    'CREATE TABLE IF NOT EXISTS check_behind (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP)',
  );
  await witness.query('CREATE OR REPLACE VIEW check_view AS SELECT * FROM check_behind');
  const found = await findings({ table: 'check_view' });
  expect(codes(found)).toContain('id-key');
  for (const { sql } of found) expect(sql).toEqual([]);
});

test('in a database with another name, and with other names of columns, the SQL is quoted', async () => {
  const database = 'check `it`';
  const columns = { id: 'from', data: 'group-by', time: 'where' };
  await witness.query(`DROP DATABASE IF EXISTS \`check \`\`it\`\`\`; CREATE DATABASE \`check \`\`it\`\`\``);
  const connection = { ...testServer(), database };
  for (const expected of ['table-missing', 'id-length'] as const) {
    const [first] = await findings({ connection, columns, table: 'select', sidLength: 200 });
    expect(first).toMatchObject({ code: expected });
    // From another database.
    for (const statement of first!.sql) await witness.query(statement);
  }
  expect(await findings({ connection, columns, table: 'select', sidLength: 200 })).toEqual([]);
});

describe('rows and columns that are there already', () => {
  const definition = `(id VARCHAR(64) CHARACTER SET utf16 PRIMARY KEY COMMENT 'user''s \\\\ id', data TEXT CHARACTER SET latin1,
    usetime TIMESTAMP NULL, KEY (usetime))`;
  const id = newId();

  test('keep what PHP sees', async () => {
    await witness.table(quoted, `CREATE TABLE ${quoted} ${definition}`);
    const text = 'city|s:7:"Zürich";euro|s:3:"€";';
    await witness.query('SET NAMES utf8mb4');
    await witness.query(`INSERT INTO ${quoted} (id, data) VALUES (?, ?)`, [id, text]);
    expect(await findings()).toContainEqual(
      expect.objectContaining({ code: 'time-null', message: expect.stringContaining('there are rows') }),
    );
    for (const statement of (await findings()).flatMap(({ sql }) => sql)) await witness.query(statement);
    const store = storeOn(table);
    expect(await read(store, id)).toBe(text);
    await store.close();
    const [row] = await witness.query(`SELECT id, data, usetime > NOW() - INTERVAL 1 HOUR AS isFresh FROM ${quoted}`);
    expect(row).toEqual({ id: Buffer.from(id), data: Buffer.from(text), isFresh: 1 });
    const [{ comment } = {}] = await witness.query(
      `SELECT COLUMN_COMMENT AS comment FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = 'test' AND TABLE_NAME = '${table}' AND COLUMN_NAME = 'id'`,
    );
    expect(comment).toBe("user's \\ id");
  });

  test.each([
    ['INT', 'lastUsed', 0],
    ['BIGINT', 'expiresAt', 600],
    ['TIMESTAMP', 'lastUsed', 0],
    ['TIMESTAMP', 'expiresAt', 600],
    ['DATETIME', 'lastUsed', 0],
    ['DATETIME', 'expiresAt', 600],
  ] as const)('a time that is NULL in %s (%s) becomes now, and %i s', async (type, timeMeaning, seconds) => {
    const options = { timeMeaning, gcMaxlifetime: 600 };
    await witness.query("SET SESSION time_zone = '+00:00'"); // as the clients of a DATETIME should have it
    await witness.table(
      quoted,
      `CREATE TABLE ${quoted} (id VARBINARY(64) PRIMARY KEY, data BLOB, usetime ${type} NULL)`,
    );
    await witness.query(`INSERT INTO ${quoted} (id) VALUES ('there')`);
    for (const statement of (await findings(options)).flatMap(({ sql }) => sql)) await witness.query(statement);
    await witness.query(`INSERT INTO ${quoted} (id, data) VALUES ('without', '')`);
    const time = /INT/.test(type) ? 'usetime' : 'UNIX_TIMESTAMP(usetime)';
    const signed = (value: string) => `CAST(${value} AS SIGNED)`;
    const ahead = `${signed(time)} - ${signed('UNIX_TIMESTAMP()')}`;
    const rows = await witness.query(`SELECT id, ${ahead} AS ahead FROM ${quoted} ORDER BY id`);
    expect(rows).toHaveLength(2);
    for (const { ahead } of rows as unknown as { ahead: number }[]) {
      expect(Math.abs(Number(ahead) - seconds)).toBeLessThan(30);
    }
    expect(await findings(options)).toEqual([]);
  });

  test('columns without an index are looked at, too', async () => {
    await witness.table(quoted, `CREATE TABLE ${quoted} (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT NULL)`);
    const message = async () => (await findings()).find(({ code }) => code === 'time-null')?.message;
    expect(await message()).toContain('may be NULL');
    await witness.query(`INSERT INTO ${quoted} (id, usetime) VALUES ('a', 1)`);
    expect(await message()).toContain('may be NULL');
    await witness.query(`INSERT INTO ${quoted} (id) VALUES ('b')`);
    expect(await message()).toContain('there are rows');
  });
});

test.each([
  [{ processes: 0 }, 'processes'],
  [{ sidLength: 1.5 }, 'sidLength'],
  [{ maxHold: 0 }, 'maxHold'],
])('%j is refused', async (options, name) => {
  await expect(findings(options)).rejects.toThrow(new RegExp(`^${name} must`));
});

test('servers that cannot be asked are findings; others are checked all the same', async () => {
  await witness.table(quoted, createTableSql({ table }));
  const { host, port, user, password } = testServer();
  const server = { host, port, user, password, database: 'test' };
  const connection = [{ ...server, port: 1 }, server, { ...server, user: 'nobody' }];
  const found = await checkTable({ connection, table });
  const unreachable = { code: 'server-unreachable', severity: 'error', sql: [] };
  expect(found.slice(0, 3)).toEqual([
    { ...unreachable, servers: [`${host}:1`], message: 'the server cannot be asked (ECONNREFUSED)' },
    { ...unreachable, servers: [`${host}:${port}`], message: 'the server cannot be asked (ER_ACCESS_DENIED_ERROR)' },
    expect.objectContaining({ severity: 'info', servers: [`${host}:${port}`] }),
  ]);
});

describe('what the rows hold', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  async function encodings(data: readonly (string | Buffer)[], columnType = 'MEDIUMBLOB'): Promise<Finding[]> {
    const columns = `id CHAR(32) COLLATE ascii_bin PRIMARY KEY, data ${columnType}, usetime TIMESTAMP NOT NULL DEFAULT NOW()`;
    await witness.table(quoted, `CREATE TABLE ${quoted} (${columns}, KEY (usetime)) ENGINE = InnoDB`);
    for (const row of data) await witness.query(`INSERT INTO ${quoted} (id, data) VALUES (?, ?)`, [newId(), row]);
    return (await findings()).filter(({ code }) => code === 'data-encoding');
  }

  test.each([
    [
      'base64',
      'a:1:{s:4:"user";s:5:"alice";}',
      'base64 of a session in the format php_serialize, as Laravel stores it',
    ],
    ['base64', 'user|s:5:"alice";', 'base64 of a session in the format php, as Magento and Roundcube store it'],
  ])('%s of %s', async (_, session, name) => {
    for (const columnType of ['MEDIUMBLOB', 'LONGTEXT CHARACTER SET utf8mb4']) {
      const [finding] = await encodings([base64(session), base64(session)], columnType);
      expect(finding).toMatchObject({ severity: 'error', message: `${table}: what the rows hold is ${name}`, sql: [] });
      expect(JSON.stringify(finding)).not.toContain('alice');
    }
  });

  test('igbinary', async () => {
    const [finding] = await encodings([Buffer.from('00000002140111016e0601', 'hex')]);
    expect(finding!.message).toContain('igbinary');
  });

  test.each([
    ['no row', []],
    ['sessions of PHP', ['user|s:5:"alice";', 'a:1:{s:4:"user";s:5:"alice";}', '\x01ai:1;']],
    ['one session of PHP among others', [base64('user|s:5:"alice";'), 'user|s:5:"alice";']],
    ['rows that are damaged', ['user|s:5:"ali']],
    ['empty rows', ['', '']],
  ])('%s: no finding', async (_, rows) => {
    expect(await encodings(rows)).toEqual([]);
  });
});
