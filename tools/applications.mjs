// `npm run test:applications`: real PHP applications with their own session handlers, beside Node with the preset for each; then a table of
// what was run. Exit status 1 when a step fails. That updates are lost where the application takes no lock is no failure: it is counted. Arguments are
// names of applications: only these. `--record` writes what each makes of a login to fixtures/applications.json, and of forms to fixtures/forms.json.
//
// Some answer over HTTP (test/applications). Of others the session classes alone are run, for a request at a time
// (test/integration/presets-applications.test.ts).
//
// Debian's packages are unpacked in .cache, not installed. What Debian does not have is looked for in the folder that
// PHP_SESSION_BRIDGE_APPLICATIONS names, and its absence is printed: CONTRIBUTING.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseNames, runCases } from './applications/cases.mjs';
import { printMatrix } from './applications/matrix.mjs';
import { build } from './build.mjs';
import { unpackApplications } from './drop-in/debian.mjs';
import { root, runCommand, SetupError, setUp } from './setup.mjs';

const { PHP_SESSION_BRIDGE_APPLICATIONS: folder } = process.env;

await runCommand(async () => {
  await setUp(['mariadb-server', 'php-cli', 'php-mysql']);
  await build();
  const debian = await unpackApplications();
  // Not above: nothing of it can be loaded before it is installed and built.
  const { NO_LOCK } = await import('../test/applications/shared/steps.mjs');
  const { readApplications } = await import('../test/applications/shared/recorded.mjs');
  const { recordApplication, runApplication } = await import('../test/applications/shared/run.mjs');
  const { runForms } = await import('../test/applications/shared/forms.mjs');
  const entries = ['laravel', 'symfony', 'codec', 'formats'];
  const forms = Object.assign({}, ...(await Promise.all(entries.map((name) => import(`php-session-bridge/${name}`)))));
  const { startMariadb } = await import('./services/mariadb.mjs');
  const presets = await import('php-session-bridge/presets');
  const { phpSession } = await import('php-session-bridge/koa');
  const { mysqlStore } = await import('php-session-bridge/mysql');

  const all = await readApplications(root);
  const { values, positionals: names } = parseArgs({
    options: { record: { type: 'boolean' } },
    allowPositionals: true,
  });
  const wanted = all.filter(({ title }) => names.length === 0 || names.some((name) => title.includes(name)));
  if (wanted.length === 0 && !names.some((name) => caseNames.includes(name))) {
    throw new SetupError(`There are: ${[...all.map(({ title }) => title), ...caseNames].join(', ')}`);
  }
  /** @type {import('./applications/matrix.mjs').Matrix} */
  const matrix = {};
  const mysql = await startMariadb({ settings: { 'default-time-zone': '+00:00' } });
  const env = { ...debian.env, PHP_SESSION_BRIDGE_APPLICATIONS: folder };
  try {
    for (const application of wanted) {
      const { title, needs } = application;
      console.log(`\n${title}`);
      if (needs !== undefined && !existsSync(join(folder ?? '', needs))) {
        console.log(`  was not run: PHP_SESSION_BRIDGE_APPLICATIONS names no folder with ${needs}`);
        continue;
      }
      const around = { mysql, env, share: debian.share, ini: debian.ini, presets, phpSession, mysqlStore };
      if (values.record) {
        record('applications', title, await recordApplication(application, around));
        if (application.forms !== undefined) {
          const { results } = await runForms(/** @type {any} */ (application), { ...around, forms });
          if (results.length > 0) record('forms', title, results.flat());
        }
        continue;
      }
      const { outcomes, log } = await runApplication(application, around);
      matrix[title] = outcomes;
      if (application.forms !== undefined) {
        const more = await runForms(/** @type {any} */ (application), { ...around, forms });
        for (const [step, outcome] of Object.entries(more.outcomes)) outcomes[`form: ${step}`] = outcome;
      }
      for (const [step, outcome] of Object.entries(outcomes)) {
        console.log(`  ${step.padEnd(20)} ${outcome === true ? 'yes' : `no: ${oneLine(outcome)}`}`);
      }
      if (Object.values(outcomes).some((outcome) => outcome !== true && !outcome.startsWith(NO_LOCK))) {
        process.exitCode = 1;
        console.log(log.split('\n').slice(-12).join('\n'));
      }
    }
  } finally {
    await mysql.stop();
  }
  if (values.record) return;
  const cases = await runCases({ share: debian.share, folder, env, names });
  if (cases.failed) process.exitCode = 1;
  printMatrix({ ...matrix, ...cases.matrix });
});

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/g, ' ').slice(0, 160);
}

/** ASCII, and a byte is one character. @param {string} name of the file @param {string} title @param {object} login */
function record(name, title, login) {
  const file = join(root, `fixtures/${name}.json`);
  const all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  all[title] = login;
  const text = JSON.stringify(Object.fromEntries(Object.entries(all).sort()), null, name === 'forms' ? 0 : 2);
  writeFileSync(
    file,
    `${text.replace(/[\x7f-\uffff]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`,
  );
}
