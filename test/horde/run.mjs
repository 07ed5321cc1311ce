import { fileURLToPath } from 'node:url';
import { steps } from './steps/index.mjs';
import { Visitor } from './visitor.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** PHP files of the test inside of Horde. */
export const pages = [here('pages/page.php')];

/** Which servers a way in has. */
export const entries = /** @type {const} */ ({
  untouched: ['untouched', 'untouched', 'untouched'],
  row: ['row', 'row', 'row'],
  merge: ['merge', 'merge', 'merge'],
  mixed: ['merge', 'untouched', 'untouched'],
});

/** Node servers of the test. @param {import('../../tools/horde/lab.mjs').Lab} lab @param {import('./step.mjs').Entry} entry */
export const nodeServers = (lab, entry, count = 2) => ({
  script: here('node-server.mjs'),
  count,
  env: {
    HORDE_NODE: JSON.stringify({
      database: lab.database,
      table: lab.table,
      ownTable: lab.ownTable,
      way: entry === 'mixed' ? 'merge' : entry,
      mailbox: lab.mailbox('alice'),
    }),
  },
});

/**
 * Runs the steps on one farm.
 *
 * @param {import('../../tools/horde/lab.mjs').Lab} lab
 * @param {object} options
 * @param {import('./step.mjs').Entry} options.entry
 * @param {import('../../tools/horde/packs.mjs').Pack} options.pack
 * @param {boolean} options.whole whether the steps are run for which one pack is enough
 * @param {number} options.requests of the storm
 * @param {(title: string) => boolean} [options.isWanted] default all steps
 * @returns {Promise<{ cells: Record<string, 'yes' | 'NO' | '-' | ''>, notes: string[] }>} by the steps' titles; '-': it does not concern this way in,
 *   '': not run here
 */
export async function runSteps(lab, { entry, pack, whole, requests, isWanted = () => true }) {
  const farm = await lab.startFarm({ ways: entries[entry], pack, node: nodeServers(lab, entry) });
  /** @type {Record<string, 'yes' | 'NO' | '-' | ''>} */
  const cells = {};
  /** @type {string[]} */
  const notes = [];
  try {
    for (const { title, entries: own, once = false, run } of steps) {
      if (own !== undefined && !own.includes(entry)) cells[title] = '-';
      else if ((once && !whole) || !isWanted(title)) cells[title] = '';
      else {
        const around = { lab, farm, entry, requests, visitor: () => new Visitor(farm.url) };
        try {
          const said = await run(around);
          cells[title] = 'yes';
          if (said !== undefined) notes.push(`${entry}, ${pack}, ${title}: ${said}`);
        } catch (error) {
          cells[title] = 'NO';
          notes.push(`${entry}, ${pack}, ${title}: ${/** @type {Error} */ (error).stack}`);
        }
      }
    }
    return { cells, notes };
  } finally {
    await farm.stop();
  }
}
