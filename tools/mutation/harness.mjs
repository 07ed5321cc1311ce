// Jest takes a second to begin, which is too much where that happens thousands of times. This has the part of it that the
// tests of the codec use.
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

/** The file that is being loaded. @type {Suite | undefined} */
let current;

/** The tests of one file, to be run one by one. */
export class Suite {
  /** @type {Test[]} */
  tests = [];
  /** @type {Block} */
  block = newBlock();
  /** @type {Block[]} */
  #all = [this.block];

  /** @param {Run} load loads the file, which finds `globals` and `properties` in the place of Jest's */
  load(load) {
    current = this;
    load();
    current = undefined;
  }

  /** @param {Run} define */
  nest(define) {
    const outer = this.block;
    this.block = newBlock(outer);
    this.#all.push(this.block);
    define();
    this.block = outer;
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
}

function loading() {
  if (current === undefined) throw new Error('Tests and hooks are defined while a file is loaded');
  return current;
}

const hook = (/** @type {'before' | 'after' | 'beforeEach' | 'afterEach'} */ kind) => (/** @type {Run} */ run) =>
  void loading().block[kind].push(run);

const test = Object.assign(
  withTable((name, run) => {
    const { tests, block } = loading();
    tests.push({ name, run, block });
  }),
  // A test that fails anyway says nothing about a mutant.
  { failing: withTable(() => {}) },
);

/** What only who loads the files can do. */
export const environment = {
  /** Runs a function that finds no module loaded. */
  isolateModules: (/** @type {Run} */ run) => void run(),
};

/** What a test file finds in `@jest/globals`. */
export const globals = strict({
  expect,
  jest: strict({ isolateModules: (/** @type {Run} */ run) => environment.isolateModules(run) }),
  test,
  it: test,
  describe: withTable((_name, define) => loading().nest(define)),
  beforeAll: hook('before'),
  afterAll: hook('after'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
});

/** What it finds in `@fast-check/jest`. The seed is always the same, and what fails is not made smaller. */
export const properties = strict({ fc, test: Object.assign(test, { prop }) });

/** @param {any} arbitraries @param {any} [options] */
function prop(arbitraries, options = {}) {
  return (/** @type {string} */ name, /** @type {any} */ check) =>
    test(name, () => {
      const property = Array.isArray(arbitraries)
        ? /** @type {any} */ (fc.asyncProperty)(...arbitraries, async (/** @type {any[]} */ ...values) =>
            check(...values),
          )
        : fc.asyncProperty(fc.record(arbitraries), async (values) => check(values));
      const numRuns = Math.min(options.numRuns ?? 50, 50);
      return fc.assert(property, { seed: 1, ...options, numRuns, endOnFailure: true });
    });
}

/** With `each`, as Jest has it. @param {(name: string, run: Run) => void} define */
function withTable(define) {
  const each = (/** @type {readonly any[]} */ table) => (/** @type {string} */ name, /** @type {any} */ run) => {
    for (const row of table) {
      const values = Array.isArray(row) ? row : [row];
      define(format(name.replaceAll(/%[#$pj]/g, '%O'), ...values), () => run(...values));
    }
  };
  return Object.assign(define, { each });
}

/** What is missing here must not be `undefined` in silence. @template {object} T @param {T} names @returns {T} */
function strict(names) {
  return new Proxy(names, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || name === '__esModule') return Reflect.get(target, name);
      throw new Error(`tools/mutation/harness.mjs has no ${name}`);
    },
  });
}
