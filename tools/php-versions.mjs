// `npm run test:php-versions`: runs the corpus of fixtures/ on PHP 7.2 to 8.5, as WebAssembly, and compares with what is
// recorded; what the codec writes for it is read by each of them. Each loads the PHP package, and merges the cases of fixtures/merge. The
// scenarios of test/differential/life run in each and in Node.
// `npm run test:php-versions -- --record` records the corpus anew.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { compare as compareLives, question, scenariosFor } from '../test/differential/life/compare.mjs';
import { mergeLine, mergeVectors } from '../test/helpers/merge-vectors.mjs';
import { build } from './build.mjs';
import { changedSessions, loadCorpus, recordedCases, saveCorpus, versions } from './corpus.mjs';
import { bundled, bundleFile } from './php-bundle.mjs';
import { root, run, runCommand, SetupError, setUp } from './setup.mjs';

const fixtures = join(root, 'fixtures');
const sources = join(root, 'php', 'src');
const mergeScript = 'test/helpers/merge.php';
const lifeScript = 'test/differential/life/scenario.php';
/** They take half a minute each: the oldest that is supported by a distribution, and those between which something changed. */
const livingVersions = ['7.4', '8.2', '8.4', '8.5'];
const workspace = join(root, 'test', 'php-versions');

/** PHP code that declares each class which is not of our package, as it is needed. */
const frameworkClasses = `interface CI_Session_driver_interface {}
spl_autoload_register(function (string $class): void {
  $at = strrpos($class, '\\\\');
  if ($at !== false && strncmp($class, 'PhpSessionBridge\\\\', 17) !== 0) {
    eval('namespace ' . substr($class, 0, $at) . '; abstract class ' . substr($class, $at + 1) . ' {}');
  }
});`;

/** @typedef {import('./corpus.mjs').Version} Version */

await runCommand(async () => {
  const { values: options } = parseArgs({ options: { record: { type: 'boolean', default: false } } });
  await setUp(options.record ? ['php-cli'] : []);
  await build();
  await installVersions();
  process.exitCode = options.record ? await record() : await compare();
});
// WebAssembly keeps the event loop alive.
process.exit();

async function installVersions() {
  const lock = (/** @type {string} */ file) => {
    try {
      return JSON.parse(readFileSync(join(workspace, file), 'utf8')).packages;
    } catch {
      return {};
    }
  };
  const installed = lock('node_modules/.package-lock.json');
  const isThere = ([path, wanted]) => path === '' || wanted.optional || installed[path]?.integrity === wanted.integrity;
  if (Object.entries(lock('package-lock.json')).every(isThere)) return;
  console.log(
    `Installing PHP ${versions[0]} to ${versions.at(-1)} as WebAssembly, 600 MB, into test/php-versions/node_modules: npm ci --ignore-scripts`,
  );
  const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
  const end = await run('npm', ['ci', ...flags], { cwd: workspace });
  if (end !== 'exit 0') throw new SetupError(`npm ci failed (${end}).`);
}

/**
 * Starts one PHP, with the fixtures in its own file system.
 *
 * @param {Version} version
 */
