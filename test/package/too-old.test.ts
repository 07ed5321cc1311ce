import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Consumer, clone } from './consumer.ts';

// What is too old is said when the application starts, and first: not what it misses, nor by the first request.

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
  // That of Debian 12, and the last release of mysql2 that the peer range does not admit.
  await consumer.fetch('node@npm:node@18.19.0', 'mysql2@npm:mysql2@3.23.0');
}, 240_000);
afterAll(() => consumer?.remove());

const oldNode = () => consumer.path('node_modules', 'node', 'bin');

/** @returns all that it prints, and its exit status */
async function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
  const options = { cwd, env, timeout: 100_000 };
  const ended = promisify(execFile)(command, args, options).then(({ stdout, stderr }) => ({ stdout, stderr, code: 0 }));
  const { stdout, stderr, code } = await ended.catch((error) => error);
  return { text: stdout + stderr, code };
}

describe('Node 18', () => {
  test.each(['mysql', 'koa', 'koa-session', 'testing'])("the package's %s", async (entry) => {
    const says = 'php-session-bridge needs Node 20.19, 22.13, 24 or later, and this is 18.19.0';
    for (const code of [`require('php-session-bridge/${entry}')`, `import('php-session-bridge/${entry}')`]) {
      const { text, code: status } = await run(join(oldNode(), 'node'), ['-e', code], consumer.path());
      expect(text).toMatch(new RegExp(`^Error: ${says}$`, 'm'));
      expect(text).not.toContain('SyntaxError');
      expect(status).toBe(1);
    }
  });

  test.each(['start', 'test'])('npm %s: one line', async (script) => {
    const env = { ...process.env, PATH: `${oldNode()}${delimiter}${process.env.PATH}` };
    const { text, code } = await run('npm', ['run', '--silent', script], clone, env);
    expect(text).toBe('Node 18.19.0 is too old: please use Node 20.19, 22.13, 24 or later (https://nodejs.org).\n');
    expect(code).toBe(1);
  });

  test('each script that runs Node asks for its version first', () => {
    const { scripts } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const running = Object.values(scripts).filter((script) => /\bnode\b/.test(script));
    expect(running.length).toBeGreaterThan(10);
    for (const script of running) expect(script).toMatch(/^(exec )?node -r \.\/tools\/node-version\.cjs /);
  });
});

test('mysql2: said when the store is made', async () => {
  const make = "mysqlStore('mysql://u:p@127.0.0.1/app')";
  const says =
    /ERR_SESSION_UNAVAILABLE.*mysqlStore\(\) needs mysql2 3\.23\.1 or later, and finds 3\.23\.0: npm install mysql2@latest/;
  for (const code of [
    `require('php-session-bridge/mysql').${make}`,
    `import('php-session-bridge/mysql').then(({ mysqlStore }) => ${make})`,
  ]) {
    const { text, code: status } = await run(process.execPath, ['-e', code], consumer.path());
    expect(text).toMatch(says);
    expect(status).toBe(1);
  }
});
