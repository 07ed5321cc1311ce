// A process that runs the tests of the codec, again and again, each time with another source in the place of a file. What
// it is asked and what it answers are the messages below.
import { join } from 'node:path';
import { environment, globals, properties, Suite } from './harness.mjs';
import { Loader } from './loader.mjs';
import { recordedPhp } from './recorded-php.mjs';

/**
 * @typedef {object} Question
 * @property {'all' | 'until one fails'} run
 * @property {Record<string, string>} changed sources by path
 * @property {readonly TestName[]} [tests] in this order; default all
 *
 * @typedef {{ file: string, index: number }} TestName
 * @typedef {{ test: TestName, name: string, ms: number, reached: string[] }} Result
 * @typedef {{ results: Result[], failed?: { test: TestName, name: string, message: string } }} Answer
 */

const { root, testFiles, answers, isFirst } = JSON.parse(/** @type {string} */ (process.argv[2]));
process.env.FUZZ_SEED = '1';
process.env.FUZZ_CASES = '1000';

const oracle = join(root, 'test/helpers/php-oracle.ts');
const php = recordedPhp(new Loader({}, {}).load(oracle).PhpOracle, answers, isFirst);

/** Tests with megabytes of the worst shapes take minutes, and look at the time alone. */
const measures = /\bMB\b/;

/** The functions that were called, where the sources say so. @type {Set<string>} */
const reached = new Set();
/** @type {any} */ (globalThis).reached = (/** @type {string} */ scope) => reached.add(scope);

// A mutant may leave a promise that is not awaited.
process.on('unhandledRejection', () => {});
process.on('message', async (/** @type {Question} */ question) => {
  try {
    const answer = await (question.run === 'all' ? runAll(question) : runUntilOneFails(question));
    process.send?.({ answer });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl+C goes to all processes; who asks here decides

/** @param {Question} question @returns {Promise<Answer>} */
async function runAll({ changed }) {
  const run = new Run(changed);
  const results = [];
  // What is called while modules and tests are loaded shows in all tests, or in all of that file.
  const first = called(() => run.load(Object.keys(changed)));
  for (const file of testFiles) {
    const early = called(() => run.suite(file));
    for (let index = 0; index < run.suite(file).tests.length; index++) {
      const test = { file, index };
      if (measures.test(run.name(test))) continue;
      reached.clear();
      const before = process.cpuUsage();
      const failed = await run.fails(test);
      if (failed !== undefined) return { results, failed };
      const { user, system } = process.cpuUsage(before);
      const ms = (user + system) / 1000;
      results.push({ test, name: run.name(test), ms, reached: [...new Set([...first, ...early, ...reached])] });
    }
  }
  await run.end();
  return { results };
}

/** The functions that are called during the run. @param {() => void} run */
function called(run) {
  reached.clear();
  run();
  return [...reached];
}

/** @param {Question} question @returns {Promise<Answer>} */
async function runUntilOneFails({ changed, tests = [] }) {
  const run = new Run(changed);
  for (const [at, test] of tests.entries()) {
    process.send?.({ runs: at });
    const failed = await run.fails(test);
    if (failed !== undefined) return { results: [], failed };
  }
  await run.end();
  return { results: [] };
}

/** All tests, loaded with one set of sources. */
class Run {
  /** @type {Map<string, Suite>} */
  #suites = new Map();
  #loader;

  constructor(/** @type {Record<string, string>} */ changed) {
    this.#loader = new Loader(changed, { '@jest/globals': globals, '@fast-check/jest': properties, [oracle]: php });
    environment.isolateModules = (run) => this.#loader.isolated(run);
  }

  load(/** @type {string[]} */ files) {
    for (const file of files) this.#loader.load(file);
  }

  suite(/** @type {string} */ file) {
    let suite = this.#suites.get(file);
    if (suite === undefined) {
      suite = new Suite();
      this.#suites.set(file, suite);
      suite.load(() => this.#loader.load(file));
    }
    return suite;
  }

  name(/** @type {TestName} */ { file, index }) {
    return (this.#suites.get(file)?.tests[index]?.name ?? '').split('\n', 1)[0] ?? '';
  }

  /** What is wrong, or `undefined` if the test passes. @param {TestName} test */
  async fails(test) {
    Math.random = seeded();
    try {
      const suite = this.suite(test.file);
      const one = suite.tests[test.index];
      if (one !== undefined) await suite.run(one);
      return undefined;
    } catch (error) {
      await this.end();
      return {
        test,
        name: this.name(test),
        message: String(/** @type {any} */ (error)?.message ?? error).slice(0, 300),
      };
    }
  }

  async end() {
    for (const suite of this.#suites.values()) await suite.end();
  }
}

/** Random numbers that are the same each time (mulberry32). */
function seeded() {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// All files are compiled once before time is taken.
const once = new Run({});
for (const file of testFiles) once.suite(file);
process.send?.({ ready: true });
