import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { names } from '../helpers/signals.ts';

const root = join(__dirname, '../..');
const page = readFileSync(join(root, 'docs/signals.md'), 'utf8');

/** The fields of each message, by the types. */
const fields = (() => {
  const file = join(root, 'src/stores/signals.ts');
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const declaration = program
    .getSourceFile(file)!
    .statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === 'SessionSignals')!;
  const properties = (type: ts.Type) => checker.getPropertiesOfType(type);
  return Object.fromEntries(
    properties(checker.getTypeAtLocation(declaration)).map((signal) => [
      signal.name,
      properties(checker.getTypeOfSymbol(signal)).map((field) => field.name),
    ]),
  );
})();

describe('docs/signals.md', () => {
  test('has the channels of the code, in their order', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual(expect.arrayContaining(names));
    expect(rows.slice(0, names.length)).toEqual(names);
    expect(Object.keys(fields)).toEqual(names);
  });

  test.each(names.filter((name) => name !== 'gone'))('has the fields of %s', (name) => {
    expect(fields[name]).not.toEqual([]);
    const [row] = new RegExp(`^\\| \`${name}\` \\|.*$`, 'm').exec(page)!;
    for (const field of fields[name]!) expect(row).toContain(`\`${field}\``);
  });
});
