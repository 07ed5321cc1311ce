// `npm run bench:load`: what an application pays at its start, in CPU time of processes that load the packages and end.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { numberOf } from '../tools/arguments.mjs';
import { build } from '../tools/build.mjs';
import { runCommand, setUp } from '../tools/setup.mjs';
import { median } from './measure.mjs';

const cases = {
  'Node alone': [],
  koa: ['koa'],
  'koa, php-session-bridge/koa': ['koa', 'php-session-bridge/koa'],
  mysql2: ['mysql2'],
  'mysql2, php-session-bridge/mysql': ['mysql2', 'php-session-bridge/mysql'],
};

await runCommand(async () => {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '31' } } });
  const rounds = numberOf(values, 'rounds');
  await setUp();
  await build();
  /** @type {Map<string, number[]>} */
  const times = new Map(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, packages] of Object.entries(cases)) times.get(name)?.push(loads(packages));
  }
  for (const [name, each] of times) {
    const without = name.startsWith('koa,') ? 'koa' : name.startsWith('mysql2,') ? 'mysql2' : undefined;
    const ratio =
      without === undefined
        ? ''
        : `, ${(median(each) / median(times.get(without) ?? [])).toFixed(2)} times ${without} alone`;
    console.log(`${name}: ${median(each).toFixed(1)} ms${ratio}`);
  }
});

/**
 * @param {string[]} packages
 * @returns milliseconds of CPU time
 */
function loads(packages) {
  const script = `for (const name of ${JSON.stringify(packages)}) require(name);
    const { user, system } = process.cpuUsage();
    process.stdout.write(String((user + system) / 1000));`;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return Number(execFileSync(process.execPath, ['-e', script], { cwd, encoding: 'utf8' }));
}
