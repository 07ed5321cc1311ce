// The tables of docs/options.md. An option's sentence is the first one of its docstring. Default and php.ini name are those of its rule.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
export const optionsPage = join(root, 'docs/options.md');

/** @typedef {Record<string, { ini?: string, default?: unknown, defaultFor?: (given: any) => unknown }>} Rules */
/** @typedef {{ heading: string, file: string, options: string, rules: Rules }} Part */

/**
 * The page with its tables made anew: one below each of these headings.
 *
 * @param {string} page
 * @param {readonly Part[]} parts
 */
export function withTables(page, parts) {
  return parts.reduce((text, part) => {
    const [before, after = ''] = text.split(`## ${part.heading}\n`);
    return `${before}## ${part.heading}\n${after.replace(/^\| option \|[\s\S]*?\n(?=\n|$)/m, () => table(part))}`;
  }, page);
}

/** @param {Part} part */
function table({ file, options, rules }) {
  const said = sentences(join(root, file), options);
  const rows = Object.entries(rules).map(([name, rule]) => {
    const ini = rule.ini === undefined ? '' : `\`${rule.ini}\``;
    return `| \`${name}\` | ${defaultOf(rule)} | ${ini} | ${said.get(name)} |`;
  });
  return ['| option | default | php.ini | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** @param {Rules[string]} rule */
function defaultOf(rule) {
  if (rule.defaultFor === undefined) return shown(rule.default);
  const [now, php86] = ['8.5', '8.6'].map((phpVersion) => shown(rule.defaultFor?.({ phpVersion, store: {} })));
  return now === php86 ? now : `${now} (PHP 8.6: ${php86})`;
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || typeof value === 'function') return '';
  return `\`${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}\``;
}

/**
 * The first sentence of each option's docstring, with a link to the page that it names.
 *
 * @param {string} file
 * @param {string} name of the interface
 */
function sentences(file, name) {
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const declaration = program
    .getSourceFile(file)
    ?.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name);
  if (declaration === undefined) throw new Error(`${file} has no interface ${name}`);
  return new Map(
    checker
      .getTypeAtLocation(declaration)
      .getProperties()
      .map((property) => {
        const text = ts.displayPartsToString(property.getDocumentationComment(checker)).replaceAll('\n', ' ');
        const [sentence] = text.split(/(?<=\.) (?=[A-Z]|php\.ini)/);
        const [, page] = /\bSee docs\/([\w-]+\.md(?:#[\w-]+)?)/.exec(text) ?? [];
        return [property.name, page === undefined ? sentence : `${sentence} [More](${page})`];
      }),
  );
}

/**
 * @param {Rules} sessionRules
 * @param {Rules} mysqlRules
 * @returns {Part[]}
 */
export const parts = (sessionRules, mysqlRules) => [
  { heading: '`phpSession()`', file: 'src/session/options.ts', options: 'SessionOptions', rules: sessionRules },
  { heading: '`mysqlStore()`', file: 'src/stores/mysql/options.ts', options: 'MysqlStoreOptions', rules: mysqlRules },
];