async function startPhp(version) {
  const require = createRequire(join(workspace, 'package.json'));
  const load = (/** @type {string} */ name) => import(pathToFileURL(require.resolve(name)).href);
  const { PHP, loadPHPRuntime } = await load('@php-wasm/universal');
  const { getPHPLoaderModule } = await load(`@php-wasm/node-${version.replace('.', '-')}`);
  const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), {}));
  for (const directory of ['.', 'write', 'read']) {
    php.mkdir(join('/fixtures', directory));
    for (const file of readdirSync(join(fixtures, directory)).filter((name) => name.endsWith('.php'))) {
      php.writeFile(join('/fixtures', directory, file), readFileSync(join(fixtures, directory, file)));
    }
  }
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.php'));
  for (const file of files) {
    php.mkdir(join('/php/src', dirname(file)));
    php.writeFile(join('/php/src', file), readFileSync(join(sources, file)));
  }
  php.writeFile('/php/bundle.php', readFileSync(bundleFile));
  for (const script of [mergeScript, lifeScript]) {
    php.mkdir(join('/', dirname(script)));
    php.writeFile(join('/', script), readFileSync(join(root, script)));
  }
  /** @param {string} script @param {Record<string, string>} env @returns {Promise<string>} what it prints */
  const output = async (script, env) => {
    const { bytes, exitCode, errors } = await php.run({ scriptPath: script, env });
    const text = Buffer.from(bytes).toString('utf8');
    if (exitCode !== 0) throw new SetupError(`PHP ${version}, ${script}: ${text} ${errors}`);
    return text;
  };
  return {
    /** @param {string} script @param {Record<string, string>} [env] */
    async run(script, env = {}) {
      return JSON.parse(await output(join('/fixtures', script), env));
    },
    /** PHP's merge. @param {readonly import('../test/helpers/php-merge.ts').MergeCase[]} cases */
    async merge(cases) {
      php.writeFile('/cases', cases.map(mergeLine).join('\n'));
      const text = await output(join('/', mergeScript), { CASES: '/cases' });
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    },
    /** One request with a session. @param {import('../test/differential/life/scenarios.mjs').Scenario} scenario */
    async live(scenario) {
      const { cookie, query = '' } = scenario;
      const { bytes } = await php.run({
        scriptPath: join('/', lifeScript),
        relativeUri: `/${lifeScript}${query}`,
        method: 'POST',
        headers: cookie === undefined ? {} : { cookie },
        body: new TextEncoder().encode(question(scenario)),
      });
      return JSON.parse(Buffer.from(bytes).toString('utf8'));
    },
    /**
     * Loads all files of our PHP package, which declare what this PHP must understand. A class of a framework that one of ours
     * extends is an empty one here.
     */
    async loadPackage() {
      const others = files.filter((file) => !bundled.some((name) => file === `${name}.php`));
      const loads = others.map((file) => `require_once '/php/src/${file}';`).join(' ');
      const { exitCode, text, errors } = await php.run({
        code: `<?php error_reporting(E_ALL); require_once '/php/src/autoload.php'; ${frameworkClasses} ${loads}`,
      });
      if (exitCode !== 0 || text !== '') {
        throw new SetupError(`PHP ${version} cannot load the PHP package: ${text} ${errors}`);
      }
    },
    /** @param {string} path @param {unknown} data */
    write: (path, data) => php.writeFile(path, JSON.stringify(data)),
    close: () => php.exit(),
  };
}

