import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root, SetupError } from '../setup.mjs';
import { thoseThatCompile } from './compile-check.mjs';
import { findMutants } from './mutants.mjs';
import { describe, lineChange, report } from './report.mjs';
import { Runner } from './runner.mjs';
import { keepSurvivors, lastSurvivors } from './survivors.mjs';

/** @typedef {import('./mutants.mjs').Mutant} Mutant */

const needed = 85; // percent

/**
 * Tries mutants of the codec, and prints the result; the exit status of this process is 1 when too few were noticed.
 *
 * @param {object} choice
 * @param {readonly string[]} [choice.files] parts of paths: of these files alone
 * @param {number} [choice.size] only so many of them, picked at random, of which some do not compile; default all
 * @param {number} choice.seed of what is picked
 * @param {number} [choice.only] this one alone, by its number: shows the change, and what noticed it
 * @param {boolean} choice.again only those that survived the last complete run; the final figure is for all
 * @param {number} choice.jobs processes at a time
 * @throws {SetupError} when there is no such mutant, or no such run
 */
export async function tryMutants({ files, size, seed, only, again, jobs }) {
  const directory = join(root, '.cache/mutation');
  mkdirSync(directory, { recursive: true });
  const options = compilerOptions();
  const sources = filesIn('src/codec', '.ts');
  const last = again ? lastSurvivors(sources) : undefined;
  const chosen = findMutants(root, sources, options).filter(({ number, path }) => {
    if (only !== undefined) return number === only;
    if (last !== undefined) return last.survived.includes(number);
    return files?.some((name) => relative(root, path).includes(name)) ?? true;
  });
  if (chosen.length === 0) throw new SetupError('There is no such mutant');

  // Picked before they are compiled, which takes long.
  const picked = size === undefined ? chosen : sample(chosen, size, seed);
  const mutants = sources.flatMap((path) =>
    thoseThatCompile(
      picked.filter((mutant) => mutant.path === path),
      options,
    ),
  );
  if (only !== undefined) for (const mutant of chosen) console.log(lineChange(mutant));
  console.log(`${chosen.length} mutants, ${picked.length} picked; ${mutants.length} of these compile`);

  const settings = { root, testFiles: testFiles(), answers: join(directory, `answers-${process.pid}`) };
  const first = new Runner(settings);
  await first.survey(sources);
  const time = first.tests.reduce((sum, { ms }) => sum + ms, 0);
  console.log(`${first.tests.length} tests, ${(time / 1000).toFixed(1)} s without mutants`);

  const runners = [first, ...Array.from({ length: jobs - 1 }, () => first.another())];
  /** @type {Map<Mutant, import('./runner.mjs').Outcome>} */
  const outcomes = new Map();
  const waiting = mutants.values();
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1000);
  const tried = (/** @type {Mutant} */ mutant) => ({
    ...mutant,
    ...outcomes.get(mutant),
    tests: first.testsOf(mutant).length,
  });
  let stopped = false;
  // Not once: under npm one Ctrl+C comes twice, from the terminal and from npm.
  process.on('SIGINT', () => {
    stopped = true;
  });
  await Promise.all(
    runners.map(async (runner) => {
      for (const mutant of waiting) {
        if (stopped) break;
        const outcome = await runner.run(mutant);
        outcomes.set(mutant, outcome);
        if (only !== undefined) console.log(`${outcome.end} ${outcome.by ?? ''}\n${outcome.message ?? ''}`);
        else if (outcome.end === 'survived') console.log(describe(tried(mutant)));
        if (outcomes.size % 100 === 0) console.log(`${outcomes.size} of ${mutants.length}, ${seconds()} s`);
      }
      await runner.check();
      runner.close();
    }),
  );
  rmSync(settings.answers);

  if (only !== undefined) return;
  const done = mutants.filter((mutant) => outcomes.has(mutant)).map(tried);
  const survived = done.filter(({ end }) => end === 'survived').map(({ number }) => number);
  const isComplete = files === undefined && size === undefined && last === undefined && !stopped;
  if (isComplete) keepSurvivors(sources, mutants.length, survived);
  // What survived before and was not tried has survived.
  const left = last === undefined ? survived.length : last.survived.length - (done.length - survived.length);
  const total = last?.total ?? done.length;
  const percent = ((total - left) / total) * 100;
  const text = report(done);
  const file = join(directory, 'report.txt');
  writeFileSync(file, text);
  console.log(`\n${text}\n\n${seconds()} s; also in ${relative(root, file)}`);
  console.log(`${total - left} of ${total} were noticed: ${percent.toFixed(1)} %`);
  if (!(percent >= needed)) {
    console.error(`Less than ${needed} % were noticed.`);
    process.exitCode = 1;
  }
}

/** Those of tsconfig.json; what only a linter should mind does not keep a mutant from compiling. */
function compilerOptions() {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  return { ...options, noUnusedLocals: false, noUnusedParameters: false };
}

function testFiles() {
  return [
    // Not what measures memory: that takes long, and does not look at what comes out.
    ...filesIn('test/unit/codec', '.test.ts').filter((path) => !path.endsWith('memory.test.ts')),
    ...filesIn('test/property', '.test.ts'),
    // In these real PHP says what is right: its answers are recorded before the mutants are tried.
    ...filesIn('test/differential', '.test.ts').filter((path) =>
      /(?:fuzz(?:-\w+)?|edits|json|lists|detect|rules-[^/]*)\.test/.test(path),
    ),
  ];
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
