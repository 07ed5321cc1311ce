// `npm run test:clusters`: the tests of the session table on each engine, one engine after the other. It fails unless all
// four ran; `--allow-missing NAME` leaves one out, `--engines a,b` runs these alone. Other arguments go to Jest.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { clusterParts, root, run, runCommand, SetupError, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: {
      engines: { type: 'string' },
      'allow-missing': { type: 'string', multiple: true, default: [] },
    },
    allowPositionals: true,
  });
  await setUp(clusterParts);
  // These need npm packages.
  const { engines, isEngineName, mysqlFolder, startEngine } = await import('./services/engines.mjs');
  const { measured } = await import('./services/engine-facts.mjs');

  const all = Object.keys(engines).filter(isEngineName);
  const allowed = values['allow-missing'];
  const wanted = (values.engines?.split(',') ?? all).filter((name) => !allowed.includes(name));
  const unknown = [...wanted, ...allowed].find((name) => !isEngineName(name));
  if (unknown !== undefined) throw new SetupError(`There is no engine ${unknown}, only ${all.join(', ')}.`);
  if (all.some((name) => wanted.includes(name) && engines[name].needsFolder)) mysqlFolder();

  await build(); // for the processes that the tests start
  const results = [];
  for (const name of all) {
    const { title } = engines[name];
    if (!wanted.includes(name)) {
      results.push({ title, result: allowed.includes(name) ? 'left out' : 'NOT RUN' });
      continue;
    }
    console.log(`\n${title}: starting`);
    const start = performance.now();
    const engine = await startEngine(name);
    try {
      const facts = await measured(engine);
      console.log(`${title}: ${facts}, after ${seconds(start)}`);
      const { endpoints } = engine;
      const env = {
        PSB_TEST_ENGINE: JSON.stringify({ name, tableEngine: engine.tableEngine, endpoints }),
        PSB_TEST_MYSQL: JSON.stringify(endpoints[0]),
      };
      const jest = join(root, 'node_modules/jest/bin/jest.js');
      const args = [jest, '--config', join(root, 'jest.clusters.config.mjs'), ...positionals];
      const end = await run(process.execPath, args, { cwd: root, env });
      if (!end.startsWith('exit')) throw new SetupError(`${title}: ended by ${end}`);
      const result = end === 'exit 0' ? 'passed' : `FAILED (${end})`;
      results.push({ title, result, facts, took: seconds(start) });
    } finally {
      await engine.stop();
    }
  }
  console.log(
    `\n${results.map(({ title, result, facts, took }) => [title, result, facts, took].filter(Boolean).join(', ')).join('\n')}`,
  );
  if (results.some(({ result }) => result !== 'passed' && result !== 'left out')) process.exitCode = 1;
});

/** @param {number} start */
function seconds(start) {
  return `${Math.round((performance.now() - start) / 1000)} s`;
}
