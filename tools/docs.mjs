// `npm run docs`: writes the tables of docs/options.md from the code. A test notices when they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from './build.mjs';
import { optionsPage, parts, withTables } from './options-page.mjs';
import { runCommand, setUp } from './setup.mjs';

await runCommand(async () => {
  await setUp();
  await build();
  const { mysqlRules, sessionRules } = await import('../dist/internals.js');
  writeFileSync(optionsPage, withTables(readFileSync(optionsPage, 'utf8'), parts(sessionRules, mysqlRules)));
});
