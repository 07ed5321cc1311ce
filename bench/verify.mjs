// `npm run bench:verify`: rows a second and memory of `php-session-bridge verify`, next to the SELECT of the same rows by mysql2 alone. Both run in processes of
// their own, in turns, on a MariaDB of this run.
//
//   --rows N     default 400,000, of 1,005 bytes
//   --rounds N   default 5
//   --php        PHP is asked about one row of ten, as without --no-php
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { numberOf } from '../tools/arguments.mjs';
import { build } from '../tools/build.mjs';
import { temporaryDirectory } from '../tools/services/lifeline.mjs';
import { startMariadb } from '../tools/services/mariadb.mjs';
import { runCommand, setUp } from '../tools/setup.mjs';

/** Says what a process took: its memory each second, and all of it at the end. */
const meter = `data:text/javascript,${encodeURIComponent(`
  const start = performance.now(), memory = [];
  setInterval(() => memory.push([performance.now() - start, process.memoryUsage.rss()]), 1000).unref();
  process.on('exit', () => console.error(JSON.stringify({ ...process.resourceUsage(), memory })));
`)}`;

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '400000' },
      rounds: { type: 'string', default: '5' },
      php: { type: 'boolean', default: false },
    },
  });
  const [rows, rounds] = [numberOf(values, 'rows'), numberOf(values, 'rounds')];
  await setUp(['mariadb-server', 'php-cli']);
  await build();
  const settings = {
    ...{ 'innodb-buffer-pool-size': '1G', 'default-time-zone': '+00:00' },
    // For the filling: nothing has to outlive the server.
    ...{ 'innodb-log-file-size': '1G', 'innodb-doublewrite': 0, 'innodb-flush-log-at-trx-commit': 0 },
  };
  const database = await startMariadb({ settings });
  const home = temporaryDirectory('verify');
  try {
    const { host, port, user, password } = database;
    const uri = `mysql://${user}:${password}@${host}:${port}/test`;
    const env = { ...process.env, HOME: home.path, PHP_SESSION_BRIDGE_CONNECTION: uri };
    await fill(uri, rows);
    const verify = [path('../dist/cli.js'), 'verify', '--json', ...(values.php ? [] : ['--no-php'])];
    const contestants = { 'mysql2 alone': [path('verify-select.mjs')], verify };
    /** @type {Record<string, number[]>} */
    const rates = { 'mysql2 alone': [], verify: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, args] of Object.entries(contestants)) {
        const { seconds, memory, cpu } = await measured(args, env);
        rates[name]?.push(rows / seconds);
        const { most, early, late } = memory;
        console.log(
          `${name.padEnd(12)}  ${Math.round(rows / seconds)} rows a second  ${Math.round((cpu / rows) * 1e6)} us of the processor a row  ` +
            `${most} MB at most (${early} MB in the first tenth, ${late} MB in the last one)`,
        );
      }
    }
    const [alone = 0, ours = 0] = Object.values(rates).map(median);
    console.log(
      `median: mysql2 alone ${Math.round(alone)}, verify ${Math.round(ours)} rows a second, ratio ${(ours / alone).toFixed(2)}`,
    );
  } finally {
    await database.stop();
    home.remove();
  }
});

/** In the order of the keys, as another order would read and write each page many times. @param {string} uri @param {number} rows */
async function fill(uri, rows) {
  const { encodeSession } = await import('../dist/codec.js');
  const { createTableSql } = await import('../dist/mysql.js');
  const content = JSON.parse(readFileSync(path('store/content.json'), 'utf8'));
  const session = Buffer.from(encodeSession({ ...content, count: 1 }));
  const connection = await createConnection(uri);
  await connection.query(createTableSql({ table: 'session' }));
  const most = 500_000;
  for (let from = 1; from <= rows; from += most) {
    const id = "CONCAT(LPAD(HEX(seq), 8, '0'), LEFT(MD5(seq), 24))";
    const to = Math.min(rows, from + most - 1);
    await connection.query(
      `INSERT INTO session (id, data, usetime) SELECT ${id}, ?, UNIX_TIMESTAMP() FROM seq_${from}_to_${to}`,
      [session],
    );
    if (rows > most) console.log(`${to} rows are there`);
  }
  await connection.end();
}

/**
 * @param {string[]} args prints JSON with `seconds` of its work
 * @param {NodeJS.ProcessEnv} env
 */
async function measured(args, env) {
  const child = spawn(process.execPath, ['--import', meter, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (status !== 0) throw new Error(stderr);
  const { maxRSS, userCPUTime, systemCPUTime, memory } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  const { seconds } = JSON.parse(stdout);
  return { seconds, memory: inTenths(memory, maxRSS), cpu: (userCPUTime + systemCPUTime) / 1e6 };
}

/** In MB. @param {[at: number, bytes: number][]} memory @param {number} maxRss KB */
function inTenths(memory, maxRss) {
  const end = memory.at(-1)?.[0] ?? 0;
  const most = (/** @type {number} */ from, /** @type {number} */ to) =>
    Math.round(
      Math.max(0, ...memory.filter(([at]) => at >= from * end && at <= to * end).map(([, bytes]) => bytes)) / 2 ** 20,
    );
  return { most: Math.round(maxRss / 1024), early: most(0, 0.1), late: most(0.9, 1) };
}

/** @param {number[]} numbers */
function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}
