import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkTable, codeIgniterLock, type MysqlStoreOptions, mysqlStore, now } from '../../src/mysql.ts';
import type { InsertValue } from '../../src/stores/mysql/row-options.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { storeContract } from '../../src/testing/index.ts';
import { newId, read, text, withLease, writeText } from '../../src/testing/leases.ts';
import { type Handler, Site } from './koa-helpers.ts';
import { asInAnotherProcess, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// The option `row`: tables of PHP applications, as these make them, whose rows have more in them than an id, data and a time.

interface Application {
  name: string;
  table: string;
  create: string;
  options: Partial<MysqlStoreOptions>;
  /** SQL for the time of a row that was used so many seconds ago. */
  old: string;
  /** What a row of a new session has in the other columns. */
  extra: Record<string, unknown>;
}

const hash = (id: string) => createHash('sha256').update(id).digest('base64url');

/** PdoSessionHandler::createTable() since 4.4 */
const symfony: Application = {
  name: 'Symfony',
  table: 'app_symfony',
  create: `CREATE TABLE app_symfony (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL, sess_lifetime INTEGER UNSIGNED NOT NULL,
    sess_time INTEGER UNSIGNED NOT NULL, INDEX sess_lifetime_idx (sess_lifetime)) COLLATE utf8mb4_bin`,
  options: {
    columns: { id: 'sess_id', data: 'sess_data', time: 'sess_lifetime' },
    timeMeaning: 'expiresAt',
    row: { insert: { sess_time: now }, update: { sess_time: now } },
  },
  old: 'sess_lifetime = UNIX_TIMESTAMP() + 1440 - ?',
  extra: {},
};

/** Symfony before 4.4: `sess_time` is the last use, and `sess_lifetime` the seconds that follow. */
const oldSymfony: Application = {
  ...symfony,
  name: 'Symfony before 4.4',
  table: 'app_symfony_old',
  create: symfony.create.replaceAll('app_symfony', 'app_symfony_old'),
  options: {
    columns: { id: 'sess_id', data: 'sess_data', time: 'sess_time' },
    row: { insert: { sess_lifetime: 1440 }, update: { sess_lifetime: 1440 } },
  },
  old: 'sess_time = UNIX_TIMESTAMP() - ?',
  extra: { sess_lifetime: 1440 },
};

/** CodeIgniter's manual, "DatabaseHandler Driver"; the prefix is that of 4.2.11 and later. */
const codeIgniter: Application = {
  name: 'CodeIgniter',
  table: 'app_codeigniter',
  create: `CREATE TABLE app_codeigniter (id varchar(128) NOT NULL, ip_address varchar(45) NOT NULL, timestamp timestamp DEFAULT CURRENT_TIMESTAMP NOT NULL,
    data blob NOT NULL, KEY ci_sessions_timestamp (timestamp), PRIMARY KEY (id)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
  options: {
    columns: { id: 'id', data: 'data', time: 'timestamp' },
    lock: codeIgniterLock,
    row: { key: (id) => `ci_session:${id}`, insert: { ip_address: ({ address = '0.0.0.0' }) => address } },
  },
  old: 'timestamp = CURRENT_TIMESTAMP - INTERVAL ? SECOND',
  extra: { ip_address: '192.0.2.1' },
};

/** The schema of Drupal 10 and 11, where there is no default for `uid`; the ids of its cookies may have `_`. */
const drupal: Application = {
  name: 'Drupal',
  table: 'app_drupal',
  create: `CREATE TABLE app_drupal (uid int unsigned NOT NULL, sid varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
    hostname varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL, timestamp bigint NOT NULL DEFAULT 0, session longblob,
    PRIMARY KEY (sid), KEY timestamp (timestamp), KEY uid (uid)) DEFAULT CHARSET utf8mb4`,
  options: {
    columns: { id: 'sid', data: 'session', time: 'timestamp' },
    row: { id: /[\w,-]{1,128}/, key: hash, insert: { uid: 0, hostname: ({ address = '' }) => address } },
  },
  old: 'timestamp = UNIX_TIMESTAMP() - ?',
  extra: { uid: 0, hostname: '192.0.2.1' },
};

const applications = [symfony, oldSymfony, codeIgniter, drupal];
const visitor = { address: '192.0.2.1', userAgent: 'Mozilla/5.0' };
const keyOf = ({ options }: Application, id: string) => options.row?.key?.(id) ?? id;
const idColumn = ({ options }: Application) => options.columns!.id!;
const open = ({ table, options }: Application, more: Partial<MysqlStoreOptions> = {}): SessionStore =>
  storeOn(table, { ...options, ...more });

let witness: Witness;

async function rowOf(application: Application, key: string): Promise<Record<string, unknown> | undefined> {
  const sql = `SELECT * FROM ${application.table} WHERE BINARY ${idColumn(application)} = ?`;
  return (await witness.query(sql, [key]))[0];
}

/** Runs PHP with a connection to the database as `$pdo`, and returns what it prints as JSON. */
async function php(code: string, ...values: string[]): Promise<unknown> {
  const { host, port, user, password } = testServer();
  const connect = `$pdo = new PDO('mysql:host=${host};port=${port};dbname=test;charset=utf8mb4', '${user}', '${password}',
    [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]); $v = array_slice($argv, 1);`;
  const { stdout } = await promisify(execFile)('php', ['-r', `${connect} ${code}`, '--', ...values]);
  return stdout === '' ? undefined : JSON.parse(stdout);
}

beforeAll(async () => {
  witness = await Witness.connect();
  for (const { table, create } of applications) await witness.table(table, create);
});
afterAll(() => witness.end());

for (const application of applications) {
  const { name, table, old } = application;
  storeContract({ describe, test }, `MySQL store on the table of ${name}`, {
    // What the contract makes old it uses again.
    make: (options) => open(application, { expireOnRead: false, ...options }),
    async makeOld(id, seconds) {
      const values = [seconds, keyOf(application, id)];
      await witness.query(`UPDATE ${table} SET ${old} WHERE ${idColumn(application)} = ?`, values);
    },
  });
}

describe.each(applications)('the rows of $name', (application) => {
  beforeEach(() => witness.query(`DELETE FROM ${application.table}`));

  test('a new one, one that a regenerate left, and a tombstone have all their columns', async () => {
    const [store, id, next] = [open(application), newId(), newId()];
    await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('guest') }), { visitor });
    expect(await rowOf(application, keyOf(application, id))).toMatchObject(application.extra);
    await withLease(
      store,
      id,
      async (lease) => {
        await lease.rename(next);
        await lease.commit({ data: utf8Bytes('user') });
      },
      { visitor },
    );
    for (const one of [id, next]) {
      expect(await rowOf(application, keyOf(application, one))).toMatchObject(application.extra);
    }
    await withLease(store, next, (lease) => lease.destroy(), { visitor });
    expect(await rowOf(application, keyOf(application, next))).toBeUndefined();
    const rows = await witness.query(`SELECT * FROM ${application.table} WHERE ${idColumn(application)} LIKE '<%'`);
    expect(rows).toHaveLength(1);
    // It is nobody's: the address of who logs out is not kept.
    expect(JSON.stringify(rows)).not.toContain(visitor.address);
    await store.close();
  });

  test('one that is begun without a lock is the same', async () => {
    const [store, id] = [open(application), newId()];
    const snapshot = await store.read(id, { visitor });
    const lease = await snapshot.lock!({ create: true });
    await lease.commit({ data: utf8Bytes('x') });
    await lease.release();
    expect(await rowOf(application, keyOf(application, id))).toMatchObject(application.extra);
    await store.close();
  });

  test('gc() and the election of who collects work on keys', async () => {
    const [store, id] = [open(application, { gcInterval: 1, gcMaxlifetime: 100 }), newId()];
    await writeText(store, id, 'x');
    const values = [2_000_000, keyOf(application, id)];
    await witness.query(
      `UPDATE ${application.table} SET ${application.old} WHERE ${idColumn(application)} = ?`,
      values,
    );
    for (let i = 0; i < 100 && (await rowOf(application, keyOf(application, id))); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await rowOf(application, keyOf(application, id))).toBeUndefined();
    expect(await rowOf(application, '<collector>')).toBeDefined();
    await store.close();
  });

  test('32 counts over stores that do not share a queue: none is lost', async () => {
    const id = newId();
    const stores = Array.from({ length: 4 }, () => asInAnotherProcess(() => open(application)));
    const count = (store: SessionStore) =>
      withLease(store, id, (lease) => lease.commit({ data: utf8Bytes(String(Number(text(lease.data) ?? 0) + 1)) }));
    await Promise.all(Array.from({ length: 32 }, (_, i) => count(stores[i % 4]!)));
    expect(await read(stores[0]!, id)).toBe('32');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('checkTable() misses no column', async () => {
    const { table, options } = application;
    const connection = { ...testServer(), database: 'test' };
    const codes = async (more: object) =>
      (await checkTable({ connection, table, ...options, ...more })).map(({ code }) => code);
    expect(await codes({})).not.toContain('column-without-default');
    const { id, key } = options.row!;
    expect(await codes({ row: { ...(id && { id }), ...(key && { key }) } })).toContain('column-without-default');
  });

  test.each(["a'b", 'a"b', 'a\\b', 'a\0b', 'a b', 'a;b--', 'ä', '<a', "x' OR '1'='1", 'a'.repeat(257), '', 'a\n'])(
    'the id %j is unknown to it, and in no row',
    async (id) => {
      const store = open(application);
      for (const options of [{ visitor }, { visitor, fresh: true }]) {
        const lease = await store.open(id, options);
        expect([lease.data, lease.writable]).toEqual([undefined, false]);
        await lease.release();
      }
      expect((await store.read(id)).data).toBeUndefined();
      await withLease(store, newId(), (lease) =>
        expect(lease.rename(id)).rejects.toMatchObject({ code: 'ERR_SESSION_ID' }),
      );
      expect(await witness.query(`SELECT * FROM ${application.table}`)).toEqual([]);
      await store.close();
    },
  );
});

describe('Symfony', () => {
  const lifetime = (id: string) =>
    witness.query(`SELECT sess_lifetime - sess_time AS left_over, sess_time FROM app_symfony WHERE sess_id = ?`, [id]);

  test('both times move with a write and with a touch', async () => {
    const [store, id] = [open(symfony), newId()];
    await writeText(store, id, 'x');
    for (const use of [
      () => writeText(store, id, 'y'),
      () => withLease(store, id, (lease) => lease.commit({})),
      async () => (await store.read(id)).touch(),
      async () => (await store.read(id)).replace!(utf8Bytes('z')),
      async () => {
        await withLease(store, id, async (lease) => {
          await lease.rename(`${id}x`);
          await lease.commit({});
        });
        await witness.query('DELETE FROM app_symfony WHERE sess_id = ?', [id]);
        await witness.query('UPDATE app_symfony SET sess_id = ? WHERE sess_id = ?', [id, `${id}x`]);
      },
    ]) {
      await witness.query('UPDATE app_symfony SET sess_time = 5 WHERE sess_id = ?', [id]);
      await use();
      const [row] = await lifetime(id);
      expect(Number(row!.left_over)).toBe(1440);
      expect(Number(row!.sess_time)).toBeGreaterThan(1_700_000_000);
    }
    await store.close();
  });

  test('what PHP inserts is read, and what is written here PHP selects', async () => {
    const [store, id, ours] = [open(symfony), newId(), newId()];
    // PdoSessionHandler::getInsertStatement(), and the SELECT of doRead()
    await php(
      `$s = $pdo->prepare('INSERT INTO app_symfony (sess_id, sess_data, sess_lifetime, sess_time) VALUES (:id, :data, :expiry, :time)');
       $s->execute(['id' => $v[0], 'data' => "n|i:1;", 'expiry' => time() + 1440, 'time' => time()]);`,
      id,
    );
    expect(await read(store, id)).toBe('n|i:1;');
    await writeText(store, ours, 'n|i:2;');
    const found = await php(
      `$s = $pdo->prepare('SELECT sess_data, sess_lifetime, sess_time FROM app_symfony WHERE sess_id = :id FOR UPDATE');
       $s->execute(['id' => $v[0]]); $r = $s->fetch(PDO::FETCH_NUM);
       echo json_encode([$r[0], $r[1] > time(), abs($r[2] - time()) < 10]);`,
      ours,
    );
    expect(found).toEqual(['n|i:2;', true, true]);
    await store.close();
  });
});

describe('CodeIgniter', () => {
  test('what PHP inserts is read, what is written here PHP selects, and PHP waits for the lock', async () => {
    const [store, id, ours] = [open(codeIgniter), newId(), newId()];
    // DatabaseHandler::write(), read() and MySQLiHandler::lockSession(): the row has the prefix, the lock has not
    await php(
      `$s = $pdo->prepare("INSERT INTO app_codeigniter (id, ip_address, timestamp, data) VALUES (?, '198.51.100.7', now(), ?)");
       $s->execute(['ci_session:' . $v[0], 'n|i:1;']);`,
      id,
    );
    expect(await read(store, id)).toBe('n|i:1;');
    await writeText(store, id, 'n|i:2;');
    expect(await rowOf(codeIgniter, `ci_session:${id}`)).toMatchObject({ ip_address: '198.51.100.7' });
    await withLease(store, ours, (lease) => lease.commit({ data: utf8Bytes('n|i:3;') }), { visitor });
    const select = `$s = $pdo->prepare('SELECT data FROM app_codeigniter WHERE id = ?'); $s->execute(['ci_session:' . $v[0]]);
      echo json_encode([$pdo->query("SELECT GET_LOCK('" . md5($v[0]) . "', 0)")->fetchColumn(), $s->fetchColumn()]);`;
    expect(await php(select, ours)).toEqual([1, 'n|i:3;']);
    const lease = await store.open(ours);
    expect(await php(select, ours)).toEqual([0, 'n|i:3;']);
    await lease.release();
    await store.close();
  });

  test('an id that the collation takes for another one is unknown, with the prefix too', async () => {
    const [store, id] = [open(codeIgniter), `${newId()},abc`];
    await writeText(store, id, 'lower');
    const lease = await store.open(id.toUpperCase());
    expect([lease.data, lease.writable]).toEqual([undefined, false]);
    await lease.release();
    expect(await read(store, id)).toBe('lower');
    await store.close();
  });

  test('an id that is too long for the column with the prefix is unknown', async () => {
    const [store, fits, long] = [open(codeIgniter), 'f'.repeat(117), 'l'.repeat(118)];
    expect(await writeText(store, fits, 'x')).toBe('written');
    expect(await writeText(store, long, 'x')).toBe('gone');
    await withLease(store, newId(), (lease) =>
      expect(lease.rename(long)).rejects.toMatchObject({ code: 'ERR_SESSION_ID' }),
    );
    await store.close();
  });
});

describe('Drupal', () => {
  test('a cookie with _ has a session, and no id is in the table', async () => {
    const id = `_a-${newId().replace(',', '_')}`;
    const store = open(drupal);
    await witness.query('DELETE FROM app_drupal');
    await writeText(store, id, 'user|s:3:"bob";');
    expect(await rowOf(drupal, hash(id))).toMatchObject({ uid: 0 });
    const site = await Site.start({ store });
    const show: Handler = (ctx) => ctx.session;
    expect((await site.ask(show, { id })).value).toEqual({ user: 'bob' });
    expect((await site.ask((ctx) => ctx.phpSession.regenerate(), { id })).status).toBe(200);
    expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id: 'a' })).status).toBe(200);
    await site.stop();
    const rows = await witness.query('SELECT sid FROM app_drupal');
    expect(rows.length).toBeGreaterThan(1);
    for (const { sid } of rows) expect(sid).not.toBe(id);
    // Who has the key of a row has no session by it.
    const other = open(drupal);
    expect(await read(other, hash(id))).toBeUndefined();
    await other.close();
  });
});

describe('what comes from the visitor', () => {
  const table = 'app_visitor';
  const columns = `id VARBINARY(128) PRIMARY KEY, data BLOB NOT NULL, usetime INT NOT NULL`;
  const store = (insert: NonNullable<NonNullable<MysqlStoreOptions['row']>['insert']>) =>
    storeOn(table, { row: { insert } });
  const agents: Record<string, string> = {
    quotes: `'"\`\\'); DROP TABLE app_visitor; --`,
    'NUL and line breaks': 'a\0b\r\nSet-Cookie: x',
    long: 'é'.repeat(10_000),
    'not in the column': 'ü😀?',
    'half a character': '\ud83d',
    empty: '',
  };

  test.each(Object.keys(agents))('%s: stored as far as it fits, and nobody fails by it', async (kind) => {
    await witness.table(
      table,
      `CREATE TABLE ${table} (${columns}, a VARCHAR(50) CHARACTER SET utf8mb4 NOT NULL, b VARCHAR(50) CHARACTER SET ascii NOT NULL,
        c VARBINARY(50) NOT NULL, d TINYTEXT CHARACTER SET utf8mb4, e VARCHAR(50) CHARACTER SET utf8mb3 NOT NULL)`,
    );
    const agent = agents[kind]!;
    const value = ({ userAgent = '' }) => userAgent;
    const ours = store({ a: value, b: value, c: value, d: value, e: value });
    const [id, next] = [newId(), newId()];
    const lease = await ours.open(id, { visitor: { userAgent: agent } });
    await lease.rename(next);
    expect(await lease.commit({ data: utf8Bytes('x') })).toBe('written');
    await lease.release();
    const utf8 = Buffer.from(agent); // a half becomes U+FFFD there
    const whole = utf8.toString();
    for (const one of [id, next]) {
      const [row] = (await witness.query(`SELECT a, b, c, d, e FROM ${table} WHERE id = ?`, [one])) as unknown as {
        [column: string]: string | Buffer;
      }[];
      expect(row!.a).toBe([...whole].slice(0, 50).join(''));
      expect(row!.b).toBe(
        [...agent]
          .slice(0, 50)
          .join('')
          .replace(/[^\0-\x7f]/gu, '?'),
      );
      expect(Buffer.from(row!.c as Buffer).toString('hex')).toBe(utf8.subarray(0, 50).toString('hex'));
      expect(whole.startsWith(String(row!.d))).toBe(true);
      expect(String(row!.e)).toBe(
        [...whole]
          .slice(0, 50)
          .join('')
          .replace(/[\u{10000}-\u{10ffff}]/gu, '?'),
      );
    }
    await ours.close();
  });

  test('a function that fails, gives nothing for NOT NULL, or what is no value: a typed error that names the column', async () => {
    await witness.table(table, `CREATE TABLE ${table} (${columns}, a VARCHAR(50) NOT NULL)`);
    const secret = 'secret agent';
    for (const [value, message] of [
      [() => undefined, 'row.insert.a gave no value, and the column takes no NULL'],
      [({ userAgent }) => ({ userAgent }) as never, 'row.insert.a must give a text, a whole number, bytes or null'],
      [
        ({ userAgent = 'nobody' }) => {
          throw new Error(userAgent);
        },
        'row.insert.a() failed',
      ],
    ] as const satisfies [InsertValue, string][]) {
      const ours = store({ a: value });
      const opened = ours.open(newId(), { visitor: { userAgent: secret } });
      const error: Error & { code?: string } = await opened.then(
        () => new Error('no error'),
        (reason) => reason,
      );
      expect([error.code, error.message]).toEqual(['ERR_SESSION_TABLE', message]);
      await ours.close();
    }
  });

  test('no value is NULL where the column takes it', async () => {
    await witness.table(
      table,
      `CREATE TABLE ${table} (${columns}, a VARCHAR(50) NULL, b BLOB NOT NULL, c DATETIME NOT NULL)`,
    );
    const ours = store({ a: ({ address }) => address, b: Uint8Array.of(0, 39, 63, 255), c: now });
    const id = newId();
    await writeText(ours, id, 'x');
    const [row] = await witness.query(
      `SELECT a, HEX(b) AS b, TIMESTAMPDIFF(SECOND, c, UTC_TIMESTAMP()) AS age FROM ${table} WHERE id = ?`,
      [id],
    );
    expect(row).toEqual({ a: null, b: '00273FFF', age: expect.any(Number) });
    expect(Math.abs(Number(row!.age))).toBeLessThan(10);
    await ours.close();
  });

  test.each([
    ["ENUM('web', 'cli') NOT NULL", { a: ({ userAgent = 'web' }) => userAgent }],
    ['INT NOT NULL', { a: 1, A: 2 }],
    ['INT AS (1) STORED', { a: 1 }],
    ['TINYINT NOT NULL', { a: 1000 }],
  ] as const)('a column %s that takes no such value: it is told as a fault of the table', async (type, insert) => {
    await witness.table(table, `CREATE TABLE ${table} (${columns}, a ${type})`);
    const ours = store(insert);
    const opened = ours.open(newId(), { visitor: { userAgent: 'hostile' } });
    await expect(opened).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE' });
    await ours.close();
  });

  test.each(['INT NOT NULL', 'BIGINT UNSIGNED NULL', 'DECIMAL(6, 2) NOT NULL', 'DOUBLE NULL', 'YEAR NULL'])(
    'a text that is no number in a column %s: a fault of the table, with the name of the column',
    async (type) => {
      await witness.table(table, `CREATE TABLE ${table} (${columns}, a ${type})`);
      const ofVisitor = store({ a: ({ userAgent = 1999 }) => userAgent });
      for (const userAgent of ['hostile', '', '0x1', '1; --', "' OR 1"]) {
        const opened = ofVisitor.open(newId(), { visitor: { userAgent } });
        const message = expect.stringMatching(/^row\.insert\.a gives no number, and the column is [A-Z]+$/);
        await expect(opened).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE', message });
      }
      const lease = await ofVisitor.open(newId(), { visitor: { userAgent: ' 2001 ' } });
      expect(await lease.commit({ data: utf8Bytes('x') })).toBe('written');
      const [row] = await witness.query(`SELECT CAST(a AS SIGNED) AS a FROM ${table}`);
      expect(row).toEqual({ a: 2001 });
      await ofVisitor.close();
      for (const row of [{ insert: { a: Uint8Array.of(49) } }, { insert: { a: 1 }, update: { a: 'x' } }]) {
        const constant = storeOn(table, { row });
        const message = expect.stringMatching(/^row\.(insert|update)\.a gives no number/);
        await expect(constant.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE', message });
        await constant.close();
      }
    },
  );

  test('a value that is longer than its column, and a column that is not there, are found at once', async () => {
    await witness.table(table, `CREATE TABLE ${table} (${columns}, a VARCHAR(5) NOT NULL)`);
    for (const [insert, message] of [
      [{ a: 'too long' }, 'row.insert.a is more than the column can hold'],
      [{ a: '', ip: '' }, '"ip" (row.insert)'],
    ] as const) {
      const ours = store(insert);
      await expect(ours.open(newId())).rejects.toMatchObject({
        code: 'ERR_SESSION_TABLE',
        message: expect.stringContaining(message),
      });
      await ours.close();
    }
    const options = { connection: { ...testServer(), database: 'test' }, table, row: { update: { ip: 1 } } };
    expect((await checkTable(options))[0]).toMatchObject({
      code: 'column-missing',
      message: expect.stringContaining('"ip" (row.update)'),
    });
  });
});

describe('row.insert: false', () => {
  const table = 'app_never';
  const create = `CREATE TABLE ${table} (id VARBINARY(64) PRIMARY KEY, data BLOB NOT NULL, usetime INT NOT NULL, owner INT NOT NULL)`;
  const options: Partial<MysqlStoreOptions> = { row: { insert: false } };
  const rows = async () =>
    (await witness.query(`SELECT id, data FROM ${table} ORDER BY id`)).map(({ id, data }) => `${id}: ${data}`);
  const put = (id: string) => witness.query(`INSERT INTO ${table} VALUES (?, 'n|i:1;', UNIX_TIMESTAMP(), 7)`, [id]);

  beforeEach(() => witness.table(table, create));

  test.each(['exclusive', 'merge', 'readonly'] as const)(
    '%s: a cookie whose row has gone is as none, and no row is made',
    async (mode) => {
      const store = storeOn(table, options);
      const site = await Site.start({ store, mode });
      const page = await site.ask((ctx) => String(ctx.session.user), { id: newId() });
      expect([page.status, page.value]).toEqual([200, 'undefined']);
      if (mode !== 'readonly') {
        for (const id of [newId(), undefined]) {
          const page = await site.ask((ctx) => (ctx.session.user = 'bob'), id === undefined ? {} : { id });
          expect(page.status).toBe(500);
        }
        expect(site.errors.splice(0)).toEqual(
          [1, 2].map(() =>
            expect.objectContaining({
              code: 'ERR_SESSION_TABLE',
              message: expect.stringContaining('row.insert is false'),
            }),
          ),
        );
      }
      expect(await rows()).toEqual([]);
      await site.stop();
      await store.close();
    },
  );

  test('a session of PHP is changed, moved and ended, and nothing is left of it', async () => {
    const [store, id] = [storeOn(table, options), newId()];
    const site = await Site.start({ store });
    await put(id);
    await site.ask((ctx) => ctx.phpSession.regenerate(), { id });
    const [moved] = await rows();
    expect(moved).toMatch(/^[^:]+: n\|i:1;$/);
    expect(moved).not.toContain(id);
    const [now] = moved!.split(':');
    await site.ask((ctx) => (ctx.session.n = 2), { id: now! });
    expect(await rows()).toEqual([`${now}: n|i:2;`]);
    await site.ask((ctx) => ctx.phpSession.destroy(), { id: now! });
    expect(await rows()).toEqual([]);
    await site.stop();
    await store.close();
  });

  test('an expired row stays', async () => {
    const [store, id] = [storeOn(table, { ...options, expireOnRead: true, gcMaxlifetime: 100 }), newId()];
    await put(id);
    await witness.query(`UPDATE ${table} SET usetime = usetime - 1000`);
    const lease = await store.open(id);
    expect([lease.writable, lease.data]).toEqual([false, undefined]);
    await lease.release();
    expect(await rows()).toHaveLength(1);
    await store.close();
  });

  test('checkTable() misses no default, nor the privilege to insert; gcInterval makes a row', async () => {
    const connection = { ...testServer(), database: 'test' };
    const codes = async (given: object) => (await checkTable({ connection, table, ...given })).map(({ code }) => code);
    expect(await codes({})).toContain('column-without-default');
    expect(await codes(options)).not.toContain('column-without-default');
    expect(() => mysqlStore({ connection, table, ...options, gcInterval: 60, gcMaxlifetime: 1440 })).toThrow(
      /^gcInterval needs row\.insert/,
    );
  });
});

describe('the option row', () => {
  const connection = 'mysql://user@127.0.0.1/test';
  test.each([
    [{ idd: /a/ }, 'row.idd is not an option'],
    [{ id: 'a' }, 'row.id must be a regular expression'],
    [{ key: 'a' }, 'row.key must be a function'],
    [{ insert: { 'a`b': 1 } }, 'row.insert.a`b must be an SQL identifier'],
    [{ insert: { usetime: 1 } }, 'row.insert.usetime: this column is one of the option columns'],
    [{ insert: { a: 1.5 } }, 'row.insert.a must be'],
    [{ insert: { a: undefined } }, 'row.insert.a must be'],
    [{ update: { a: () => 1 } }, 'row.update.a must be a value, or now'],
    [null, 'row must be an object'],
    [[], 'row must be an object'],
    [{ insert: null }, 'row.insert must be an object'],
    [{ insert: new Map([['uid', 0]]) }, 'row.insert must be an object'],
    [{ update: ['uid'] }, 'row.update must be an object'],
  ])('%j: %s', (row, message) => {
    expect(() => mysqlStore({ connection, row: row as never })).toThrow(message);
  });

  test('id: a pattern is for the whole id, and has no memory', async () => {
    const isId = (id: RegExp) => {
      const store = mysqlStore({ connection, row: { id } });
      return (one: string) => store.isId!(one);
    };
    const laravel = isId(/[A-Za-z0-9]{40}/g);
    for (let i = 0; i < 3; i++) expect(laravel('a'.repeat(40))).toBe(true);
    for (const other of ['a'.repeat(41), 'a'.repeat(39), `${'a'.repeat(40)}\n`, 'é'.repeat(40)])
      expect(laravel(other)).toBe(false);
    expect(isId(/^a$/m)('a\nb')).toBe(false);
    expect(isId(/a|b/)('bc')).toBe(false);
    expect(isId(/[\s\S]*/)("a'b")).toBe(false);
    expect(isId(/.*/s)('x'.repeat(257))).toBe(false);
  });

  test.each(['<collector>', '', 'ä', 'a\0', 5])('key: %j can be no key', async (made) => {
    const store = storeOn('app_symfony', {
      ...symfony.options,
      row: { ...symfony.options.row, key: () => made as string },
    });
    for (const work of [() => store.open('abc'), () => store.read('abc')]) {
      await expect(work()).rejects.toMatchObject({
        code: 'ERR_SESSION_TABLE',
        message: expect.stringContaining('row.key()'),
      });
    }
    await store.close();
  });
});
