// `npm run test:drop-in`: real PHP applications with our PHP handler, beside Node, on one table. Exit status 1 when a step of one that
// is there fails. Arguments are names of applications: only these. `--suite trixie` takes Debian 13's code of them, `sid` the newest, which
// needs a newer PHP than Debian 12 has. `--lock merge` is the handler's lock 'merge', and Node's mode. `--slow-pages` measures two pages of one
// visitor that take two seconds each.
//
// Debian's packages are unpacked in .cache, not installed. What Debian does not have is looked for in the folder that
// PHP_SESSION_BRIDGE_APPLICATIONS names, and its absence is printed: CONTRIBUTING.md.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { choose } from './arguments.mjs';
import { build } from './build.mjs';
import { checkComposer } from './drop-in/composer.mjs';
import { unpackApplications } from './drop-in/debian.mjs';
import { runCommand, SetupError, setUp } from './setup.mjs';

const folder = process.env.PHP_SESSION_BRIDGE_APPLICATIONS;

await runCommand(async () => {
  await setUp(['mariadb-server', 'php-cli', 'php-mysql', 'dovecot-imapd']);
  await build();
  const { values, positionals: names } = parseArgs({
    options: { suite: { type: 'string' }, lock: { type: 'string', default: 'row' }, 'slow-pages': { type: 'boolean' } },
    allowPositionals: true,
  });
  const debian = await unpackApplications(values.suite);
  if (values.suite === undefined) {
    checkComposer(debian);
    console.log('Composer: php/ is valid, and can be installed\n');
  }
  // Not above: nothing of it can be loaded before it is installed and built.
  const { applications } = await import('../test/drop-in/applications.mjs');
  const { locks } = await import('../test/drop-in/locks.mjs');
  const { runApplication } = await import('../test/drop-in/run.mjs');
  const { rollings, runRolling } = await import('../test/drop-in/rolling.mjs');
  const { steps } = await import('../test/drop-in/steps.mjs');
  const { runWhole, wholes } = await import('../test/drop-in/whole.mjs');
  const { startMariadb } = await import('./services/mariadb.mjs');
  const { phpSession } = await import('php-session-bridge/koa');
  const { mysqlStore } = await import('php-session-bridge/mysql');

  const [lock = 'row'] = choose(locks, [values.lock], '--lock');
  const all = [...applications, ...wholes, ...rollings];
  const isWanted = (/** @type {{ title: string }} */ { title }) =>
    names.length === 0 || names.some((name) => title.includes(name));
  const isThere = (/** @type {{ title: string, needs?: string }} */ { title, needs }) => {
    const is = needs === undefined || existsSync(join(folder ?? '', needs));
    if (!is) notes.push(`${title} was not run: PHP_SESSION_BRIDGE_APPLICATIONS names no folder with ${needs}`);
    return is;
  };
  if (!all.some(isWanted)) throw new SetupError(`There are: ${all.map(({ title }) => title).join(', ')}`);
  const mysql = await startMariadb({ settings: { 'default-time-zone': '+00:00' } });
  const env = { ...debian.env, PHP_SESSION_BRIDGE_APPLICATIONS: folder };
  const around = {
    mysql,
    lock,
    slowPages: values['slow-pages'],
    share: debian.share,
    env,
    ini: debian.ini,
    phpSession,
    mysqlStore,
  };
  const table = [['', ...Object.keys(steps), 'database away']];
  /** @type {string[]} */
  const notes = [];
  try {
    for (const application of [...applications, ...wholes].filter(isWanted)) {
      const { title } = application;
      if (!isThere(application)) {
        table.push([title, 'not there']);
        continue;
      }
      const run = 'page' in application && typeof application.page === 'string' ? runApplication : runWhole;
      const { outcomes, log, slow = [] } = await run(/** @type {any} */ (application), around);
      const [one = 0, two = 0] = slow;
      if (one > 0) {
        notes.push(
          `${title}: a slow page takes ${one.toFixed(0)} ms, two ${two.toFixed(0)} ms, ${(two / one).toFixed(2)} times that`,
        );
      }
      table.push([
        title,
        ...Object.values(outcomes).map((outcome) => (outcome === null ? '-' : outcome === true ? 'yes' : 'NO')),
      ]);
      const failed = Object.entries(outcomes).filter(([, outcome]) => typeof outcome === 'string');
      for (const [step, why] of failed) notes.push(`${title}, ${step}: ${why}`);
      if (failed.length > 0) notes.push(log);
      if ('lacks' in application) notes.push(`${title}, -: ${application.lacks}`);
    }
    for (const rolling of rollings.filter(isWanted).filter(isThere)) {
      const results = await runRolling(rolling, around);
      notes.push(`\nOne PHP server at a time: ${rolling.title}`);
      for (const { phase, visits, lost, loggedOut, failed } of results) {
        notes.push(`  ${phase}  ${visits} visits, ${lost} lost, ${loggedOut} logged out, ${failed} failed`);
        const isWrong = loggedOut > 0 || failed > 0 || (lost > 0 && (rolling.locks || !phase.includes('old')));
        if (isWrong) process.exitCode = 1;
      }
    }
  } finally {
    await mysql.stop();
  }
  print(table);
  for (const note of notes) console.log(note);
  if (table.some((row) => row.includes('NO'))) process.exitCode = 1;
});

/** @param {string[][]} rows */
function print(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row.length > 2 ? (row[column]?.length ?? 0) : 0)), 3),
  );
  widths[0] = Math.max(...rows.map(([title = '']) => title.length));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  console.log();
}
