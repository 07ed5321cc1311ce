// `npm run horde`: a farm with Horde, and a page of Node inside. Ctrl-C ends it, and all that it has started.
import { build } from '../build.mjs';
import { hordeParts, runCommand, setUp } from '../setup.mjs';

await runCommand(async () => {
  const asked = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
  });
  await setUp(hordeParts);
  await build(console.log);
  // Not above: nothing of it can be loaded before it is installed.
  const { startExample } = await import('./example.mjs');
  console.log(
    'Starting MariaDB, Dovecot, three Horde servers, two Node servers and HAProxy, all on loopback (15 to 60 seconds) ...',
  );
  const { url, password, stop } = await startExample();
  console.log(`\n  ${url}/horde/   user alice, password ${password}\n  ${url}/node/\n`);
  await asked;
  console.log('\nStopping all that was started (some seconds) ...');
  await stop();
});
