import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { functionsOf, mutated } from './mutants.mjs';

/**
 * @typedef {import('./mutants.mjs').Mutant} Mutant
 * @typedef {import('./worker.mjs').Result} Result
 * @typedef {import('./worker.mjs').Answer} Answer
 * @typedef {import('./worker.mjs').Question} Question
 * @typedef {{ root: string, testFiles: string[], answers: string }} Settings
 * @typedef {{ end: 'killed' | 'survived' | 'timed out', by?: string, message?: string }} Outcome
 */

/** Runs the tests on mutants, in a process of its own that is ended when a mutant does not come to an end. */
export class Runner {
  #settings;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;
  /** All tests, the quickest first. @type {Result[]} */
  tests = [];

  /** @param {Settings} settings */
  constructor(settings) {
    this.#settings = settings;
  }

  /**
   * Runs all tests on the sources as they are, twice: to see what each test reaches, and what time it takes.
   *
   * @param {readonly string[]} paths the files that there are mutants of
   * @throws Error if a test fails
   */
  async survey(paths) {
    const told = Object.fromEntries(paths.map((path) => [path, tellingFunctions(path)]));
    const { results } = await this.#passing(told);
    const timed = (await this.#passing({})).results;
    this.tests = results.map((result, index) => ({ ...result, ms: timed[index]?.ms ?? result.ms }));
    this.tests.sort((a, b) => a.ms - b.ms);
    this.close(); // the process that recorded what PHP says
  }

  /** One more, for the same tests. */
  another() {
    const other = new Runner(this.#settings);
    other.tests = this.tests;
    return other;
  }

  /**
   * The tests that reach this mutant, the quickest first. What hundreds of tests reach is not worth the slow ones: they
   * would take most of the time, and hardly any mutant waits for them.
   *
   * @param {Mutant} mutant
   */
  testsOf({ scope }) {
    const tests = scope === undefined ? this.tests : this.tests.filter(({ reached }) => reached.includes(scope));
    return tests.length > 300 ? tests.filter(({ ms }) => ms < 250) : tests;
  }

  /** @param {Mutant} mutant @returns {Promise<Outcome>} */
  async run(mutant) {
    const tests = this.testsOf(mutant);
    const changed = { [mutant.path]: mutated(mutant, readFileSync(mutant.path, 'utf8')) };
    const question = { run: /** @type {const} */ ('until one fails'), changed, tests: tests.map(({ test }) => test) };
    // Much more than each test takes: the machine may be busy with others.
    const answer = await this.#ask(question, (at) => 2000 + 20 * (tests[at]?.ms ?? 0));
    if (answer === 'timed out') return { end: 'timed out' };
    if (answer === 'crashed') return { end: 'killed', by: 'the process ended' };
    const { failed } = answer;
    return failed === undefined ? { end: 'survived' } : { end: 'killed', by: failed.name, message: failed.message };
  }

  /** @throws Error if the tests do not pass any more: a mutant changed the process, and the answers are worth nothing */
  async check() {
    await this.#passing({});
  }

  close() {
    this.#process?.kill();
    this.#process = undefined;
  }

  /** @param {Record<string, string>} changed */
  async #passing(changed) {
    const answer = await this.#ask({ run: 'all', changed }, () => 600_000);
    if (typeof answer === 'string') throw new Error(`The tests of the codec ${answer}`);
    const { failed } = answer;
    if (failed !== undefined) {
      throw new Error(`A test fails without any mutant: ${failed.test.file}: ${failed.name}\n${failed.message}`);
    }
    return answer;
  }

  /**
   * @param {Question} question
   * @param {(test: number) => number} limit in milliseconds, for one test
   * @returns {Promise<Answer | 'timed out' | 'crashed'>}
   */
  async #ask(question, limit) {
    this.#process ??= await this.#start();
    const worker = this.#process;
    return new Promise((resolve) => {
      let timer = setTimeout(() => end('timed out'), limit(0) + 5000);
      const end = (/** @type {Answer | 'timed out' | 'crashed'} */ answer) => {
        clearTimeout(timer);
        worker.removeAllListeners();
        if (typeof answer === 'string') {
          worker.kill('SIGKILL');
          this.#process = undefined;
        }
        resolve(answer);
      };
      worker.on('exit', () => end('crashed'));
      worker.on('message', (/** @type {any} */ message) => {
        if (message.answer !== undefined) return end(message.answer);
        clearTimeout(timer);
        timer = setTimeout(() => end('timed out'), limit(message.runs));
      });
      worker.send(question);
    });
  }

  async #start() {
    const file = fileURLToPath(new URL('worker.mjs', import.meta.url));
    const settings = { ...this.#settings, isFirst: this.tests.length === 0 };
    const worker = fork(file, [JSON.stringify(settings)], { execArgv: ['--max-old-space-size=1024'] });
    await new Promise((resolve) => worker.once('message', resolve));
    return worker;
  }
}

/** The source, with a record at the start of each function that it was called. @param {string} path */
function tellingFunctions(path) {
  let source = readFileSync(path, 'utf8');
  /** @type {{ at: number, text: string }[]} */
  const insertions = functionsOf(path, source).flatMap(({ scope, body, isExpression }) => {
    const call = `globalThis.reached(${JSON.stringify(scope)})`;
    if (!isExpression) return [{ at: body.start + 1, text: `${call};` }];
    return [
      { at: body.start, text: `(${call}, ` },
      { at: body.end, text: ')' },
    ];
  });
  insertions.sort((a, b) => b.at - a.at);
  for (const { at, text } of insertions) source = source.slice(0, at) + text + source.slice(at);
  return source;
}
