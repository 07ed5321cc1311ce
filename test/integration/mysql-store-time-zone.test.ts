import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { checkTable, type MysqlStoreOptions, mysqlStore } from '../../src/mysql.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { type Harness, startHarness, type Table } from '../php/harness.ts';
import { utf8Bytes, Witness } from './mysql-store-helpers.ts';

// A DATETIME has no time zone. Writers and readers must agree on one, or sessions are deleted too early.

const columns = 'id VARCHAR(64) PRIMARY KEY, data TEXT, usetime DATETIME DEFAULT CURRENT_TIMESTAMP, KEY (usetime)';
const table: Table = { title: 'DATETIME', name: 'store_time_zone', columns, options: { time_type: 'datetime' } };
/** A server in Berlin that knows the zones of this test. */
let server: Awaited<ReturnType<typeof startMariadb>>;
let connection: { host: string; port: number; user: string; password: string; database: string };
let witness: Witness;
let php: Harness;
/** What the process is warned of, as text. */
let warnings: string[];
const sharedServer = process.env.PSB_TEST_MYSQL;

beforeAll(async () => {
  process.env.TZ = 'Europe/Berlin';
  server = await startMariadb();
  witness = await Witness.connect(server);
  for (const zone of ['Europe/Berlin', 'Australia/Lord_Howe']) {
    const sql = execFileSync('mariadb-tzinfo-to-sql', [`/usr/share/zoneinfo/${zone}`, zone]).toString();
    await witness.query(`USE mysql; ${sql} USE test`);
  }
  // Not one for which init_connect is skipped.
  await witness.query("CREATE USER 'shop'@'%' IDENTIFIED BY 'secret'; GRANT ALL ON test.* TO 'shop'@'%'");
  const { host, port } = server;
  connection = { host, port, user: 'shop', password: 'secret', database: 'test' };
  process.env.PSB_TEST_MYSQL = JSON.stringify(connection);
  php = await startHarness([table]);
}, 60_000);

afterAll(async () => {
  process.env.PSB_TEST_MYSQL = sharedServer;
  await php?.stop();
  await witness?.end();
  await server?.stop();
});

beforeEach(async () => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation((text, more) => {
    warnings.push(`${(more as unknown as { code: string }).code}: ${text}`);
  });
  await witness.query(`DELETE FROM ${table.name}`);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await witness.query("SET GLOBAL time_zone = 'SYSTEM', GLOBAL init_connect = ''");
});

const store = (options: Partial<MysqlStoreOptions> = {}): SessionStore =>
  mysqlStore({ connection, table: table.name, touchInterval: 0, ...options });
const increment = '$handler->start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; return $_SESSION["n"];';
const ids = async () => (await witness.query(`SELECT id FROM ${table.name} ORDER BY id`)).map(({ id }) => String(id));

