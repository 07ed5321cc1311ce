// `npm start`: the farm, until Ctrl-C. `npm start -- --once`: checks it and ends, with exit status 0 or 1.
import { build } from './build.mjs';
import { endWithNpm, farmParts, SetupError, setUp } from './setup.mjs';

endWithNpm();
try {
  await setUp(farmParts);
  await build();
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  // Not above: nothing of it can be loaded before it is installed.
  const { startFarm } = await import('../examples/farm/farm.mjs');
  const end = untilAskedToEnd();
  console.log('Starting a private MariaDB, two PHP servers, two Node servers and HAProxy, all on loopback ...');
  const farm = await startFarm({ say: (line) => console.log(line) });
  try {
    describe(farm);
    if (process.argv.includes('--once')) await Promise.race([end, once(farm)]);
    else await end;
  } finally {
    await farm.stop();
  }
}

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
