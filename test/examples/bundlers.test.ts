import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { Browser, Example, phpPage, startPhp, table } from './example.ts';

/** An application of `node:http` that bundlers have packed, beside PHP. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('test/examples/bundlers');
  php = await startPhp();
}, 240_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

const esbuild = ['node_modules/esbuild/bin/esbuild', 'server.mjs', '--bundle', '--platform=node'];
const vite = ['node_modules/vite/bin/vite.js', 'build', '--ssr', 'server.mjs'];
// What mysql2 loads is CommonJS.
const withRequire = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const builds: [string, string[], string, boolean][] = [
  [
    'esbuild, all in one ES module',
    [...esbuild, '--format=esm', `--banner:js=${withRequire}`, '--outfile=a/server.mjs'],
    'a/server.mjs',
    true,
  ],
  ['esbuild, all in one CommonJS file', [...esbuild, '--format=cjs', '--outfile=b/server.cjs'], 'b/server.cjs', true],
  ['esbuild, minified', [...esbuild, '--format=cjs', '--minify', '--outfile=c/server.cjs'], 'c/server.cjs', true],
  [
    'esbuild, packages outside',
    [...esbuild, '--format=esm', '--packages=external', '--outfile=d/server.mjs'],
    'd/server.mjs',
    false,
  ],
  ['Vite, packages outside', [...vite, '--outDir', 'e'], 'e/server.js', false],
  ['Vite, all in', [...vite, '--outDir', 'f', '--config', 'all.config.mjs'], 'f/server.js', true],
];

test.each(builds)(
  '%s',
  async (_, command, file, isWhole) => {
    example.consumer.write('all.config.mjs', 'export default { ssr: { noExternal: true } };');
    const packer = command[0]!.startsWith('node_modules/esbuild')
      ? join(example.consumer.path(), command[0]!)
      : process.execPath;
    await run(packer, packer === process.execPath ? command : command.slice(1), example.consumer.path());
    const folder = example.consumer.path(file, '..');
    const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?js$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(texts.some((text) => text.includes('FOR UPDATE'))).toBe(isWhole);

    await example.start([file]);
    const browser = new Browser();
    expect((await browser.ask(example.url)).text).toBe('1');
    expect(await phpPage(php, browser.id!, 'return ++$_SESSION["count"];')).toBe(2);
    await Promise.all(Array.from({ length: 10 }, () => browser.ask(example.url)));
    expect(await php.row(table, browser.id!)).toBe('count|i:12;');
    expect(await example.end()).toBe('exit 0');
    expect(example.log()).toBe('');
  },
  60_000,
);
