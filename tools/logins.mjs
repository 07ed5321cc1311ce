// `npm run test:logins`: browsers log in while another request of theirs runs, in every way in which the two can meet. Exit
// status 1 when a login was lost, when a visitor saw another one's data, or when a request failed.
//
//   --engine NAME   mariadb (default) or ndb
//   --logins N      of each cell whose call stores something, default 1000, on ndb 100; a tenth of it where the call does
//                   something else, or strict mode is on on one side alone
//   --browsers N    at the same time, default 6
//   --only TEXT     the cells whose title has this in it, as in `--only 'PHP stores'`; several: all of them
import { parseArgs } from 'node:util';
import { numberOf } from './arguments.mjs';
import { build } from './build.mjs';
import { runCommand, SetupError, setUp, stormParts } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'mariadb' },
      logins: { type: 'string' },
      browsers: { type: 'string', default: '6' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const { engine } = values;
  if (engine !== 'mariadb' && engine !== 'ndb') throw new SetupError(`--engine: mariadb or ndb, and not ${engine}`);
  const many = numberOf({ logins: engine === 'ndb' ? '100' : '1000', ...values }, 'logins');
  const browsers = numberOf(values, 'browsers');
  await setUp(stormParts);
  await build();
  // Not above: nothing of it can be loaded before it is installed and built.
  const { mysqlFolder } = await import('./services/engines.mjs');
  const { allCells, title } = await import('./logins/cells.mjs');
  const { logins } = await import('./logins/logins.mjs');
  const { isWrong, line, report } = await import('./logins/report.mjs');
  if (engine === 'ndb') mysqlFolder();
  const isWanted = (/** @type {import('./logins/cells.mjs').Cell} */ cell) =>
    values.only.every((text) => title(cell).includes(text));
  if (!allCells().some(isWanted))
    throw new SetupError(`--only: no cell's title has ${values.only.join(' and ')} in it`);

  const result = await logins({
    engine,
    browsers,
    logins: (cell) => {
      if (!isWanted(cell)) return 0;
      const isMain = cell.action === 'store' && (cell.strict === 'both' || cell.strict === 'neither');
      return isMain ? many : Math.ceil(many / 10);
    },
    say: (result) => console.log(line(result)),
  });
  for (const text of ['', ...report(result)]) console.log(text);
  process.exitCode = isWrong(result) ? 1 : 0;
});
