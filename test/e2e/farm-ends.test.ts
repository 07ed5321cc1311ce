import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let temporary: string;
let child: ChildProcess;
let output = '';
/** What it says in the end. */
const stopped = /\nStopping all that was started \(some seconds\) \.\.\.\nStopped\.\n$/;

beforeEach(() => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  // A path with a space, as a test of quoting.
  temporary = mkdtempSync(join(tmpdir(), 'farm ends '));
}, 120_000);

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(temporary, { recursive: true, force: true });
});

/** As `npm start` does, in a clone. */
function start(clone: string): void {
  output = '';
  child = spawn(process.execPath, ['tools/start.mjs'], {
    cwd: clone,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s leaves no process and no file', async (signal) => {
  start('.');
  await until(() => /^ {2}http:/m.test(output) || child.exitCode !== null);
  expect(output).toMatch(/^Starting .* \(5 to 30 seconds\) \.\.\.$/m);
  const processes = familyOf(child.pid!);
  // MariaDB, HAProxy, two Node servers, two PHP servers with 8 workers each, the watchdog, itself.
  expect(processes.length).toBeGreaterThanOrEqual(1 + 1 + 2 + 2 * 9 + 1 + 1);
  expect(readdirSync(temporary)).not.toEqual([]);
  child.kill(signal);
  await until(() => !processes.some(isRunning) && readdirSync(temporary).length === 0);
  expect(processes.filter(isRunning)).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  if (signal !== 'SIGKILL') {
    await until(() => child.stdout!.readableEnded);
    expect(output).toMatch(stopped);
  }
});

test('a new clone says that it builds, and how long that takes; Ctrl-C is answered then too, and leaves nothing', async () => {
  for (const name of [
    'tools',
    'src',
    'php',
    'examples',
    ...readdirSync('.').filter((file) => /^(package|tsconfig).*json$/.test(file)),
  ]) {
    cpSync(name, join(temporary, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(temporary, 'node_modules'));
  start(temporary);
  await until(() => output.includes('\n') || child.exitCode !== null);
  expect(output).toBe('Building dist/ from src/ with TypeScript (15 to 60 seconds, once) ...\n');
  const processes = familyOf(child.pid!);
  child.kill('SIGINT');
  await until(() => child.stdout!.readableEnded && child.exitCode !== null && !processes.some(isRunning));
  expect(output).toMatch(stopped);
  expect(child.exitCode).toBe(130);
  expect(processes.filter(isRunning)).toEqual([]);
  expect(existsSync(join(temporary, 'dist'))).toBe(false);
  expect(readdirSync(join(temporary, '.cache'))).toEqual([]);
});

/** A process and all its descendants. */
function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat) parents.set(Number(name), stat.parent);
  }
  const family = [root];
  for (const member of family) for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  return family;
}

function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  const file = `/proc/${pid}/stat`;
  try {
    // The name in parentheses may hold anything.
    const [state, parent] = readFileSync(file, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: state!, parent: Number(parent) };
  } catch (error) {
    if (existsSync(file)) throw error;
    return undefined;
  }
}

/** Ends at the latest after 20 seconds; what is then not so fails the expectation that follows. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds() && Date.now() < end; ) await sleep(50);
}