describe("a handler of PHP's side that counts by NOW()", () => {
  const at = { driver: 'pdo', table } as const;
  const own = (code: string) => `
    global $session_mysql, $session_table;
    [$session_mysql, $session_table] = [$mysql, '${table.name}'];
    require '${__dirname}/../php/article-handler.php';
    ${code}`;
  /** It leaves the time to the column's default, which is NOW(). */
  const login = async (id: string) => {
    await php.ask({ ...at, id, options: { time_zone: 'SYSTEM' } }, own('session_start(); $_SESSION["user"] = "php";'));
  };
  const gc = async () =>
    (await php.ask({ ...at, options: { time_zone: 'SYSTEM' } }, own('article_open("", ""); return article_gc(1440);')))
      .result;

  test.each(['+02:00', '-05:00', 'SYSTEM'])(
    'on a server in %s, which the option does not say: refused',
    async (zone) => {
      await witness.query(`SET GLOBAL time_zone = '${zone}'`);
      const [ours, id] = [store(), newId()];
      await login(id);
      const refused = { code: 'ERR_SESSION_TABLE', message: expect.stringMatching(/"timeZone".*docs\/expiry.md/) };
      await expect(ours.open(id)).rejects.toMatchObject(refused);
      await expect(ours.read(id)).rejects.toMatchObject(refused);
      await expect(ours.gc(0)).rejects.toMatchObject(refused);
      expect(await ids()).toEqual([id]);
      await ours.close();
    },
  );

  test('with the wrong zone, it deletes what Node has just written; the store warns when it sees such a row', async () => {
    await witness.query("SET GLOBAL time_zone = '+02:00'");
    const [id, theirs] = [newId(), newId()];
    const first = store({ timeZone: '+00:00' });
    await writeText(first, id, 'user|s:4:"node";');
    expect(await gc()).toBe(1);
    expect(warnings).toEqual([]); // there was nothing to be seen
    await login(theirs);
    expect((await first.read(theirs)).data).toEqual(utf8Bytes('user|s:3:"php";'));
    expect(warnings).toEqual([expect.stringMatching(/^time-zone-rows: /)]);
    // Another one sees it as soon as it looks at the table.
    const second = store({ timeZone: '+00:00' });
    await second.read(newId());
    await second.read(theirs);
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toMatch(/120 minutes in the future/);
    await Promise.all([first.close(), second.close()]);
  });

  test('with the wrong zone, Node deletes what it has just written: that is said before', async () => {
    await witness.query("SET GLOBAL time_zone = '-05:00'");
    const id = newId();
    await login(id);
    const ours = store({ timeZone: '+00:00' });
    await ours.read(newId());
    expect(warnings[0]).toContain("is now in the server's time zone -05:00");
    expect(await ours.gc(1_440)).toBe(1);
    await ours.close();
  });

  test.each([
    ['+02:00', '+02:00'],
    ['-05:00', '-05:00'],
    ['SYSTEM', 'SYSTEM'],
    ['SYSTEM', 'Europe/Berlin'],
    ['Australia/Lord_Howe', 'australia/lord_howe'],
  ])('on a server in %s with the option %s, neither deletes what the other has written', async (zone, timeZone) => {
    await witness.query(`SET GLOBAL time_zone = '${zone}'`);
    const [ours, id, theirs] = [store({ timeZone }), newId(), newId()];
    await login(theirs);
    await writeText(ours, id, 'user|s:4:"node";');
    expect(await gc()).toBe(0);
    expect(await ours.gc(1_440)).toBe(0);
    expect([await read(ours, id), await read(ours, theirs)]).toEqual(['user|s:4:"node";', 'user|s:3:"php";']);
    // Each deletes what the other has written, once it is old.
    const grow = () => witness.query(`UPDATE ${table.name} SET usetime = usetime - INTERVAL 1500 SECOND`);
    await grow();
    expect(await ours.gc(1_440)).toBe(2);
    await writeText(ours, id, 'user|s:4:"node";');
    await grow();
    expect(await gc()).toBe(1);
    expect(warnings).toEqual([]);
    await ours.close();
  });
});

describe.each(['pdo', 'mysqli'] as const)('our PHP handler (%s)', (driver) => {
  test.each([
    ['+02:00', 'lastUsed', 'last_used'],
    ['Europe/Berlin', 'lastUsed', 'last_used'],
    ['SYSTEM', 'expiresAt', 'expires_at'],
    ['-11:00', 'expiresAt', 'expires_at'],
    ['utc', 'expiresAt', 'expires_at'],
  ] as const)('and Node agree in %s (%s)', async (timeZone, timeMeaning, time_meaning) => {
    const options = { time_zone: timeZone, time_meaning };
    const [ours, id] = [store({ timeZone, timeMeaning, gcMaxlifetime: 1_440, expireOnRead: true }), newId()];
    expect((await php.ask({ driver, table, id, options }, increment)).result).toBe(1);
    expect(await read(ours, id)).toBe('n|i:1;');
    await writeText(ours, id, 'n|i:5;');
    expect((await php.ask({ driver, table, id, options }, increment)).result).toBe(6);
    const [row] = await witness.query(
      `SELECT TIMESTAMPDIFF(SECOND, CONVERT_TZ(usetime, ?, '+00:00'), UTC_TIMESTAMP()) AS age FROM ${table.name}`,
      [timeZone === 'utc' ? '+00:00' : timeZone],
    );
    expect(Math.abs(Number(row!.age) + (timeMeaning === 'expiresAt' ? 1_440 : 0))).toBeLessThan(60);
    expect((await php.ask({ driver, table, options }, 'return $handler->gc(1440);')).result).toBe(0);
    expect(await ours.gc(1_440)).toBe(0);
    await witness.query(`UPDATE ${table.name} SET usetime = usetime - INTERVAL 1500 SECOND`);
    expect(await read(ours, id)).toBeUndefined();
    if (time_meaning === 'expires_at') {
      expect((await php.ask({ driver, table, id, options }, '$handler->start(); return $_SESSION;')).result).toEqual(
        [],
      );
    }
    expect((await php.ask({ driver, table, options }, 'return $handler->gc(1440);')).result).toBe(1);
    await ours.close();
  });
});

