import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { startMysqlCluster } from '../../tools/services/mysql-cluster.mjs';
import { print } from './experiments/report.ts';
import { type CounterServer, type Database, startNode, startPhp } from './experiments/servers.ts';
import { Traffic } from './experiments/traffic.ts';

// The MySQL Cluster article's table and counter page, on two PHP servers and a Node server that count in one session while
// the table moves from one storage engine to another. See docs/experiments.md.

const windows = 8;
const directory = temporaryDirectory('experiment');

beforeAll(() => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
}, 60_000);

afterAll(() => directory.remove());

describe('MariaDB', () => {
  let mariadb: Awaited<ReturnType<typeof startMariadb>>;
  beforeAll(async () => {
    mariadb = await startMariadb();
  }, 60_000);
  afterAll(() => mariadb?.stop());

  const database = (): Database => {
    const { host, port, user, password } = mariadb;
    return { host, port, user, password, database: 'test' };
  };

  test('InnoDB is rebuilt under traffic: nothing is lost', async () => {
    await countWhileAltering('MariaDB', database(), windows, ['InnoDB', 'InnoDB', 'InnoDB']);
  }, 60_000);

  test('InnoDB to Aria, which locks no rows, and back under traffic: it is refused or checked, and nothing is lost', async () => {
    await countWhileAltering('MariaDB', database(), windows, ['Aria', 'InnoDB']);
  }, 60_000);
});

describe('MySQL NDB Cluster', () => {
  const { PHP_SESSION_BRIDGE_MYSQL_CLUSTER: folder, CI } = process.env;
  if (!folder && !CI) {
    test.skip('left out: PHP_SESSION_BRIDGE_MYSQL_CLUSTER does not name a folder', () => {});
    return;
  }

  let cluster: Awaited<ReturnType<typeof startMysqlCluster>>;
  beforeAll(async () => {
    if (!folder) throw new Error('In CI, PHP_SESSION_BRIDGE_MYSQL_CLUSTER must name a folder: see docs/experiments.md');
    cluster = await startMysqlCluster(folder);
  }, 240_000);
  afterAll(() => cluster?.stop(), 60_000);

  test('InnoDB to NDBCLUSTER and back under traffic: nothing is lost', async () => {
    const [first, second] = cluster.sqlNodes as [Database, Database];
    // While the table is NDB's, a PHP server on the other SQL node counts as well.
    await countWhileAltering('MySQL', first, windows, ['NDBCLUSTER', 'InnoDB'], async (engine, traffic) => {
      if (engine !== 'NDBCLUSTER') return;
      const server = await startPhp({ ...settings(second), name: 'php on the other SQL node' });
      for (let i = 0; i < 50; i++) await traffic.count(server.url);
      await server.kill();
      expect(traffic.acknowledged.filter(({ server }) => server.includes('other')).length).toBeGreaterThan(0);
    });
  }, 120_000);
});

const settings = (database: Database) => ({
  database,
  table: 'session',
  timeType: 'timestamp' as const,
  directory: directory.path,
});

/**
 * Counts without a pause while the table goes through these engines, beginning with InnoDB, and then compares what was
 * acknowledged with what the row holds.
 *
 * @param windows requests under way at a time
 * @param meanwhile is called with each engine when the table has it, while the traffic goes on
 */
async function countWhileAltering(
  name: string,
  database: Database,
  windows: number,
  engines: string[],
  meanwhile: (engine: string, traffic: Traffic) => Promise<void> = async () => {},
): Promise<void> {
  const admin = await mysql.createConnection(database);
  const servers: CounterServer[] = [];
  let traffic: Traffic | undefined;
  try {
    await createTable(admin);
    const others = await otherSessions(admin);
    servers.push(await startPhp({ ...settings(database), name: 'php-1' }));
    servers.push(await startPhp({ ...settings(database), name: 'php-2' }));
    servers.push(await startNode({ ...settings(database), name: 'node' }));
    traffic = new Traffic(servers.map(({ url }) => url));
    await traffic.start(windows);
    await traffic.further(100);

    const rows: (string | number)[][] = [];
    for (const engine of engines) {
      const start = performance.now();
      await admin.query(`ALTER TABLE session ENGINE=${engine}`);
      const end = performance.now();
      await traffic.further(200);
      await meanwhile(engine, traffic);
      expect((await engineOf(admin)).toLowerCase()).toBe(engine.toLowerCase());
      rows.push([engine, ...during(traffic, start, end)]);
    }
    await traffic.stop();

    const counts = traffic.acknowledged.map(({ count }) => count).sort((a, b) => a - b);
    const answered = servers.map((server) => traffic!.acknowledged.filter((one) => one.server === server.name).length);
    print(
      `ALTER TABLE session ENGINE=... on ${name}, ${windows} requests under way: ${counts.length} increments were acknowledged ` +
        `(${servers.map(({ name }, i) => `${name} ${answered[i]}`).join(', ')}), the counter is ${counts.at(-1)}`,
      ['to', 'ALTER took', 'acknowledged meanwhile', 'refused', 'longest pause'],
      rows,
    );
    expect(traffic.failures).toEqual([]);
    expect(counts).toEqual(counts.map((_, i) => i + 1));
    expect(Math.min(...answered)).toBeGreaterThan(0);
    const [rest] = await admin.query<RowDataPacket[]>('SELECT data FROM session WHERE id = ?', [traffic.id]);
    expect(rest[0]?.data).toBe(`count|i:${counts.length};foo|s:3:"bar";`);
    expect(await otherSessions(admin)).toEqual(others);
  } finally {
    await traffic?.stop();
    for (const server of servers) await server.kill();
    await admin.end();
  }
}

/** The article's table, as printed there, with 900 sessions of others, so that ALTER TABLE has something to do. */
async function createTable(admin: Connection): Promise<void> {
  await admin.query('DROP TABLE IF EXISTS session');
  await admin.query('SET SESSION default_storage_engine = InnoDB');
  await admin.query('CREATE TABLE session (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP)');
  await admin.query(
    `INSERT INTO session (id, data, usetime)
       WITH RECURSIVE number AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM number WHERE n < 900)
       SELECT LPAD(n, 32, '0'), CONCAT('text|s:500:"', REPEAT(MOD(n, 10), 500), '";'), CURRENT_TIMESTAMP FROM number`,
  );
}

/** How many sessions of others there are, and a sum over all they hold. */
async function otherSessions(admin: Connection): Promise<RowDataPacket | undefined> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS n, SUM(CRC32(CONCAT(id, data, usetime))) AS sum FROM session WHERE data LIKE 'text|%'`,
  );
  return rows[0];
}

async function engineOf(admin: Connection): Promise<string> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'session'`,
  );
  return rows[0]?.engine;
}

/** One line of the report: what the traffic saw of an ALTER TABLE. */
function during({ acknowledged, refused }: Traffic, start: number, end: number): (string | number)[] {
  const times = acknowledged.map(({ at }) => at);
  const next = times.findIndex((at) => at > end);
  const pauses = times.slice(1, next + 1).map((at, i) => (at > start ? at - times[i]! : 0));
  const longest = next === -1 ? 'until the next' : `${Math.round(Math.max(...pauses))} ms`;
  return [
    `${Math.round(end - start)} ms`,
    times.filter((at) => at > start && at <= end).length,
    refused.filter((at) => at > start && at <= (times[next] ?? Infinity)).length,
    longest,
  ];
}
