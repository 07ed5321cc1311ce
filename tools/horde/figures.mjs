import { slowCall, timePages, workers } from '../../test/horde/figures.mjs';
import { ways } from './drop-in.mjs';

/**
 * Prints what each way in costs: `npm run test:horde -- --figures`.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {number} seconds of the slow call
 */
export async function printFigures(lab, seconds) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(42) : String(cell).padStart(18))).join(''));
  line(['medians in ms, and times that of Horde', ...ways]);
  for (const [name, medians] of Object.entries(await timePages(lab))) {
    line([name, ...ways.map((way) => `${medians[way].toFixed(1)} (${(medians[way] / medians.untouched).toFixed(2)})`)]);
  }
  console.log();
  line([`a call of ${seconds} s and six polls of one visitor`, ...ways]);
  const results = await slowCall(lab, seconds);
  /** @type {Record<string, (result: (typeof results)['row']) => string>} */
  const rows = {
    [`PHP processes of ${workers} that he holds, on average`]: ({ held }) => held.toFixed(1),
    '... at most': ({ most }) => String(most),
    'polls that are refused with 503': ({ refused }) => String(refused),
    "other visitors' pages, median in ms": ({ p50 }) => p50.toFixed(0),
    '... 99 of 100 take at most': ({ p99 }) => p99.toFixed(0),
  };
  for (const [name, value] of Object.entries(rows)) line([name, ...ways.map((way) => value(results[way]))]);
}
