import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isTooOld } from '../../src/node-version.ts';

const { engines, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

// Releases at the edges of `engines`; 23 is newer than what it names.
const versions = [
  '16.20.2',
  '18.19.0',
  '20.18.3',
  '20.19.0',
  '20.20.2',
  '21.7.3',
  '22.12.0',
  '22.13.0',
  '23.0.0',
  '24.0.0',
  '26.1.0',
];
const old = versions.slice(0, 3).concat('21.7.3', '22.12.0');

test('engines in package.json is what the versions here are about', () => {
  expect(engines.node).toBe('^20.19.0 || ^22.13.0 || >=24');
});

test.each(versions)('Node %s', (version) => {
  expect(isTooOld(version)).toBe(old.includes(version));
  const script = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); process.exitCode = 7;
    require('./tools/node-version.cjs');`;
  const status = () => execFileSync(process.execPath, ['-e', script], { stdio: 'pipe' });
  expect(status).toThrow(expect.objectContaining({ status: old.includes(version) ? 1 : 7 }));
});

test('the lowest mysql2 is that of the peer range', () => {
  const [, lowest] = /const LOWEST = \[([\d, ]+)\]/.exec(readFileSync('src/stores/mysql/driver.ts', 'utf8'))!;
  expect(peerDependencies.mysql2).toBe(`^${lowest!.replaceAll(', ', '.')}`);
});
