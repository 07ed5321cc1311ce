// `npm run bench`: how fast the codec is, next to JSON, to PHP itself, and to the packages that people use.
//
//   --corpus NAME    only this one (login, application, big, references, row); may be given more than once
//   --only KIND      only decode, encode, counter or key; may be given more than once
//   --rounds N       default 60
//   --row FILE       a session from a real table, in the format `php`; also as the environment variable BENCH_ROW
//   --against DIR    another checkout, whose dist/ is measured in the same run
//   --json           all figures as JSON
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { choose, numberOf } from '../tools/arguments.mjs';
import { build } from '../tools/build.mjs';
import { runCommand, setUp } from '../tools/setup.mjs';
import { checkOurs, findWrong } from './check.mjs';
import { kinds } from './contestants.mjs';
import { loadCorpora } from './corpora.mjs';
import { installPeers } from './install.mjs';
import { measure } from './measure.mjs';
import { loadPeer, peerNames } from './peers.mjs';
import { Php } from './php.mjs';
import { printResult, printTargets } from './report.mjs';
import { memoryTargets, targets } from './targets.mjs';

await runCommand(async () => {
  const { values: options } = parseArgs({
    options: {
      corpus: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '60' },
      row: { type: 'string', default: process.env.BENCH_ROW },
      against: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = numberOf(options, 'rounds');
  await setUp(['php-cli']);
  await build();
  await installPeers();
  const wantedKinds = choose(/** @type {import('./contestants.mjs').Kind[]} */ (Object.keys(kinds)), options.only);
  const codecs = [{ label: '', codec: await import('../dist/codec.js') }];
  if (options.against !== undefined) {
    const codec = await import(resolve(options.against, 'dist/codec.js'));
    codecs.push({ label: ` of ${options.against}`, codec });
  }
  const php = new Php();
  try {
    await introduce(php);
    if (options.row === undefined) console.error('Left out: a row of a real table (--row FILE, or BENCH_ROW).');
    const results = [];
    for (const corpus of await wantedCorpora(php, options)) {
      for (const { codec } of codecs) await checkOurs(codec, corpus, php);
      const peers = [];
      for (const peer of peerNames.map(loadPeer)) peers.push({ peer, wrong: await findWrong(peer, corpus, php) });
      for (const kind of wantedKinds) {
        const result = await compare(corpus, kind, { codecs, peers, php }, rounds);
        results.push(result);
        if (!options.json) printResult(result);
      }
    }
    const isAll = options.corpus === undefined && options.only === undefined;
    const reached = [...targets(results), ...(isAll ? memoryTargets(codecs[0]?.codec) : [])];
    if (options.json) console.log(JSON.stringify({ results, targets: reached }, undefined, 1));
    else printTargets(reached);
  } finally {
    php.close();
  }
});

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
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {import('./contestants.mjs').Kind} kind
 * @param {import('./contestants.mjs').Field} field
 * @param {number} rounds
 * @returns {Promise<import('./report.mjs').Result>}
 */
async function compare(corpus, kind, field, rounds) {
  const entrants = kinds[kind](corpus, field);
  // Who is wrong is not measured: it is easy to be fast then, and some never come back.
  const right = entrants.filter(({ wrong }) => wrong === undefined);
  const wrong = entrants.filter(({ wrong }) => wrong !== undefined).map(({ name, wrong }) => ({ name, wrong }));
  const times = await measure(right, rounds);
  const rows = right.map(({ name, group }, i) => ({ name, group, times: times[i] }));
  return { corpus: corpus.name, bytes: corpus.serialized.length, kind, rows, wrong };
}

/** @param {Php} php @param {{ row?: string, corpus?: string[] }} options */
async function wantedCorpora(php, { row, corpus: names }) {
  const corpora = new Map((await loadCorpora(php, row)).map((corpus) => [corpus.name, corpus]));
  return choose([...corpora.keys()], names).map((name) => /** @type {any} */ (corpora.get(name)));
}
