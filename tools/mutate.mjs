// `npm run test:mutation -- [--file NAME] [--sample N] [--seed S] [--only N] [--again] [--jobs N]`: changes the codec in a few
// thousand small ways, one at a time, and looks whether its tests notice. Fails where they notice less than 85 % of what
// compiles. Ctrl+C ends it with a report of what was tried.
import { parseArgs } from 'node:util';
import { numberOf } from './arguments.mjs';
import { runCommand, SetupError, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', multiple: true }, // part of a path: only mutants of these files
      sample: { type: 'string' }, // only so many, picked at random, of which some do not compile
      seed: { type: 'string', default: '1' }, // of the sample
      only: { type: 'string' }, // one mutant, by its number: shows the change, and what noticed it
      again: { type: 'boolean', default: false }, // those that survived the last complete run
      jobs: { type: 'string', default: '1' }, // processes at a time
    },
  });
  if (values.again && (values.file !== undefined || values.sample !== undefined || values.only !== undefined)) {
    throw new SetupError('--again is for all that survived: without --file, --sample and --only.');
  }
  const choice = {
    again: values.again,
    seed: numberOf(values, 'seed', { least: 0 }),
    jobs: numberOf(values, 'jobs'),
    ...(values.file !== undefined && { files: values.file }),
    ...(values.sample !== undefined && { size: numberOf(values, 'sample') }),
    ...(values.only !== undefined && { only: numberOf(values, 'only', { least: 0 }) }),
  };
  await setUp(['php-cli']);
  // Not above: it cannot be loaded before TypeScript is installed.
  const { tryMutants } = await import('./mutation/try-mutants.mjs');
  await tryMutants(choice);
});
