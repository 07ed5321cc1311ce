// `npm run test:mutation -- [--file NAME] [--sample N] [--seed S] [--only N] [--jobs N]`: changes the codec in a few thousand
// small ways, one at a time, and looks whether its tests notice. Fails where they notice less than 85 % of what compiles.
// Ctrl+C ends it with a report of what was tried by then.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root, setUp } from './setup.mjs';

/** @typedef {import('./mutation/mutants.mjs').Mutant} Mutant */

const needed = 85; // percent
const { values } = parseArgs({
  options: {
    file: { type: 'string', multiple: true, default: [''] }, // part of a path: only mutants of these files
    sample: { type: 'string' }, // only so many, picked at random
    seed: { type: 'string', default: '1' }, // of the sample
    only: { type: 'string' }, // one mutant, by its number: shows the change, and what noticed it
    jobs: { type: 'string', default: '1' }, // processes at a time
  },
});
await setUp(['php-cli']);
// Not above: these cannot be loaded before TypeScript is installed.
const { default: ts } = await import('typescript');
const { thoseThatCompile } = await import('./mutation/compile-check.mjs');
const { findMutants } = await import('./mutation/mutants.mjs');
const { describe, lineChange, report } = await import('./mutation/report.mjs');
const { Runner } = await import('./mutation/runner.mjs');

const directory = join(root, '.cache/mutation');
mkdirSync(directory, { recursive: true });
const options = compilerOptions();
const sources = filesIn('src/codec', '.ts');
const all = findMutants(root, sources, options);
const chosen = values.only === undefined ? ofFiles(all) : all.filter(({ number }) => String(number) === values.only);
if (chosen.length === 0) throw new Error('There is no such mutant');

const compiling = sources.flatMap((path) =>
  thoseThatCompile(
    chosen.filter((mutant) => mutant.path === path),
    options,
  ),
);
const mutants = values.sample === undefined ? compiling : sample(compiling, Number(values.sample), Number(values.seed));
if (values.only !== undefined) for (const mutant of chosen) console.log(lineChange(mutant));
console.log(`${mutants.length} mutants, of ${chosen.length} of which ${compiling.length} compile`);

const testFiles = [
  // Not what measures memory: that takes long, and does not look at what comes out.
  ...filesIn('test/unit/codec', '.test.ts').filter((path) => !path.endsWith('memory.test.ts')),
  ...filesIn('test/property', '.test.ts'),
  // In these real PHP says what is right: its answers are recorded before the mutants are tried.
  ...filesIn('test/differential', '.test.ts').filter((path) =>
    /(?:fuzz|edits|lists|detect|rules-[^/]*)\.test/.test(path),
  ),
];
const settings = { root, testFiles, answers: join(directory, `answers-${process.pid}`) };
const first = new Runner(settings);
await first.survey(sources);
const total = first.tests.reduce((sum, { ms }) => sum + ms, 0);
console.log(`${first.tests.length} tests, ${(total / 1000).toFixed(1)} s without mutants`);

const runners = [first, ...Array.from({ length: Number(values.jobs) - 1 }, () => first.another())];
/** @type {Map<Mutant, import('./mutation/runner.mjs').Outcome>} */
const outcomes = new Map();
const waiting = mutants.values();
const start = performance.now();
let stopped = false;
process.once('SIGINT', () => {
  stopped = true;
});
await Promise.all(
  runners.map(async (runner) => {
    for (const mutant of waiting) {
      if (stopped) break;
      const outcome = await runner.run(mutant);
      outcomes.set(mutant, outcome);
      if (values.only !== undefined) console.log(`${outcome.end} ${outcome.by ?? ''}\n${outcome.message ?? ''}`);
      else if (outcome.end === 'survived') console.log(describe(tried(mutant)));
      if (outcomes.size % 100 === 0) console.log(`${outcomes.size} of ${mutants.length}, ${seconds()} s`);
    }
    await runner.check();
    runner.close();
  }),
);
rmSync(settings.answers);

if (values.only === undefined) {
  const { text, percent } = report(mutants.filter((mutant) => outcomes.has(mutant)).map(tried));
  const file = join(directory, 'report.txt');
  writeFileSync(file, text);
  console.log(`\n${text}\n\n${seconds()} s; also in ${relative(root, file)}`);
  if (percent < needed) {
    console.error(`Less than ${needed} % were noticed.`);
    process.exitCode = 1;
  }
}

/** @param {Mutant} mutant */
function tried(mutant) {
  return { ...mutant, ...outcomes.get(mutant), tests: first.testsOf(mutant).length };
}

function seconds() {
  return Math.round((performance.now() - start) / 1000);
}

/** @param {readonly Mutant[]} from */
function ofFiles(from) {
  return from.filter(({ path }) => values.file.some((name) => relative(root, path).includes(name)));
}

/** Those of tsconfig.json; what only a linter should mind does not keep a mutant from compiling. */
function compilerOptions() {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  return { ...options, noUnusedLocals: false, noUnusedParameters: false };
}

/** @param {string} under @param {string} ending */
function filesIn(under, ending) {
  const files = /** @type {string[]} */ (readdirSync(join(root, under), { recursive: true }));
  return files
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(root, under, name));
}

/** The same ones for the same seed. @param {readonly Mutant[]} from @param {number} size @param {number} seed */
function sample(from, size, seed) {
  const order = (/** @type {Mutant} */ { number }) => Math.imul(number + 1, 0x9e3779b1 ^ (seed * 0x85ebca6b)) >>> 0;
  return [...from]
    .sort((a, b) => order(a) - order(b))
    .slice(0, size)
    .sort((a, b) => a.number - b.number);
}
