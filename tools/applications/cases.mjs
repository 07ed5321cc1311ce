import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from '../setup.mjs';

/** What Debian has, below /usr/share. */
const debian = { 'roundcube-1.6': 'roundcube', adodb: 'php/adodb', horde: 'php' };
/** What is looked for in the folder of applications, and a file of it. */
const others = {
  'roundcube-1.7': 'program/lib/Roundcube',
  drupal: 'lib/Drupal.php',
  laminas: 'src/SaveHandler',
  matomo: 'core/Session',
  opencart: 'upload/system',
  joomla: 'src/Registry.php',
  typo3: 'src/JWT.php',
  yii2: 'framework/Yii.php',
};

/** What these stand on: Drupal's classes on Symfony's, and Joomla's session on its other packages. */
const below = {
  symfony: 'src/Symfony',
  'joomla-session': 'src/Session.php',
  'joomla-input': 'src/Input.php',
  'joomla-event': 'src/Event.php',
  'joomla-cms': 'libraries/src/Session/Storage/JoomlaStorage.php',
};

export const caseNames = [...Object.keys(debian), ...Object.keys(others)];

/** The columns of the table, by how the names of the tests begin. */
const steps = Object.entries({
  'Node knows the user': ['who'],
  'Node stores a value': ['change'],
  'a new id of either side': ['regenerate PHP', 'regenerate Node'],
  'a logout of either side': ['logout PHP', 'logout Node'],
  'a session that Node begins': ['new by Node'],
  'a visitor who stays on pages of Node': ['idle'],
});

/**
 * Runs test/integration/presets-applications.test.ts and presets-clocks.test.ts (and, for Horde, test/differential/horde.test.ts) with the classes of each application that is there, and prints which is not.
 *
 * @param {object} around
 * @param {string} around.share Debian's /usr/share, unpacked
 * @param {string | undefined} around.folder of PHP_SESSION_BRIDGE_APPLICATIONS
 * @param {Record<string, string | undefined>} around.env of PHP
 * @param {string[]} around.names of applications: only these; none: all
 * @returns {Promise<{ matrix: import('./matrix.mjs').Matrix, failed: boolean }>}
 */
export async function runCases({ share, folder, env, names }) {
  const own = mkdtempSync(join(tmpdir(), 'php-session-bridge-applications-'));
  try {
    const places = {
      ...Object.fromEntries(Object.entries(debian).map(([name, place]) => [name, join(share, place)])),
      ...Object.fromEntries(Object.entries(others).map(([name, file]) => [name, placeOf(folder, name, file)])),
    };
    const wanted = Object.entries(places).filter(([name]) => names.length === 0 || names.includes(name));
    for (const [name, place] of wanted) {
      if (place !== undefined) symlinkSync(place, join(own, name));
      else console.log(`\n${name}\n  was not run: PHP_SESSION_BRIDGE_APPLICATIONS names no folder with it`);
    }
    for (const [name, file] of Object.entries(below)) {
      const place = placeOf(folder, name, file);
      if (place !== undefined) symlinkSync(place, join(own, name));
    }
    const missing = Object.keys(below).filter((name) => name.startsWith('joomla-') && !existsSync(join(own, name)));
    if (existsSync(join(own, 'joomla')) && missing.length > 0) {
      console.log(`\njoomla\n  its clock was not run with its own classes: there is no ${missing.join(', ')}`);
    }
    const present = wanted.filter(([, place]) => place !== undefined).map(([name]) => name);
    return present.length === 0 ? { matrix: {}, failed: false } : await runJest(own, present, env);
  } finally {
    rmSync(own, { recursive: true });
  }
}

/** @param {string | undefined} folder @param {string} name @param {string} file */
function placeOf(folder, name, file) {
  return folder !== undefined && existsSync(join(folder, name, file)) ? join(folder, name) : undefined;
}

/** @param {string} own @param {string[]} present @param {Record<string, string | undefined>} env */
async function runJest(own, present, env) {
  const directory = join(root, '.cache/applications');
  mkdirSync(directory, { recursive: true });
  const [file, log] = [join(directory, 'jest.json'), join(directory, 'jest.log')];
  rmSync(file, { force: true });
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  // Beside the preset, what is in a session of Horde.
  const files = present.includes('horde')
    ? '/(presets-applications|presets-clocks|differential/horde)\\.test'
    : '/presets-(applications|clocks)\\.test';
  const choice = ['--selectProjects', 'integration', 'differential', '--testPathPatterns', files];
  const args = [jest, ...choice, '--json', '--outputFile', file];
  const end = await run('node', args, { log, cwd: root, env: { ...env, PHP_SESSION_BRIDGE_APPLICATIONS: own } });
  if (!existsSync(file)) throw new Error(`Jest made no report (${end}); all it said is in ${log}`);
  const results = JSON.parse(readFileSync(file, 'utf8')).testResults;
  const tests = results.flatMap((/** @type {any} */ { assertionResults }) => assertionResults);
  /** @type {import('./matrix.mjs').Matrix} */
  const matrix = {};
  let failed = end !== 'exit 0';
  for (const name of present) {
    console.log(`\n${name}`);
    const of = tests.filter((/** @type {any} */ test) => test.ancestorTitles[0] === name);
    if (of.length === 0) failed = true;
    matrix[name] = {};
    for (const { title, status, failureMessages } of of) {
      const outcome = status === 'passed' || String(failureMessages[0] ?? status);
      console.log(
        `  ${title.padEnd(66)} ${outcome === true ? 'yes' : `no: ${outcome.replace(/\s+/g, ' ').slice(0, 160)}`}`,
      );
      const columns = steps.find(([begin]) => title.startsWith(begin))?.[1] ?? [];
      for (const column of columns) matrix[name][column] = outcome;
    }
  }
  return { matrix, failed };
}