/** Makes this the time for all connections that come now. */
const setClock = (moment: number) =>
  witness.query(`SET GLOBAL init_connect = 'SET SESSION timestamp = ${moment / 1000}'`);

const LIFETIME = 1_440;
const STEP = 600;

describe.each(['Europe/Berlin', 'SYSTEM', 'Australia/Lord_Howe'])('a clock in %s', (zone) => {
  const isHowe = zone.startsWith('Australia');
  describe.each([
    ['put forward', isHowe ? Date.UTC(2026, 9, 3, 15, 30) : Date.UTC(2027, 2, 28, 1)],
    ['set back', isHowe ? Date.UTC(2027, 3, 3, 15) : Date.UTC(2026, 9, 25, 1)],
  ])('that is %s', (_, change) => {
    test.each([
      ['lastUsed', 'last_used'],
      ['expiresAt', 'expires_at'],
    ] as const)(
      'ends no session early, by Node nor by our PHP handler, and each at last (%s)',
      async (timeMeaning, time_meaning) => {
        const options = { time_zone: zone, time_meaning };
        const used = new Map<string, number>();
        const times: number[] = [];
        for (let seconds = -2_400; seconds <= 7_500; seconds += STEP) times.push(change + seconds * 1_000);
        for (const [step, now] of times.entries()) {
          await setClock(now);
          const ours = store({
            timeZone: zone,
            timeMeaning,
            gcMaxlifetime: LIFETIME,
            expireOnRead: true,
            touchInterval: 60,
          });
          const [byNode, byPhp] = [newId(), newId()];
          await writeText(ours, byNode, 'n|i:1;');
          expect((await php.ask({ driver: 'pdo', table, id: byPhp, options }, increment)).result).toBe(1);
          used.set(byNode, now).set(byPhp, now);
          if (step % 2 === 0) await ours.gc(LIFETIME);
          else await php.ask({ driver: 'pdo', table, options }, `return $handler->gc(${LIFETIME});`);
          const left = new Set(await ids());
          // Ends that other handlers, which compare with NOW(), do not yet treat as passed.
          const clock = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
          const notOver = `SELECT id FROM ${table.name} WHERE usetime >= CONVERT_TZ(?, '+00:00', ?)`;
          const toOthers = (await witness.query(notOver, [clock, zone])).map(({ id }) => String(id));
          for (const [id, at] of used) {
            const age = (now - at) / 1_000;
            if (age < LIFETIME) {
              expect([age, left.has(id)]).toEqual([age, true]);
              if (timeMeaning === 'expiresAt') expect(toOthers).toContain(id);
              const look = '$handler->start(["read_and_close" => true]); return $_SESSION;';
              expect([age, await read(ours, id)]).toEqual([age, 'n|i:1;']);
              if (age % 600 === 0) {
                expect((await php.ask({ driver: 'pdo', table, id, options }, look)).result).toEqual({ n: 1 });
              }
            } else if (age > LIFETIME + 3_600 + STEP) {
              expect([age, left.has(id)]).toEqual([age, false]);
            }
            // Away from the change there is nothing to be doubted.
            if (age > LIFETIME && at > change + 5_000_000) expect([age, left.has(id)]).toEqual([age, false]);
          }
          // What is not touched within its interval is not written.
          await withLease(ours, byNode, async (lease) => void (await lease.commit({})));
          await ours.close();
        }
        expect(warnings).toEqual([]);
      },
      120_000,
    );
  });

  test('does not matter to a TIMESTAMP', async () => {
    const name = 'store_time_zone_moment';
    await witness.table(name, `CREATE TABLE ${name} (id VARCHAR(64) PRIMARY KEY, data TEXT, usetime TIMESTAMP NULL)`);
    const second = isHowe ? Date.UTC(2027, 3, 3, 15, 10) : Date.UTC(2026, 9, 25, 1, 10);
    await setClock(second);
    const ours = store({ table: name, timeZone: zone });
    await writeText(ours, newId(), 'x');
    expect(await ours.gc(1)).toBe(0);
    const [row] = await witness.query(`SELECT UNIX_TIMESTAMP(usetime) AS at FROM ${name}`);
    expect(Number(row!.at) * 1_000).toBe(second);
    await ours.close();
  });
});

