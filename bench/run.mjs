// `npm run bench`: how fast the codec is, next to JSON, to PHP itself, and to the packages that people use.
import { parseArgs } from 'node:util';
import { build } from '../tools/build.mjs';
import { setUp } from '../tools/setup.mjs';
import { kinds } from './contestants.mjs';
import { loadCorpora } from './corpora.mjs';
import { installPeers } from './install.mjs';
import { measure } from './measure.mjs';
import { loadPeer } from './peers.mjs';
import { Php } from './php.mjs';
import { printTable, printTargets } from './report.mjs';

const { values: options } = parseArgs({
  options: {
    corpus: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '40' },
    row: { type: 'string', default: process.env.BENCH_ROW },
    json: { type: 'boolean', default: false },
  },
});

await setUp();
await build();
await installPeers();
const codec = await import('../dist/esm/codec/index.js');
const php = new Php();
try {
  const corpora = await loadCorpora(php, options.row);
  const peers = ['php-serialize'].map((name) => ({ peer: loadPeer(name), wrong: {} }));
  const results = [];
  for (const corpus of corpora) {
    if (options.corpus && !options.corpus.includes(corpus.name)) continue;
    for (const kind of /** @type {import('./contestants.mjs').Kind[]} */ (Object.keys(kinds))) {
      if (options.only && !options.only.includes(kind)) continue;
      const entrants = kinds[kind](corpus, { codec, peers, php }).filter(canRun);
      const times = await measure(entrants, Number(options.rounds));
      const rows = entrants.map(({ name, group, wrong }, i) => ({ name, group, wrong, ...times[i] }));
      const result = { corpus: corpus.name, bytes: corpus.serialized.length, kind, rows };
      results.push(result);
      if (!options.json) printTable(result);
    }
  }
  if (options.json) console.log(JSON.stringify(results, undefined, 1));
  else printTargets(results);
} finally {
  php.close();
}

/** @param {import('./contestants.mjs').Entrant} entrant */
function canRun({ run }) {
  try {
    run?.();
    return true;
  } catch {
    return false;
  }
}
