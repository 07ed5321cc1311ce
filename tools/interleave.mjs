// `npm run interleave`: a few requests at one session meet in chosen orders, with chosen faults, and what became of the session
// is compared with the answers. Exit status 1 when a promise was broken; then it prints how to see that again.
//
//   --schedules N         default 1000
//   --seed N              default: a random one, which is printed
//   --replay 'SEED:INDEX' one schedule, step by step
//   --failures N          ends after so many schedules that failed, default 3
//   --engine NAME         mariadb (default), mysql, ndb or galera
//   --beside DIR          every second Node process uses the version of the package in DIR (its dist/)
//   --every-node          on Galera: actors use all nodes; default the first alone. On NDB they use all SQL nodes, always.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { numberOf } from './arguments.mjs';
import { build } from './build.mjs';
import { runCommand, SetupError, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'mariadb' },
      beside: { type: 'string' },
      'every-node': { type: 'boolean', default: false },
      schedules: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      replay: { type: 'string' },
      failures: { type: 'string', default: '3' },
    },
  });
  const [, seed, index] = /^(\d+):(\d+)$/.exec(values.replay ?? '') ?? [];
  if (values.replay !== undefined && index === undefined) throw new SetupError('--replay: SEED:INDEX, as in 7:123');
  const numbers =
    index === undefined
      ? { seed: numberOf(values, 'seed', { least: 0 }), from: 0, schedules: numberOf(values, 'schedules') }
      : { seed: Number(seed), from: Number(index), schedules: 1 };
  const mostFailures = numberOf(values, 'failures');
  await setUp(['mariadb-server', ...(values.engine === 'galera' ? ['galera-4', 'rsync'] : []), 'php-cli', 'php-mysql']);
  await build();
  // Not above: nothing of it can be loaded before it is installed and built.
  const { Deadline, createTableSql, ...product } = await import('../dist/internals.js');
  const { isEngineName, startEngine } = await import('./services/engines.mjs');
  const { faultyStores } = await import('./interleave/faulty.mjs');
  const { interleave } = await import('./interleave/interleave.mjs');
  const { phpFaults } = await import('./interleave/php-actor.mjs');
  const { report } = await import('./interleave/report.mjs');
  if (!isEngineName(values.engine)) throw new SetupError(`--engine: there is no ${values.engine}`);
  const { beside } = values;
  const older = beside === undefined ? [] : [await import(pathToFileURL(join(beside, 'dist/internals.js')).href)];
  // The store pauses before it tries again. No other actor continues during the pause, so it only costs time.
  for (const each of [Deadline, ...older.map((one) => one.Deadline)])
    each.prototype.pause = () => new Promise((resolve) => setImmediate(resolve));
  const engine = await startEngine(values.engine);
  // Where row locks are those of the cluster, and not of a node.
  const nodes = values['every-node'] || engine.name === 'ndb' ? engine.endpoints.length : 1;
  try {
    // What it must see, so that seeing nothing means something.
    const mustSee = async (/** @type {string} */ what, /** @type {object} */ options) => {
      const most = { seed: 10, from: 0, schedules: 1_000, mostFailures: 1 };
      const { failures, schedules } = await interleave(engine, {
        products: [product],
        ...{ createTableSql, nodes, ...most, ...options },
      });
      if (failures.length === 0) throw new SetupError(`${what} was not noticed in ${schedules} schedules.`);
      console.log(`${what} was noticed in schedule ${schedules}.`);
    };
    const isCheck = index === undefined && beside === undefined;
    for (const [what, breakIt] of isCheck ? Object.entries(faultyStores) : []) {
      const faulty = {
        ...product,
        mysqlStore: (/** @type {Parameters<typeof product.mysqlStore>[0]} */ options) =>
          breakIt(product.mysqlStore(options)),
      };
      await mustSee(`A store that ${what}`, { products: [faulty], php: 0 });
    }
    for (const phpFault of isCheck ? phpFaults : []) {
      await mustSee(`A PHP handler that ${phpFault}`, { phpFault, php: 1 });
    }
    const say = (/** @type {string} */ line) => console.log(line);
    const products = [product, ...older];
    const result = await interleave(engine, { products, createTableSql, nodes, ...numbers, mostFailures, say });
    for (const line of report(result, values.replay !== undefined)) console.log(line);
    process.exitCode = result.failures.length > 0 ? 1 : 0;
  } finally {
    await engine.stop();
  }
});
