import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

const folder = mkdtempSync(join(tmpdir(), 'psb-setup-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('npm ci is not run where node_modules is a symbolic link, whose target it would empty', () => {
  const [clone, modules] = [join(folder, 'clone'), join(folder, 'modules')];
  cpSync('tools', join(clone, 'tools'), { recursive: true });
  mkdirSync(join(modules, 'koa'), { recursive: true });
  symlinkSync(modules, join(clone, 'node_modules'));
  const packages = { '': {}, 'node_modules/koa': { version: '3.3.0', integrity: 'sha512-x' } };
  writeFileSync(join(clone, 'package.json'), '{}');
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));

  const code = "import { runCommand, setUp } from './tools/setup.mjs'; await runCommand(() => setUp());";
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: clone });
  expect(String(stderr)).toMatch(/node_modules is a symbolic link .* Remove the link, and start again\.\n$/);
  expect([status, readdirSync(modules)]).toEqual([1, ['koa']]);
});
