// `npm run bench`: how fast the codec is, next to JSON, to PHP itself, and to the packages that people use.
//
//   --corpus NAME    only this one (login, application, big, references, row); may be given more than once
//   --only KIND      only decode, encode, counter or key; may be given more than once
//   --rounds N       default 60, with --against 200
//   --row FILE       a session from a real table, in the format `php`; also as the environment variable BENCH_ROW
//   --against DIR    the dist/ of another commit: only the two builds are measured, in turns, and the ratio of each row is printed
//   --json           all figures as JSON
import { parseArgs } from 'node:util';
import { choose, numberOf } from '../tools/arguments.mjs';
import { build } from '../tools/build.mjs';
import { runCommand, setUp } from '../tools/setup.mjs';
import { copyBuild, importEntry, ownBuild } from './builds.mjs';
import { checkOurs, findWrong } from './check.mjs';
import { compare, printComparisons } from './compare.mjs';
import { kinds } from './contestants.mjs';
import { loadCorpora } from './corpora.mjs';
import { installPeers } from './install.mjs';
import { clocks, measure } from './measure.mjs';
import { loadFormats, pack } from './packed.mjs';
import { loadPeer, peerNames } from './peers.mjs';
import { Php } from './php.mjs';
import { printResult, printTargets } from './report.mjs';
import { memoryTargets, targets } from './targets.mjs';

/** @typedef {import('./corpora.mjs').Corpus} Corpus @typedef {import('./contestants.mjs').Kind} Kind */

await runCommand(async () => {
  const { values: options } = parseArgs({
    options: {
      corpus: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      row: { type: 'string', default: process.env.BENCH_ROW },
      against: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = numberOf({ rounds: options.against === undefined ? '60' : '200', ...options }, 'rounds');
  await setUp(['php-cli', 'php-igbinary', 'php-msgpack']);
  await build();
  if (options.against === undefined) await installPeers();
  const wantedKinds = choose(/** @type {Kind[]} */ (Object.keys(kinds)), options.only);
  const php = new Php();
  try {
    await introduce(php);
    if (options.row === undefined) console.error('Left out: a row of a real table (--row FILE, or BENCH_ROW).');
    const corpora = await wantedCorpora(php, options);
    if (options.against === undefined) await compareAll(php, corpora, wantedKinds, { ...options, rounds });
    else await compareBuilds(php, corpora, wantedKinds, { ...options, against: options.against, rounds });
  } finally {
    php.close();
  }
});

/**
 * @param {Php} php
 * @param {readonly Corpus[]} corpora
 * @param {readonly Kind[]} wantedKinds
 * @param {{ rounds: number, json: boolean, corpus?: string[], only?: string[] }} options
 */
async function compareAll(php, corpora, wantedKinds, { rounds, json, corpus: chosen, only }) {
  const codec = await importEntry(ownBuild, 'codec');
  const formats = await loadFormats();
  const results = [];
  for (const corpus of corpora) {
    await checkOurs(codec, corpus, php);
    await pack(codec, formats, corpus, php);
    const peers = [];
    for (const peer of peerNames.map(loadPeer)) peers.push({ peer, wrong: await findWrong(peer, corpus, php) });
    for (const kind of wantedKinds) {
      const entrants = kinds[kind](corpus, { codecs: [codec], peers, formats, php });
      const result = await rank(corpus, kind, entrants, rounds, clocks.wall);
      results.push(result);
      if (!json) printResult(result);
    }
  }
  const isAll = chosen === undefined && only === undefined;
  const reached = [...targets(results), ...(isAll ? memoryTargets(codec) : [])];
  if (json) console.log(JSON.stringify({ results, targets: reached }, undefined, 1));
  else printTargets(reached);
}

/**
 * @param {Php} php
 * @param {readonly Corpus[]} corpora
 * @param {readonly Kind[]} wantedKinds
 * @param {{ rounds: number, json: boolean, against: string }} options
 */
async function compareBuilds(php, corpora, wantedKinds, { rounds, json, against }) {
  const other = copyBuild(against);
  try {
    const codecs = [await importEntry(ownBuild, 'codec'), await importEntry(other.path, 'codec')];
    const comparisons = [];
    for (const corpus of corpora) {
      for (const codec of codecs) await checkOurs(codec, corpus, php);
      for (const kind of wantedKinds) {
        const entrants = kinds[kind](corpus, { codecs, peers: [], formats: {}, php });
        const builds = entrants.filter(({ group }) => group === 'ours' || group === 'old');
        const { rows } = await rank(corpus, kind, builds, rounds, clocks.cpu);
        for (const { name, times } of rows.filter(({ group }) => group === 'ours')) {
          const old = rows.find((row) => row.group === 'old' && row.name === name);
          comparisons.push(compare(`${corpus.name}, ${kind}: ${name}`, times, old?.times ?? []));
        }
      }
    }
    if (json) console.log(JSON.stringify(comparisons, undefined, 1));
    else printComparisons(`CPU in the codec, next to ${against}`, comparisons);
  } finally {
    other.remove();
  }
}

/** @param {Php} php */
async function introduce(php) {
  const { version, opcache, xdebug } = await php.ask('about');
  // To the error output, so that --json gives nothing but JSON.
  console.error(
    `Node ${process.versions.node}, PHP ${version}. Ratios are of minima, and after ~ the median of the rounds; * is this package.`,
  );
  if (opcache || xdebug)
    console.error(`PHP has ${opcache ? 'opcache on the command line' : 'xdebug'}: its times differ.`);
}

/**
 * @param {Corpus} corpus
 * @param {Kind} kind
 * @param {readonly import('./contestants.mjs').Entrant[]} entrants
 * @param {number} rounds
 * @param {() => number} clock
 * @returns {Promise<import('./report.mjs').Result>}
 */
async function rank(corpus, kind, entrants, rounds, clock) {
  // Who is wrong is not measured: it is easy to be fast then, and some never come back.
  const right = entrants.filter(({ wrong }) => wrong === undefined);
  const wrong = entrants.filter(({ wrong }) => wrong !== undefined).map(({ name, wrong }) => ({ name, wrong }));
  const times = await measure(right, rounds, clock);
  const rows = right.map(({ name, group }, i) => ({ name, group, times: times[i] }));
  return { corpus: corpus.name, bytes: corpus.serialized.length, kind, rows, wrong };
}

/** @param {Php} php @param {{ row?: string, corpus?: string[] }} options */
async function wantedCorpora(php, { row, corpus: names }) {
  const corpora = new Map((await loadCorpora(php, row)).map((corpus) => [corpus.name, corpus]));
  return choose([...corpora.keys()], names).map((name) => /** @type {any} */ (corpora.get(name)));
}
