// `npm start`: the farm, until Ctrl-C. `npm start -- --once`: checks it and ends, with exit status 0 or 1.
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { farmParts, runCommand, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  await setUp(farmParts);
  await build();
  // Not above: nothing of it can be loaded before it is installed.
  const { startFarm } = await import('../examples/farm/farm.mjs');
  const end = untilAskedToEnd();
  console.log('Starting a private MariaDB, two PHP servers, two Node servers and HAProxy, all on loopback ...');
  const farm = await startFarm({ say: (line) => console.log(line) });
  try {
    describe(farm);
    if (values.once) await Promise.race([end, once(farm)]);
    else await end;
  } finally {
    await farm.stop();
  }
});

/** @param {import('../examples/farm/farm.mjs').Farm} farm */
function describe(farm) {
  const parts = { ...farm.servers, MariaDB: farm.database, HAProxy: farm.proxy };
  for (const [name, { port, pid }] of Object.entries(parts))
    console.log(`  ${name.padEnd(8)} port ${port}  pid ${pid}`);
  console.log(`\n  ${farm.url}\n`);
}

/** @param {import('../examples/farm/farm.mjs').Farm} farm */
async function once(farm) {
  const { checkFarm } = await import('../examples/farm/once.mjs');
  const results = await checkFarm(farm);
  for (const { name, passed, detail } of results) console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${detail})`);
  process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
}

function untilAskedToEnd() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
  });
}
