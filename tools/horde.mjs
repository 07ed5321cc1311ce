// `npm run test:horde`: Debian's Horde with IMP on three servers, and Node beside it on one session table. Exit status 1 when a step fails.
// Arguments are names of steps: only these. `--entry`, `--pack` and `--engine` choose, `--requests` is the size of the storm.
// `--figures` measures instead, with a call of `--seconds`.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { choose, numberOf } from './arguments.mjs';
import { build } from './build.mjs';
import { hordeParts, root, run, runCommand, SetupError, setUp } from './setup.mjs';

await runCommand(async () => {
  const list = /** @type {const} */ ({ type: 'string', multiple: true });
  const figures = /** @type {const} */ ({
    figures: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
  });
  const { values, positionals: names } = parseArgs({
    options: { entry: list, pack: list, engine: list, requests: { type: 'string', default: '2000' }, ...figures },
    allowPositionals: true,
  });
  const requests = numberOf(values, 'requests', { least: 8 });
  await setUp([...hordeParts, 'chromium']);
  await build();
  // Not above: nothing of it can be loaded before it is installed and built.
  const { entries, pages, runSteps } = await import('../test/horde/run.mjs');
  const { visitExample } = await import('../test/horde/example.mjs');
  const { steps } = await import('../test/horde/steps/index.mjs');
  const { printFigures } = await import('./horde/figures.mjs');
  const { startHordeLab } = await import('./horde/lab.mjs');
  const { packs } = await import('./horde/packs.mjs');

  if (values.figures) {
    const lab = await startHordeLab({ pages });
    await printFigures(lab, numberOf(values, 'seconds')).finally(lab.stop);
    return;
  }
  const titles = steps.map(({ title }) => title);
  const wanted = choose(titles, names.length > 0 ? names : undefined, 'step');
  const wantedEntries = choose(
    /** @type {import('../test/horde/step.mjs').Entry[]} */ (Object.keys(entries)),
    values.entry,
  );
  const wantedPacks = choose(Object.keys(packs), values.pack);
  const hasFolder = Boolean(process.env.PHP_SESSION_BRIDGE_MYSQL_CLUSTER);
  const all = /** @type {const} */ (['mariadb', 'mysql', 'ndb']);
  const engines = choose(all, values.engine ?? (hasFolder ? undefined : ['mariadb']));
  if (engines.length === 0) throw new SetupError(`There are the engines ${all.join(', ')}.`);

  const table = [['engine', 'way in', 'pack', ...titles]];
  for (const engine of engines) {
    const lab = await startHordeLab({ engine, pages });
    console.log(`${lab.engine}: Horde is set up`);
    try {
      for (const entry of wantedEntries) {
        for (const pack of wantedPacks) {
          // What is packed does not depend on the engine, and losses do not depend on the pack.
          const isFirst = pack === wantedPacks[0];
          if (engine !== engines[0] && !isFirst) continue;
          const isWanted = (/** @type {string} */ title) => wanted.includes(title);
          const { cells, notes: own } = await runSteps(lab, { entry, pack, whole: isFirst, requests, isWanted });
          const row = [lab.engine, entry, pack, ...titles.map((title) => cells[title] ?? '')];
          table.push(row);
          console.log(row.map((cell) => cell || '.').join('  '));
          for (const note of own) console.log(`  ${note}`);
        }
      }
    } finally {
      await lab.stop();
    }
  }
  console.log();
  print(table);
  if ([names, values.entry ?? [], values.pack ?? [], values.engine ?? []].every((chosen) => chosen.length === 0)) {
    await visitExample();
    console.log('examples/horde, in a browser: a login, mail, a cart, a logout. All as expected.');
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    const end = await run(process.execPath, [jest, '--testPathPatterns', 'e2e/experiment-imp\\.test'], { cwd: root });
    if (end !== 'exit 0') throw new SetupError(`jest failed (${end}).`);
  }
  console.log();
  console.log(
    '-: it does not concern this way in. Empty: it was not run there, as one pack, or the wanted steps, are enough.',
  );
  if (engines.length > 1) console.log(`On ${engines.slice(1).join(' and ')} only the pack ${wantedPacks[0]} was run.`);
  if (!hasFolder)
    console.log('MySQL and NDB Cluster were not run: PHP_SESSION_BRIDGE_MYSQL_CLUSTER names no folder with them.');
  console.log('Horde 6 was not run: Debian does not have it.');
  if (table.some((row) => row.includes('NO'))) process.exitCode = 1;
});

/** @param {string[][]} rows */
function print(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  console.log();
}
