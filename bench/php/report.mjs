import { printTable, printTargets } from '../report.mjs';
import { decimal, median, sum, whole } from '../store/figures.mjs';

/** @typedef {import('./pages.mjs').Measured} Measured */

/** What the handler is to reach, against Symfony's with its default lock, with sessions of 1 KB. */
const goals = [
  { ours: 'ours-pdo', theirs: 'symfony-transactional', what: 'new / Symfony', pages: 1.15, cpu: 0.95 },
  {
    ours: 'ours-persistent',
    theirs: 'symfony-transactional-persistent',
    what: 'persistent / Symfony persistent',
    pages: 1.3,
    cpu: 0.88,
  },
  { ours: 'ours-persistent', theirs: 'symfony-transactional', what: 'persistent / Symfony', pages: 1.6, cpu: 0.75 },
];

/** @param {import('./pages.mjs').Turn} turn */
const cpu = ({ php, database }) => php + database;

/** @param {import('./pages.mjs').Result} result @param {number} rounds */
export function printPages({ bytes, pages }, rounds) {
  const symfony = pages.find(({ page }) => page === 'symfony-transactional');
  const lines = pages.map(({ title, roundTrips, turns }) => [
    title,
    whole(median(turns.map(({ perSecond }) => perSecond))),
    whole(median(turns.map(({ php }) => php))),
    whole(median(turns.map(({ database }) => database))),
    whole(roundTrips),
    symfony === undefined ? '' : decimal(ratio(turns, symfony.turns, ({ perSecond }) => perSecond)),
    symfony === undefined ? '' : decimal(ratio(turns, symfony.turns, cpu)),
    whole(sum(turns.map(({ failures }) => failures))),
  ]);
  const heads = ['pages/s', 'PHP us', 'database us', 'round trips', '/ Symfony, row', 'CPU / it', 'failed'];
  printTable([[`A session of ${whole(bytes)} bytes`, ...heads], ...lines]);
  console.log(
    `  Medians of ${rounds} rounds. Round trips: after the handshake, of a page that changes a session; PDO pings a persistent connection.`,
  );
  printTargets(goals.flatMap((goal) => targets(goal, pages, bytes)));
}

/** @param {typeof goals[number]} goal @param {readonly Measured[]} all @param {number} bytes */
function targets({ ours, theirs, what, pages, cpu: most }, all, bytes) {
  const [a, b] = [ours, theirs].map((name) => all.find(({ page }) => page === name)?.turns);
  if (a === undefined || b === undefined) return [];
  const corpus = `${whole(bytes)} bytes`;
  const faster = ratio(a, b, ({ perSecond }) => perSecond);
  const cheaper = ratio(a, b, cpu);
  return [
    {
      corpus,
      what: `${what}, pages/s`,
      figure: faster,
      typical: faster,
      limit: `at least ${pages}`,
      met: faster >= pages,
    },
    { corpus, what: `${what}, CPU`, figure: cheaper, typical: cheaper, limit: `at most ${most}`, met: cheaper <= most },
  ];
}

/**
 * @param {readonly import('./pages.mjs').Turn[]} ours
 * @param {readonly import('./pages.mjs').Turn[]} theirs
 * @param {(turn: import('./pages.mjs').Turn) => number} of
 */
function ratio(ours, theirs, of) {
  return median(ours.map((turn, i) => of(turn) / of(theirs[i])));
}
