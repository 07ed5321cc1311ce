// `npm run bench:verify`: rows a second and memory of `php-session-bridge verify`, next to the SELECT of the same rows by mysql2 alone. Both run in processes of
// their own, in turns, on a MariaDB of this run.
//
//   --rows N     default 400,000, of 1,005 bytes
//   --rounds N   default 5
//   --php        PHP is asked about one row of ten, as without --no-php
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { numberOf } from '../tools/arguments.mjs';
import { build } from '../tools/build.mjs';
import { temporaryDirectory } from '../tools/services/lifeline.mjs';
import { startMariadb } from '../tools/services/mariadb.mjs';
import { runCommand, setUp } from '../tools/setup.mjs';

/** Says at the end of a process what it took. */
const meter = `data:text/javascript,${encodeURIComponent("process.on('exit', () => console.error(JSON.stringify(process.resourceUsage())))")}`;

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
  const database = await startMariadb({ settings: { 'innodb-buffer-pool-size': '1G', 'default-time-zone': '+00:00' } });
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
        const { seconds, rss, cpu } = measured(args, env);
        rates[name]?.push(rows / seconds);
        console.log(
          `${name.padEnd(12)}  ${Math.round(rows / seconds)} rows a second  ${Math.round((cpu / rows) * 1e6)} us of the processor a row  ${rss} MB`,
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

/** @param {string} uri @param {number} rows */
async function fill(uri, rows) {
  const { encodeSession } = await import('../dist/codec.js');
  const { createTableSql } = await import('../dist/mysql.js');
  const content = JSON.parse(readFileSync(path('store/content.json'), 'utf8'));
  const connection = await createConnection(uri);
  await connection.query(createTableSql({ table: 'session' }));
  await connection.query(
    `INSERT INTO session (id, data, usetime) SELECT MD5(seq), ?, UNIX_TIMESTAMP() FROM seq_1_to_${rows}`,
    [Buffer.from(encodeSession({ ...content, count: 1 }))],
  );
  await connection.end();
}

/**
 * @param {string[]} args prints JSON with `seconds` of its work
 * @param {NodeJS.ProcessEnv} env
 */
function measured(args, env) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', meter, ...args], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  const { seconds } = JSON.parse(stdout);
  return { seconds, rss: Math.round(maxRSS / 1024), cpu: (userCPUTime + systemCPUTime) / 1e6 };
}

/** @param {number[]} numbers */
function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}