test.each([
  ['DATETIME', 'datetime', { time_zone: 'SYSTEM' }],
  ['TIMESTAMP NULL', 'timestamp', {}],
])(
  'in spring, a handler that subtracts from NOW() deletes from %s what was just used; we do not',
  async (type, time_type, more) => {
    const name = 'store_time_zone_spring';
    await witness.table(name, `CREATE TABLE ${name} (id VARCHAR(64) PRIMARY KEY, data TEXT, usetime ${type})`);
    const spring: Table = { title: type, name, columns: '', options: { time_type, ...more } };
    const change = Date.UTC(2027, 2, 28, 1);
    await setClock(change - 60_000);
    const before = store({ table: name, timeZone: 'SYSTEM' });
    await writeText(before, newId(), 'x');
    await setClock(change + 60_000);
    const after = store({ table: name, timeZone: 'SYSTEM' });
    expect(await after.gc(LIFETIME)).toBe(0);
    expect((await php.ask({ driver: 'pdo', table: spring }, `return $handler->gc(${LIFETIME});`)).result).toBe(0);
    const theirs = `
    global $session_mysql, $session_table;
    [$session_mysql, $session_table] = [$mysql, '${name}'];
    require '${__dirname}/../php/article-handler.php';
    article_open("", "");
    return article_gc(${LIFETIME});`;
    expect((await php.ask({ driver: 'pdo', table: spring }, theirs)).result).toBe(1);
    await Promise.all([before.close(), after.close()]);
  },
);

describe('a zone by name, on a server without time zone tables', () => {
  test('is a clear error of Node and of our PHP handler; nothing is written', async () => {
    const { host, port, user, password } = JSON.parse(sharedServer!);
    const there = { host, port, user, password, database: 'test' };
    const elsewhere = await Witness.connect({ host, port, user, password });
    await elsewhere.table(table.name, `CREATE TABLE ${table.name} (${columns})`);
    await elsewhere.query(
      `INSERT INTO ${table.name} VALUES ('there', 'n|i:1;', UTC_TIMESTAMP() - INTERVAL 1000 SECOND)`,
    );
    const look = () => elsewhere.query(`SELECT id, data, CAST(usetime AS CHAR) AS at FROM ${table.name}`);
    const before = await look();
    const ours = store({ connection: there, timeZone: 'Europe/Berlin' });
    const unknown = {
      code: 'ERR_SESSION_TABLE',
      message: expect.stringContaining('"timeZone"'),
      cause: expect.objectContaining({ code: 'ER_UNKNOWN_TIME_ZONE', errno: 1298 }),
    };
    await expect(ours.open('there')).rejects.toMatchObject(unknown);
    await expect(ours.read('there')).rejects.toMatchObject(unknown);
    await expect(ours.gc(0)).rejects.toMatchObject(unknown);
    await ours.close();
    const find = await checkTable({ connection: there, table: table.name, timeZone: 'Europe/Berlin' });
    expect(find).toContainEqual(expect.objectContaining({ code: 'time-zone-unknown', severity: 'error', sql: [] }));

    // Its own connection, to that server.
    const code = `$mysql = ${`['host' => '${host}', 'user' => '${user}', 'password' => '${password}', 'port' => ${port}]`};
      $make = function () use ($mysql) {
        return new PDO("mysql:host={$mysql['host']};port={$mysql['port']};dbname=test", $mysql['user'], $mysql['password']);
      };
      $handler = new PhpSessionBridge\\SessionHandler($make, ['table' => '${table.name}', 'time_type' => 'datetime', 'time_zone' => 'Europe/Berlin']);
      return $handler->start();`;
    const answer = await php.ask({ driver: 'pdo', table, id: 'there', options: { time_zone: 'SYSTEM' } }, code);
    expect([answer.status, answer.result]).toEqual([500, false]);
    expect(php.log()).toContain('database error 1298');
    expect(await look()).toEqual(before);
    await elsewhere.query(`DROP TABLE ${table.name}`);
    await elsewhere.end();
  });
});
