import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection, createPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';

/** `persistent`: the handler makes its connection itself, by PDO; the others are made by a function. */
export type Driver = 'pdo' | 'mysqli' | 'persistent';

/** A table of one test file, and the handler's options for it. */
export interface Table {
  title: string;
  name: string;
  columns: string;
  options: Record<string, string | number>;
}

const names = () => `php_handler_${randomBytes(4).toString('hex')}`;

/** The article's table (docs/experiments.md): no index on the time, ids that are equal in any case, 64 KB of text. */
export const articleTable = (): Table => ({
  title: "the article's table",
  name: names(),
  columns: 'id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP',
  options: { time_type: 'timestamp' },
});

export const binaryTable = (): Table => ({
  title: 'the binary table',
  name: names(),
  columns:
    'id VARBINARY(128) NOT NULL PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL, KEY usetime (usetime)',
  options: {},
});

export interface Request {
  driver: Driver;
  table: Table;
  /** The cookie; none: a new visitor. */
  id?: string;
  options?: Record<string, string | number>;
  ini?: Record<string, string>;
  port?: number;
  charset?: string;
  /** SQL that is run on the session's connection before the handler gets it. */
  init?: string;
  /** The handler is given one connection instead of a way to make some. */
  given?: boolean;
}

export interface Answer {
  status: number;
  /** What the code returned. It is a string if the visitor saw anything else. */
  result: unknown;
  headers: Headers;
  /** The session's cookie, if one was set. */
  cookie: string | undefined;
}

/**
 * Real PHP that runs what a test says, and a real database that the test can look into.
 *
 * @param ini settings of php.ini, which a request cannot change
 * @param options.workers of PHP; default 12
 */
export async function startHarness(
  tables: readonly Table[],
  ini: Record<string, string | number> = {},
  { workers = 12 } = {},
) {
  const mysql = JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null');
  const directory = temporaryDirectory('php-log');
  const errorLog = join(directory.path, 'error.log');
  const pool: Pool = createPool({ ...mysql, database: 'test' });
  const php = await startPhpServer({
    router: fileURLToPath(new URL('run.php', `file://${__dirname}/`)),
    workers,
    ini: {
      display_errors: 1,
      html_errors: 0,
      error_reporting: 32767,
      error_log: errorLog,
      log_errors: 1,
      memory_limit: '512M',
      'session.gc_probability': 0,
      'session.use_strict_mode': 0,
      'session.save_path': directory.path,
      ...ini,
    },
  });
  for (const { name, columns } of tables) await pool.query(`CREATE TABLE ${name} (${columns})`);

  return {
    mysql,
    log: () => readFileSync(errorLog, { encoding: 'utf8', flag: 'a+' }),

    /** Runs `code` in a request: it finds `$handler`, prints nothing, and returns the response. */
    async ask({ driver, table, id, options = {}, ini = {}, ...more }: Request, code: string): Promise<Answer> {
      const response = await fetch(php.url, {
        method: 'POST',
        headers: id === undefined ? {} : { cookie: `PHPSESSID=${encodeURIComponent(id)}` },
        body: JSON.stringify({
          driver,
          code,
          ini,
          options: { table: `test.${table.name}`, ...table.options, ...options },
          ...more,
        }),
      });
      const body = await response.text();
      const cookies = response.headers.getSetCookie().map((cookie) => /^PHPSESSID=([^;]*)/.exec(cookie)?.[1]);
      return {
        status: response.status,
        result: parsed(body),
        headers: response.headers,
        cookie: cookies.at(-1),
      };
    },

    /** The bytes of a row, as latin1; undefined without a row. Compares ids as bytes. */
    async row(table: Table, id: string): Promise<string | undefined> {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT CAST(data AS BINARY) AS data FROM ${table.name} WHERE CAST(id AS BINARY) = CAST(? AS BINARY)`,
        [id],
      );
      return rows[0]?.data.toString('latin1');
    },

    async put(table: Table, id: string, data: string, age = 0): Promise<void> {
      const time = table.options.time_type === 'timestamp' ? 'FROM_UNIXTIME' : '';
      await pool.query(`REPLACE INTO ${table.name} VALUES (?, ?, ${time}(UNIX_TIMESTAMP() - ?))`, [id, data, age]);
    },

    /** Seconds since the row's time, by the database's clock. */
    async age(table: Table, id: string): Promise<number> {
      const time = table.options.time_type === 'timestamp' ? 'UNIX_TIMESTAMP(usetime)' : 'usetime';
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT CAST(UNIX_TIMESTAMP() AS SIGNED) - CAST(${time} AS SIGNED) AS age FROM ${table.name} WHERE id = ?`,
        [id],
      );
      return Number(rows[0]?.age);
    },

    /** Sessions: rows but those that a logout leaves. */
    async count(table: Table): Promise<number> {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT COUNT(*) AS n FROM ${table.name} WHERE id NOT LIKE '<%'`,
      );
      return rows[0]?.n;
    },

    sql: async (text: string) => (await pool.query<RowDataPacket[] | ResultSetHeader>(text))[0],

    /** Holds the lock of a row, as another server would, until the returned function is called. */
    async hold(table: Table, id: string): Promise<() => Promise<void>> {
      const other = await createConnection({ ...mysql, database: 'test' });
      await other.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await other.beginTransaction();
      await other.query(`SELECT * FROM ${table.name} WHERE id = ? FOR UPDATE`, [id]);
      return async () => {
        await other.rollback();
        await other.end();
      };
    },

    async stop() {
      for (const { name } of tables) await pool.query(`DROP TABLE ${name}`);
      await pool.end();
      await php.stop();
      directory.remove();
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** Waits until something is so; a test that waits in vain runs into its timeout. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
