// `npm run bench:store`: how fast sessions in a table are, next to bare mysql2, to the session stores that people use, and to
// PHP. On MariaDB and on NDB Cluster (PHP_SESSION_BRIDGE_MYSQL_CLUSTER, see docs/clusters.md), which takes some minutes.
//
//   --engine NAME    only mariadb or ndb
//   --only SECTION   only this one; may be given more than once
//   --rounds N       default 9, with --against 25: in each of them everyone has a turn
//   --seconds N      for one turn; default 1
//   --rows N         of the large table; default 10,000,000, which takes some minutes and 5 GB more of memory and disk
//   --against DIR    the dist/ of another commit: only the two builds are measured, in turns, and the ratio of each row is printed
//   --json           all figures as JSON
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { choose, numberOf } from '../../tools/arguments.mjs';
import { build } from '../../tools/build.mjs';
import { runCommand, SetupError, setUp } from '../../tools/setup.mjs';
import { copyBuild } from '../builds.mjs';
import { printComparisons } from '../compare.mjs';
import { installPeers } from '../install.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string', default: '1' },
      rows: { type: 'string', default: '10000000' },
      against: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const numbers = {
    rounds: numberOf({ rounds: values.against === undefined ? '9' : '25', ...values }, 'rounds'),
    seconds: numberOf(values, 'seconds', { least: 0.1, whole: false }),
    rows: numberOf(values, 'rows', { least: 1_000 }), // one for each visitor
  };
  await setUp(['mariadb-server', 'php-cli', 'php-mysql', 'php-fpm', 'haproxy']);
  await build();
  if (values.against === undefined) await installPeers();
  const { encodeSession } = await import('../../dist/codec.js');
  const { databaseNames, startDatabase } = await import('./databases.mjs');
  const { sectionsOf } = await import('./sections.mjs');
  const { printReached, printSection } = await import('./report.mjs');
  const content = JSON.parse(readFileSync(new URL('content.json', import.meta.url), 'utf8'));
  const options = { ...numbers, bytes: Buffer.from(encodeSession({ ...content, count: 1 })) };
  console.error(`Node ${process.versions.node}. Ratios are the median of ${options.rounds} rounds; * is this package.`);
  const names = choose(databaseNames, values.engine, 'engine');
  if (names.includes('ndb') && !process.env.PHP_SESSION_BRIDGE_MYSQL_CLUSTER) {
    throw new SetupError(
      'NDB Cluster needs PHP_SESSION_BRIDGE_MYSQL_CLUSTER (docs/clusters.md); or choose --engine mariadb.',
    );
  }
  if (values.against !== undefined) {
    await compareBuilds(names, values.against, options, values.json);
    return;
  }
  const results = [];
  for (const name of names) {
    const sections = sectionsOf(name);
    const wanted = choose(Object.keys(sections), values.only, 'section');
    const database = await startDatabase(name);
    try {
      if (!values.json) console.log(`\n== ${database.title}`);
      const targets = [];
      for (const section of wanted) {
        const result = await sections[section](database, options);
        targets.push(...result.targets);
        results.push({ database: database.title, section, ...result });
        if (!values.json) printSection(result);
      }
      if (!values.json) printReached(name, targets);
    } finally {
      await database.stop();
    }
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 1));
});

/**
 * @param {readonly import('./databases.mjs').DatabaseName[]} names
 * @param {string} against
 * @param {import('./against.mjs').Options} options
 * @param {boolean} json
 */
async function compareBuilds(names, against, options, json) {
  const { startDatabase } = await import('./databases.mjs');
  const { againstBuild } = await import('./against.mjs');
  const other = copyBuild(against);
  const results = [];
  try {
    for (const name of names) {
      const database = await startDatabase(name);
      try {
        const comparisons = await againstBuild(database, other.path, options);
        results.push({ database: database.title, comparisons });
        if (!json) printComparisons(`${database.title}: CPU in Node, next to ${against}`, comparisons);
      } finally {
        await database.stop();
      }
    }
  } finally {
    other.remove();
  }
  if (json) console.log(JSON.stringify(results, undefined, 1));
}
