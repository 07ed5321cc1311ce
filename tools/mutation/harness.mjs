import { createRequire } from 'node:module';
import { format } from 'node:util';
import fc from 'fast-check';

// The same `expect` as Jest's, without its snapshots.
const fromJest = createRequire(createRequire(import.meta.url).resolve('@jest/globals'));
const { expect } = createRequire(fromJest.resolve('@jest/expect'))('expect');

/**
 * @typedef {() => unknown} Run
 * @typedef {{ before: Run[], after: Run[], beforeEach: Run[], afterEach: Run[], started: boolean, outer: Block | undefined }} Block
 * @typedef {{ name: string, run: Run, block: Block }} Test
 */

/** @param {Block} [outer] @returns {Block} */
const newBlock = (outer) => ({ before: [], after: [], beforeEach: [], afterEach: [], started: false, outer });

/**
 * The tests of one file, run one by one. Jest takes a second to begin, which is too much where that happens thousands of times;
 * this has the part of it that the tests of the codec use.
 */
export class Suite {
  /** @type {Test[]} */
  tests = [];
  #block = newBlock();
  /** @type {Block[]} */
  #all = [this.#block];

  /** What the file finds in `@jest/globals`. */
  get globals() {
    const hook = (/** @type {'before' | 'after' | 'beforeEach' | 'afterEach'} */ kind) => (/** @type {Run} */ run) =>
      void this.#block[kind].push(run);
    const globals = {
      expect,
      test: this.#test,
      it: this.#test,
      describe: this.#describe,
      beforeAll: hook('before'),
      afterAll: hook('after'),
      beforeEach: hook('beforeEach'),
      afterEach: hook('afterEach'),
    };
    return strict(globals);
  }

  /** What it finds in `@fast-check/jest`. The seed is always the same, and what fails is not made smaller. */
  get properties() {
    const prop = (/** @type {any} */ arbitraries, /** @type {any} */ options = {}) => {
      return (/** @type {string} */ name, /** @type {any} */ run) =>
        this.#test(name, () => {
          const property = Array.isArray(arbitraries)
            ? /** @type {any} */ (fc.asyncProperty)(...arbitraries, async (/** @type {any[]} */ ...values) =>
                run(...values),
              )
            : fc.asyncProperty(fc.record(arbitraries), async (values) => run(values));
          const numRuns = Math.min(options.numRuns ?? 100, 100);
          return fc.assert(property, { seed: 1, ...options, numRuns, endOnFailure: true });
        });
    };
    return strict({ fc, test: Object.assign(this.#test.bind(this), this.#test, { prop }) });
  }

  /** Runs one test, with the hooks around it. @param {Test} test */
  async run({ run, block }) {
    const blocks = [];
    for (let one = /** @type {Block | undefined} */ (block); one !== undefined; one = one.outer) blocks.unshift(one);
    for (const one of blocks) {
      if (!one.started) for (const before of one.before) await before();
      one.started = true;
    }
    for (const one of blocks) for (const before of one.beforeEach) await before();
    await run();
    for (const one of blocks.reverse()) for (const after of one.afterEach) await after();
  }

  async end() {
    for (const { started, after } of this.#all.reverse()) if (started) for (const run of after) await run();
  }

  #test = withTable((/** @type {string} */ name, /** @type {Run} */ run) => {
    this.tests.push({ name, run, block: this.#block });
  });

  #describe = withTable((/** @type {string} */ _name, /** @type {Run} */ define) => {
    const outer = this.#block;
    this.#block = newBlock(outer);
    this.#all.push(this.#block);
    define();
    this.#block = outer;
  });
}

/** With `each`, as Jest has it. @param {(name: string, run: Run) => void} define */
function withTable(define) {
  const each = (/** @type {readonly any[]} */ table) => (/** @type {string} */ name, /** @type {any} */ run) => {
    for (const row of table) {
      const values = Array.isArray(row) ? row : [row];
      define(format(name.replaceAll(/%[#$p]/g, '%j'), ...values), () => run(...values));
    }
  };
  return Object.assign(define, { each });
}

/** What is missing here must not be `undefined` in silence. @template {object} T @param {T} globals @returns {T} */
function strict(globals) {
  return new Proxy(globals, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || name === '__esModule' || name === 'default')
        return Reflect.get(target, name);
      throw new Error(`tools/mutation/harness.mjs has no ${name}`);
    },
  });
}
