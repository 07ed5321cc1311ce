import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Lab, startHordeLab } from '../../tools/horde/lab.mjs';
import { hordeParts, missingPackages } from '../../tools/setup.mjs';
import { pages, runSteps } from '../horde/run.mjs';

// The short form of `npm run test:horde`. The packages of Horde are large, so nothing installs them for this.
const missing = missingPackages(hordeParts);
const withHorde = missing.length > 0 ? describe.skip : describe;
const leftOut = missing.length > 0 ? `, left out as these are not installed: ${missing.join(', ')}` : '';
const wanted = {
  mixed: ['login', 'refused', 'mail', 'logout Horde', 'logout Node'],
  merge: ['storm'],
};

withHorde(`Horde with IMP beside Node${leftOut}`, () => {
  let lab: Lab;

  beforeAll(async () => {
    execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
    lab = await startHordeLab({ pages });
  }, 120_000);
  afterAll(() => lab?.stop());

  test.each(['mixed', 'merge'] as const)(
    '%s',
    async (entry) => {
      const isWanted = (title: string) => wanted[entry].includes(title);
      const { cells, notes } = await runSteps(lab, { entry, pack: 'full', whole: true, requests: 40, isWanted });
      const done = Object.keys(cells).filter((title) => cells[title] === 'yes');
      expect([done, notes]).toEqual([
        wanted[entry],
        entry === 'merge' ? [expect.stringContaining('lost 0 of 20 of Node')] : [],
      ]);
    },
    60_000,
  );
});
