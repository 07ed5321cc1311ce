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
//   --faults NAME,...   what happens meanwhile, one after the other; all: everything that this engine can have
import { parseArgs } from 'node:util';
import { build } from '../build.mjs';
import { clusterParts, endWithNpm, SetupError, setUp, stormParts } from '../setup.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'mariadb' },
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    sessions: { type: 'string', default: '50' },
    concurrency: { type: 'string', default: '32' },
    processes: { type: 'string', default: 'separate' },
    'php-workers': { type: 'string', default: '8' },
    faults: { type: 'string', default: '' },
  },
});

endWithNpm();
try {
  await setUp(values.engine === 'galera' ? [...stormParts, ...clusterParts] : stormParts);
  await build();
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  // Not above: nothing of it can be loaded before it is installed and built.
  const { isEngineName } = await import('../services/engines.mjs');
  const { chooseFaults } = await import('./faults.mjs');
  const { storm } = await import('./storm.mjs');
  const { report } = await import('./report.mjs');
  if (!isEngineName(values.engine)) throw new SetupError(`--engine: there is no ${values.engine}`);
  const result = await storm({
    engine: values.engine,
    requests: Number(values.requests),
    seed: Number(values.seed),
    sessions: Number(values.sessions),
    concurrency: Number(values.concurrency),
    processes: /** @type {any} */ (values.processes),
    phpWorkers: Number(values['php-workers']),
    faults: chooseFaults(values.faults, values.engine),
    say: (line) => console.log(line),
  });
  for (const line of report(result)) console.log(line);
  process.exitCode = result.model.problems.size > 0 || result.failed > 0 ? 1 : 0;
}
