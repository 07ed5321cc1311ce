// `npm run storm`: many clients use a few sessions on PHP and Node servers at once, on a real database. Exit status 1 when
// anything was lost or came back, or when a request failed without a fault (or with one that no visitor may notice).
//
//   --engine NAME       mariadb (default), mysql, ndb or galera
//   --requests N        default 20000
//   --seed N            default: a random one, which is printed
//   --sessions N        default 50
//   --concurrency N     requests under way at the same time, default 32
//   --processes HOW     the Node servers: separate (8 processes, default), cluster (2 × 4 workers), threads (2 × 4)
//   --php-workers N     default 8
//   --lock HOW          row (default), or merge: PHP's lock and Node's mode
//   --frameworks NAME,... of the Node servers, in turn: koa (default), express, fastify, hono
//   --persistent        PHP keeps its connections; only on mariadb and mysql
//   --every-node        each Node server begins with another SQL node, also on Galera, which refuses some requests then
//   --beside DIR        every second Node server and page of PHP uses the version of the package in DIR (its dist/ and php/), and in the
//                       end all do; only with --frameworks koa
//   --faults NAME,...   the faults, one after the other; all: every fault that this engine can have
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { choose, numberOf } from '../arguments.mjs';
import { build } from '../build.mjs';
import { clusterParts, runCommand, SetupError, setUp, stormParts } from '../setup.mjs';

/** @typedef {import('./servers.mjs').Layout} Layout */

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'mariadb' },
      requests: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      sessions: { type: 'string', default: '50' },
      concurrency: { type: 'string', default: '32' },
      processes: { type: 'string', default: 'separate' },
      'php-workers': { type: 'string', default: '8' },
      lock: { type: 'string', default: 'row' },
      persistent: { type: 'boolean', default: false },
      frameworks: { type: 'string', default: 'koa' },
      'every-node': { type: 'boolean', default: false },
      beside: { type: 'string' },
      faults: { type: 'string', default: '' },
    },
  });
  const numbers = {
    requests: numberOf(values, 'requests'),
    seed: numberOf(values, 'seed', { least: 0 }),
    sessions: numberOf(values, 'sessions'),
    concurrency: numberOf(values, 'concurrency'),
    phpWorkers: numberOf(values, 'php-workers'),
  };
  await setUp(values.engine === 'galera' ? [...stormParts, ...clusterParts] : stormParts);
  await build();
  // Not above: nothing of it can be loaded before it is installed and built.
  const { isEngineName } = await import('../services/engines.mjs');
  const { chooseFaults } = await import('./faults.mjs');
  const { layouts } = await import('./servers.mjs');
  const { storm } = await import('./storm.mjs');
  const { report } = await import('./report.mjs');
  if (!isEngineName(values.engine)) throw new SetupError(`--engine: there is no ${values.engine}`);
  if (values.persistent && ['ndb', 'galera'].includes(values.engine)) {
    throw new SetupError(`--persistent: not with the servers of ${values.engine}`);
  }
  const frameworks = choose(['koa', 'express', 'fastify', 'hono'], values.frameworks.split(','), 'framework');
  if (values.beside !== undefined && frameworks.some((name) => name !== 'koa')) {
    throw new SetupError('--beside: only with --frameworks koa.');
  }
  const [lock] = choose(/** @type {('row' | 'merge')[]} */ (['row', 'merge']), [values.lock], '--lock');
  const [processes] = choose(/** @type {Layout[]} */ (Object.keys(layouts)), [values.processes], '--processes');
  const result = await storm({
    engine: values.engine,
    ...numbers,
    processes,
    lock,
    persistent: values.persistent,
    frameworks,
    beside: values.beside && resolve(values.beside),
    everyNode: values['every-node'] || undefined,
    faults: chooseFaults(values.faults, values.engine),
    say: (line) => console.log(line),
  });
  for (const line of report(result)) console.log(line);
  process.exitCode = result.model.problems.size > 0 || result.failed > 0 ? 1 : 0;
});
