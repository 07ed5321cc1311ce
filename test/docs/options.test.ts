import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { sessionRules } from '../../src/session/options.ts';
import { mysqlRules } from '../../src/stores/mysql/options.ts';
import { optionsPage, parts, withTables } from '../../tools/options-page.mjs';

test('docs/options.md has the options, defaults and sentences of the code; `npm run docs` writes them', () => {
  const page = readFileSync(optionsPage, 'utf8');
  const all = parts(sessionRules, mysqlRules);
  expect(withTables(page, all)).toBe(page);
  for (const { rules } of all)
    for (const name of Object.keys(rules)) expect(page).toMatch(new RegExp(`^\\| \`${name}\` .* [^| ]+ \\|$`, 'm'));
});
