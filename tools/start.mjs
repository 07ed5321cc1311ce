// `npm start`: the farm, until Ctrl-C. `npm start -- --once`: checks it and ends, with exit status 0 or 1.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { temporaryDirectory } from './services/lifeline.mjs';
import { farmParts, runCommand, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  const end = untilAskedToEnd();
  const farm = await started(end);
  if (farm !== undefined) {
    try {
      if (!end.asked) describe(farm);
      if (values.once) await Promise.race([end.signal, once(farm)]);
      else await end.signal;
    } finally {
      await farm.stop();
    }
  }
  if (end.asked) console.log('Stopped.');
});

/**
 * @param {ReturnType<typeof untilAskedToEnd>} end
 * @returns {Promise<import('../examples/farm/farm.mjs').Farm | undefined>} `undefined` when it was asked to end before anything ran
 */
async function started(end) {
  try {
    await setUp(farmParts);
    if (!end.asked) await build(console.log);
  } catch (error) {
    if (!end.asked) throw error; // What was under way got the signal too.
  }
  if (end.asked) {
    process.exitCode = 130;
    return undefined;
  }
  // Not above: nothing of it can be loaded before it is installed.
  const { startFarm } = await import('../examples/farm/farm.mjs');
  console.log(
    'Starting a private MariaDB, two PHP servers, two Node servers and HAProxy, all on loopback (5 to 30 seconds) ...',
  );
  return startFarm({ say: (line) => console.log(line) });
}

/** @param {import('../examples/farm/farm.mjs').Farm} farm */
function describe(farm) {
  const parts = { ...farm.servers, MariaDB: farm.database, HAProxy: farm.proxy };
  for (const [name, { port, pid }] of Object.entries(parts))
    console.log(`  ${name.padEnd(8)} port ${port}  pid ${pid}`);
  console.log(`\n  ${farm.url}\n`);
  console.log(`Who holds and who waits for sessions: node dist/cli.js top --config ${configurationOf(farm)}\n`);
}

/**
 * For the command: a file, as a password in an argument can be seen. It goes with this process.
 *
 * @param {import('../examples/farm/farm.mjs').Farm} farm
 */
function configurationOf({ database: { host, port, user, password, database, table } }) {
  const file = join(temporaryDirectory('farm-command').path, 'php-session-bridge.config.mjs');
  const configuration = { connection: { host, port, user, password, database }, store: { table } };
  writeFileSync(file, `export default ${JSON.stringify(configuration)};\n`, { mode: 0o600 });
  return file;
}

/** @param {import('../examples/farm/farm.mjs').Farm} farm */
async function once(farm) {
  const { checkFarm } = await import('../examples/farm/once.mjs');
  const results = await checkFarm(farm);
  for (const { name, passed, detail } of results) console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${detail})`);
  process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
}

/** The first Ctrl-C is answered at once, whatever is under way; what has begun is then ended in order. */
function untilAskedToEnd() {
  const end = { asked: false, signal: Promise.resolve() };
  end.signal = new Promise((resolve) => {
    const ask = () => {
      if (!end.asked) console.log('\nStopping all that was started (some seconds) ...');
      end.asked = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, ask);
  });
  return end;
}
