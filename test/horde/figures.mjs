import { setTimeout as sleep } from 'node:timers/promises';
import { ways } from '../../tools/horde/drop-in.mjs';
import { Visitor } from './visitor.mjs';

/** @typedef {import('../../tools/horde/drop-in.mjs').Way} Way */

/** Two requests of one visitor at once, of so many milliseconds each. */
const slow = 2_000;
const slowRounds = 5;
const pageRounds = 150;
/** PHP processes of the server in `slowCall()`: fewer than the requests that the visitor may have under way. */
export const workers = 6;
const polls = 6;
const others = 4;

/**
 * Measures by each way in how long a page takes, and two slow requests of one visitor. The servers run side by side, and are asked in turn.
 *
 * @param {import('../../tools/horde/lab.mjs').Lab} lab
 * @returns {Promise<Record<string, Record<Way, number>>>} medians in milliseconds
 */
export async function timePages(lab) {
  const farm = await lab.startFarm({ ways });
  /** @type {Record<string, { count: number, act: (visitor: Visitor) => Promise<unknown> }>} */
  const kinds = {
    'a page that changes nothing (portal)': { count: pageRounds, act: (it) => ok(it, '/horde/services/portal/') },
    'a page that changes the session': {
      count: pageRounds,
      act: (it) => it.horde('set', { name: 'n', value: random() }),
    },
    "IMP's list of messages": { count: pageRounds, act: (it) => ok(it, '/horde/imp/basic.php?page=mailbox') },
    [`two requests of ${slow / 1000} s of one visitor`]: { count: slowRounds, act: twoSlow },
  };
  try {
    const visitors = [];
    for (const { url } of farm.servers) {
      const visitor = new Visitor(url);
      await visitor.login();
      visitors.push(visitor);
    }
    /** @type {Record<string, Record<Way, number>>} */
    const medians = {};
    for (const [name, { count, act }] of Object.entries(kinds)) {
      const times = visitors.map(() => /** @type {number[]} */ ([]));
      const warmUp = count === slowRounds ? 0 : 20;
      for (let round = -warmUp; round < count; round++) {
        for (const [i, visitor] of visitors.entries()) {
          const begin = performance.now();
          await act(visitor);
          if (round >= 0) times[i]?.push(performance.now() - begin);
        }
      }
      medians[name] = byWay((i) => quantile(times[i] ?? [], 0.5));
    }
    return medians;
  } finally {
    await farm.stop();
  }
}

/**
 * One call of a visitor that keeps its session open for long, six polls of his, again and again, and other visitors at the same server.
 *
 * @param {import('../../tools/horde/lab.mjs').Lab} lab
 * @param {number} seconds that the call takes
 * @returns {Promise<Record<Way, { held: number, most: number, refused: number, p50: number, p99: number }>>} `held`: PHP processes that he has on
 *   average, `refused`: polls with a 503, quantiles of the others' pages in milliseconds
 */
export async function slowCall(lab, seconds) {
  const results = [];
  for (const way of ways) {
    const farm = await lab.startFarm({ ways: [way], workers });
    try {
      results.push(await measureSlowCall(farm.url, seconds));
    } finally {
      await farm.stop();
    }
  }
  return byWay((i) => /** @type {any} */ (results[i]));
}

/** @param {string} url @param {number} seconds */
async function measureSlowCall(url, seconds) {
  const alice = new Visitor(url);
  await alice.login('alice', 'dynamic');
  const token = await alice.horde('get', { app: 'horde', name: 'session_token' });
  const bobs = await Promise.all(
    Array.from({ length: others }, async () => {
      const each = new Visitor(url);
      await each.login('bob');
      await ok(each, '/horde/services/portal/');
      return each;
    }),
  );
  let [open, refused, isOver] = [0, 0, false];
  /** @type {number[]} */
  const held = [];
  /** @type {number[]} */
  const times = [];
  const counted = async (/** @type {Promise<import('./visitor.mjs').Answer>} */ answer, part = '') => {
    open++;
    const { status, text } = await answer;
    open--;
    if (status === 503) refused++;
    else if (status !== 200 || !text.includes(part)) throw new Error(`status ${status}: ${text.slice(0, 300)}`);
  };
  const call = counted(alice.send(`/horde/lab/page.php?do=set&name=slow&value=1&sleep=${seconds * 1000}`)).finally(
    () => {
      isOver = true;
    },
  );
  await sleep(200);
  const poller = async () => {
    while (!isOver) {
      // What IMP's page asks every minute: the number of unread messages in INBOX.
      await counted(alice.send('/horde/services/ajax.php/imp/poll', { token, poll: '["SU5CT1g"]' }), 'imp:poll');
      await sleep(2_000);
    }
  };
  const other = async (/** @type {Visitor} */ visitor) => {
    while (!isOver) {
      const begin = performance.now();
      await ok(visitor, '/horde/services/portal/');
      times.push(performance.now() - begin);
      await sleep(250);
    }
  };
  const observe = async () => {
    for (; !isOver; await sleep(50)) held.push(Math.min(open, workers));
  };
  await Promise.all([call, observe(), ...Array.from({ length: polls }, poller), ...bobs.map(other)]);
  return {
    held: held.reduce((sum, each) => sum + each, 0) / held.length,
    most: Math.max(...held),
    refused,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}

/** @param {Visitor} visitor */
async function twoSlow(visitor) {
  const one = (/** @type {string} */ name) => visitor.horde('set', { name, value: random(), sleep: String(slow) });
  await Promise.all([one('one'), one('other')]);
}

/** @param {Visitor} visitor @param {string} path */
async function ok(visitor, path) {
  const { status } = await visitor.send(path);
  if (status !== 200) throw new Error(`${path}: status ${status}`);
}

const random = () => String(Math.floor(Math.random() * 1e9));

/** @param {readonly number[]} values @param {number} part */
function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** @template T @param {(index: number) => T} value @returns {Record<Way, T>} */
function byWay(value) {
  return /** @type {any} */ (Object.fromEntries(ways.map((way, i) => [way, value(i)])));
}