/** What all of them make of the cases. Those whose file ends in -native are asked of the installed PHP. */
async function record() {
  const corpus = new Map();
  const add = (/** @type {Version} */ version, /** @type {ReturnType<typeof recordedCases>} */ files) => {
    for (const [file, cases] of files) {
      if (!corpus.has(file)) corpus.set(file, new Map());
      for (const [name, { input, result }] of cases) {
        const all = corpus.get(file);
        if (!all.has(name)) all.set(name, { name, input, results: new Map() });
        all.get(name).results.set(version, result);
      }
    }
  };
  for (const version of versions) {
    const php = await startPhp(version);
    const recorded = await php.run('record.php');
    php.close();
    add(version, recordedCases(recorded.cases));
    console.log(`PHP ${recorded.php}: ${count(recorded.cases)} cases recorded`);
  }
  const native = JSON.parse(
    execFileSync('php', [join(fixtures, 'record.php')], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
  const only = Object.entries(native.cases).filter(([file]) => file.endsWith('-native'));
  add(native.php.slice(0, 3), recordedCases(Object.fromEntries(only)));
  console.log(`PHP ${native.php}, as it is installed: ${count(Object.fromEntries(only))} cases recorded`);
  saveCorpus(fixtures, new Map([...corpus].map(([file, cases]) => [file, [...cases.values()]])));
  return 0;
}

async function compare() {
  const corpus = loadCorpus(fixtures);
  let differences = 0;
  const differs = (/** @type {string} */ what, /** @type {unknown} */ expected, /** @type {unknown} */ actual) => {
    differences++;
    console.error(`${what}\n  expected: ${JSON.stringify(expected)}\n  received: ${JSON.stringify(actual)}`);
  };
  for (const version of versions) {
    const php = await startPhp(version);
    await php.loadPackage();
    const recorded = await php.run('record.php');
    const actual = recordedCases(recorded.cases);
    let ran = 0;
    for (const [file, cases] of corpus) {
      for (const { name, input, results } of cases) {
        if (!results.has(version) || file.endsWith('-native')) continue;
        const expected = { input, result: results.get(version) };
        const { input: given, result } = actual.get(file)?.get(name) ?? {};
        if (JSON.stringify(expected) !== JSON.stringify({ input: given, result })) {
          differs(`PHP ${recorded.php}, ${file}, ${name}`, expected, { input: given, result });
        }
        ran++;
      }
    }
    if (ran !== count(recorded.cases)) differs(`PHP ${recorded.php}, the number of cases`, ran, count(recorded.cases));
    const written = await readWhatCodecWrites(php, version, corpus, (what, ...both) =>
      differs(`PHP ${recorded.php}, ${what}`, ...both),
    );
    const vectors = mergeVectors.filter(([name]) => !name.includes('-native'));
    const answers = await php.merge(vectors.map(([, input]) => input));
    for (const [index, [name, , expected, php7]] of vectors.entries()) {
      const wanted = Number(version) < 8 ? php7 : expected;
      if (!isDeepStrictEqual(answers[index], wanted))
        differs(`PHP ${recorded.php}, merge, ${name}`, wanted, answers[index]);
    }
    const lives = livingVersions.includes(version)
      ? await compareLife(php, version, (what, ...both) => differs(`PHP ${recorded.php}, ${what}`, ...both))
      : 0;
    php.close();
    console.log(
      `PHP ${recorded.php}: ${ran} cases as recorded; ${written}; the package is loaded, and merges ${vectors.length} cases as Node does${lives === 0 ? '' : `; ${lives} lives of a session as expected`}`,
    );
  }
  console.log(differences === 0 ? 'No difference.' : `${differences} differences. If they are right: --record.`);
  return differences === 0 ? 0 : 1;
}

/**
 * @param {Awaited<ReturnType<typeof startPhp>>} php
 * @param {Version} version
 * @param {ReturnType<typeof loadCorpus>} corpus
 * @param {(what: string, expected: unknown, actual: unknown) => void} differs
 */
async function readWhatCodecWrites(php, version, corpus, differs) {
  const codec = await import(pathToFileURL(join(root, 'dist/codec.js')).href);
  const { jobs, refused } = changedSessions(corpus, version, codec);
  php.write(
    '/sessions.json',
    jobs.flatMap(({ sessions }) => sessions),
  );
  const results = await php.run('reread.php', { SESSIONS: '/sessions.json' });
  for (const { name, sessions } of jobs) {
    const [own, ...others] = results.splice(0, sessions.length);
    for (const [index, other] of others.entries()) {
      if (JSON.stringify(other) !== JSON.stringify(own)) differs(`${name}: ${sessions[index + 1]?.[1]}`, own, other);
    }
  }
  const read = jobs.reduce((sum, { sessions }) => sum + sessions.length - 1, 0);
  return `${read} sessions that the codec changed and this PHP reads, ${refused} changes that the codec refuses`;
}

/**
 * @param {Awaited<ReturnType<typeof startPhp>>} php
 * @param {Version} version
 * @param {(what: string, expected: unknown, actual: unknown) => void} differs
 */
async function compareLife(php, version, differs) {
  const load = (/** @type {string} */ entry) => import(pathToFileURL(join(root, 'dist', entry)).href);
  const { phpSession } = await load('koa.js');
  const { memoryStore } = await load('memory.js');
  const { default: Koa } = await import('koa');
  const scenarios = scenariosFor(version);
  for (const scenario of scenarios) {
    const sides = await compareLives(scenario, await php.live(scenario), version, { Koa, phpSession, memoryStore });
    for (const side of /** @type {const} */ (['php', 'node'])) {
      const { expected, actual } = sides[side];
      if (!isDeepStrictEqual(actual, expected)) differs(`${scenario.name}, ${side}`, expected, actual);
    }
  }
  return scenarios.length;
}

/** @param {Record<string, Record<string, unknown>>} cases */
function count(cases) {
  return Object.values(cases).reduce((sum, file) => sum + Object.keys(file).length, 0);
}
