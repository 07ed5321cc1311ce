// A page with clients beside it that send a cookie and do not send their bodies.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { createTable, fill, idsOf } from './databases.mjs';
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { Load } from './load.mjs';
import { inRounds } from './rounds.mjs';
import { startSite } from './servers.mjs';

const SLOW = 200;
const VISITORS = 256;
/** Visitors at the same time, and connections to the database. */
const CLIENTS = 10;
/** Milliseconds in which their requests have reached the site. */
const SETTLING = 300;
/** More than any request's buffer takes. */
const LARGE = Buffer.alloc(2 ** 20);

/**
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number, bytes: Buffer }} options `bytes` of each session
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function slowClients(database, { rounds, seconds, bytes }) {
  const [table, [endpoint]] = ['bench_slow', database.endpoints];
  await createTable(database, table);
  await fill(database, table, SLOW / 2, `x'${bytes.toString('hex')}'`);
  const known = await idsOf(endpoint, table, SLOW / 2);
  const ids = [...known, ...known.map((id) => [...id].reverse().join(''))];
  // An unknown id is accepted, so it is locked too.
  const options = { kind: 'php-session-bridge', endpoint, table, connections: CLIENTS, useStrictMode: false };
  const directory = temporaryDirectory('bench');
  const load = new Load();
  const site = await startSite(options, directory.path);
  try {
    await load.ask({ kind: 'enter', url: site.url, visitors: VISITORS });
    const visits = () => load.ask({ kind: 'closed', url: site.url, clients: CLIENTS, seconds });
    /** @param {Buffer} [first] what they send of their bodies */
    const beside = (first) => async () => {
      const clients = await Promise.all(ids.map((id) => begin(site.port, id, first)));
      try {
        await sleep(SETTLING);
        return await visits();
      } finally {
        for (const client of clients) client.destroy();
      }
    };
    const contestants = [
      { name: 'no slow client', turn: visits },
      { name: `${SLOW} that send no body`, turn: beside() },
      { name: `${SLOW} that send a part of a large one`, turn: beside(LARGE) },
    ];
    return report(contestants, await inRounds(contestants, rounds));
  } finally {
    load.close();
    await site.stop();
    directory.remove();
  }
}

/**
 * @param {number} port
 * @param {string} id
 * @param {Buffer} [first]
 * @returns {Promise<import('node:net').Socket>}
 */
function begin(port, id, first) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).once('error', reject);
    const length = first === undefined ? 1 : first.length + 1;
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nCookie: PHPSESSID=${id}\r\nContent-Length: ${length}\r\n\r\n`);
    if (first !== undefined) socket.write(first);
  });
}

/**
 * @param {readonly { name: string }[]} contestants
 * @param {readonly import('./visitors.mjs').Visits[][]} turns
 * @returns {import('./report.mjs').Section}
 */
function report(contestants, turns) {
  const [alone, ...besides] = turns;
  const p99 = (/** @type {import('./visitors.mjs').Visits} */ { latencies }) => quantile(latencies, 0.99);
  const all = (/** @type {import('./visitors.mjs').Visits[]} */ of) => of.flatMap(({ latencies }) => latencies);
  const typical = (/** @type {import('./visitors.mjs').Visits[]} */ of) =>
    median(of.map((turn, i) => p99(turn) / p99(alone[i])));
  return {
    title: `A page that counts, ${CLIENTS} visitors at a time, ${CLIENTS} connections; beside them`,
    lines: [
      ['', 'a second', 'p50', 'p99', 'p99 / alone', 'failed'],
      ...contestants.map(({ name }, i) => [
        name,
        whole(median(turns[i].map(({ perSecond }) => perSecond))),
        milliseconds(quantile(all(turns[i]), 0.5)),
        milliseconds(quantile(all(turns[i]), 0.99)),
        decimal(typical(turns[i])),
        whole(turns[i].reduce((sum, { failures }) => sum + failures, 0)),
      ]),
    ],
    targets: besides.map((of, i) => ({
      what: `p99 with ${contestants[i + 1].name}`,
      figure: typical(of),
      typical: quantile(all(of), 0.99) / quantile(all(alone), 0.99),
      limit: 'at most 2',
      met: typical(of) <= 2,
    })),
    notes: [
      'Half of the slow clients send the id of a session, half an unknown id. In the targets ~ is the ratio over all rounds.',
    ],
  };
}
