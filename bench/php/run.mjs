// `npm run bench:php`: how fast pages with a session are in PHP, by this package's handler and by others: PHP-FPM with 8 workers behind
// HAProxy, side by side in turns. Takes some minutes.
//
//   --only PAGE      only this one (contestants.mjs); may be given more than once
//   --bytes N        what a session has besides its counter; may be given more than once; default 1024 and 64000
//   --rounds N       default 9: in each of them everyone has a turn
//   --seconds N      for one turn; default 1
//   --json           all figures as JSON
import { parseArgs } from 'node:util';
import { choose, numberOf } from '../../tools/arguments.mjs';
import { build } from '../../tools/build.mjs';
import { runCommand, setUp } from '../../tools/setup.mjs';
import { contestants } from './contestants.mjs';
import { findPeers } from './packages.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      bytes: { type: 'string', multiple: true, default: ['1024', '64000'] },
      rounds: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const wanted = choose(
    contestants.map(({ page }) => page),
    values.only,
    'page',
  );
  const numbers = {
    rounds: numberOf(values, 'rounds'),
    seconds: numberOf(values, 'seconds', { least: 0.1, whole: false }),
  };
  const sizes = values.bytes.map((bytes) => numberOf({ bytes }, 'bytes'));
  await setUp(['mariadb-server', 'php-cli', 'php-mysql', 'php-fpm', 'haproxy']);
  await build();
  const peers = await findPeers();
  const { measure } = await import('./pages.mjs');
  const { printPages } = await import('./report.mjs');
  for (const [peer, why] of peers.missing) console.error(`Not measured: ${peer}. ${why}`);
  const there = contestants.filter(
    ({ page, needs }) => wanted.includes(page) && (needs === undefined || !peers.missing.has(needs)),
  );
  const results = [];
  for (const bytes of sizes) {
    const result = await measure(there, { ...numbers, bytes, peers });
    results.push(result);
    if (!values.json) printPages(result, numbers.rounds);
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 1));
});
