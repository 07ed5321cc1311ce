// `node bench/hostile.mjs`: whether the time for the worst sessions is linear in their size. A table: milliseconds to read a
// session, look at all of it, change it and write it, for 1, 2, 4 and 8 MB, and how many times longer 8 MB take than 1 MB
// (8 is linear; the least of a few runs, as others use the machine too). Needs `npm run build`.
//
//     node bench/hostile.mjs [--runs 3] [--only PART_OF_A_NAME]
import { parseArgs } from 'node:util';
import { decodeSession, encodeSession } from '../dist/codec.js';
import { shapes } from '../test/helpers/hostile-shapes.mjs';
import { numberOf } from '../tools/arguments.mjs';
import { runCommand } from '../tools/setup.mjs';

const megabytes = [1, 2, 4, 8];

await runCommand(async () => {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '3' }, only: { type: 'string' } } });
  const runs = numberOf(values, 'runs');
  const width = Math.max(...Object.keys(shapes).map((name) => name.length));
  console.log(['shape'.padEnd(width), ...megabytes.map((size) => `${size} MB`.padStart(8)), '   8 MB / 1 MB'].join(''));
  for (const [name, shape] of Object.entries(shapes)) {
    if (values.only !== undefined && !name.includes(values.only)) continue;
    const times = megabytes.map((size) => {
      const data = Buffer.from(shape(size * 1_000_000), 'latin1');
      return Math.min(...Array.from({ length: runs }, () => time(data)));
    });
    const cells = times.map((milliseconds) => milliseconds.toFixed(0).padStart(8));
    const ratio = times[3] / times[0];
    console.log(
      [name.padEnd(width), ...cells, ratio.toFixed(1).padStart(15), ratio > 16 ? '  not linear' : ''].join(''),
    );
  }
});

/** @param {Buffer} data @returns {number} milliseconds */
function time(data) {
  const start = performance.now();
  const session = decodeSession(data);
  for (const key of Object.keys(session)) session[key];
  session.new = 1;
  encodeSession(session);
  return performance.now() - start;
}
