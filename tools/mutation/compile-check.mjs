import { dirname, join } from 'node:path';
import ts from 'typescript';
import { mutated } from './mutants.mjs';

/** @typedef {import('./mutants.mjs').Mutant} Mutant */

/**
 * Those mutants that TypeScript accepts: the others could not get into the package.
 *
 * All mutants of a file are copies of it, side by side in one program, so the rest of the project is read once.
 *
 * @param {readonly Mutant[]} mutants of one file
 * @param {ts.CompilerOptions} options
 * @returns {Mutant[]}
 */
export function thoseThatCompile(mutants, options) {
  const path = mutants[0]?.path;
  if (path === undefined) return [];
  const source = /** @type {string} */ (ts.sys.readFile(path));
  const copy = (/** @type {number | string} */ name) => join(dirname(path), `mutant-${name}.ts`);
  const texts = new Map(mutants.map((mutant) => [copy(mutant.number), mutated(mutant, source)]));
  texts.set(copy('none'), source);

  const program = ts.createProgram([...texts.keys()], options, hostWith(texts, options));
  const problems = (/** @type {number | string} */ name) => {
    const file = program.getSourceFile(copy(name));
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(describe);
  };
  // A copy of a class with private fields is another class, which some files do not like in any case.
  const usual = problems('none');
  return mutants.filter(({ number }) => problems(number).every((problem) => usual.includes(problem)));
}

/** Files of the libraries and of the project, read once for all programs. @type {Map<string, ts.SourceFile>} */
const files = new Map();

/** @param {Map<string, string>} texts @param {ts.CompilerOptions} options */
function hostWith(texts, options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, language, ...more) => {
    const text = texts.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, language);
    const known = files.get(name);
    if (known !== undefined) return known;
    const file = getSourceFile(name, language, ...more);
    if (file !== undefined) files.set(name, file);
    return file;
  };
  return host;
}

/** @param {ts.Diagnostic} problem */
function describe({ code, messageText }) {
  return `${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`.replaceAll(/mutant-\w+/g, 'mutant');
}
