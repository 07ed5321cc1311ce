import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const read = (path: string) => readFileSync(join(__dirname, '../..', path), 'utf8');
const source = (name: string) => read(`src/stores/mysql/${name}.ts`);

const [, union] = /type FindingCode =([^;]+);/.exec(source('check-finding'))!;
/** The members of the type `FindingCode`, read from the source, as types do not exist at run time. */
const codes = [...union!.matchAll(/'([\w-]+)'/g)].map(([, code]) => code!);

/** Each section begins with its code. */
const sections = read('docs/checks.md')
  .split(/^### /m)
  .slice(1)
  .map((section) => [section.split('\n')[0]!, section.split(/^## /m)[0]!] as const);

test('docs/checks.md has one heading for each code, and no other', () => {
  expect(sections.map(([code]) => code).sort()).toEqual([...codes].sort());
});

describe.each(sections)('%s', (code, section) => {
  test('says how severe it is, what happens, and what the SQL does', () => {
    const items = section.match(/(?<=^- \*\*)[^:]+(?=:\*\* \S)/gm);
    expect(items).toEqual(['Severity', 'What happens', 'SQL']);
  });

  test('has the severity of its rule', () => {
    const rules = ['check-table-rules', 'check-server-rules', 'check'].map(source).join('\n');
    const ofRule = [...rules.matchAll(/code: '([\w-]+)',\s*severity: '(\w+)'/g)].filter(([, one]) => one === code);
    // What the store needs at all is an error.
    const severities = ofRule.length > 0 ? ofRule.map(([, , severity]) => severity!) : ['error'];
    const [, text] = /\*\*Severity:\*\* (.*)/.exec(section)!;
    expect(text!.match(/\b(error|warning|info)\b/g)).toEqual(severities);
    if (ofRule.length === 0) expect(source('table-definition')).toContain(`'${code}': {`);
  });
});
