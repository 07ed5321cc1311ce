import { setTimeout as sleep } from 'node:timers/promises';
import { complaints } from './complaints.mjs';
import { startDatabase } from './database.mjs';
import { MergeModel } from './merge-model.mjs';
import { Model } from './model.mjs';
import { Record } from './record.mjs';
import { layouts, startServers } from './servers.mjs';
import { verify } from './verify.mjs';
import { Visitors } from './visitors.mjs';

const table = 'session';

/**
 * @typedef {object} StormOptions
 * @property {import('../services/engines.mjs').EngineName} engine
 * @property {number} [requests] how many at least, default 20,000
 * @property {number} [sessions] default 50
 * @property {number} [concurrency] requests under way at the same time, default 32
 * @property {number} [seed] default 1
 * @property {import('./servers.mjs').Layout} [processes] how the Node servers run, default `separate`
 * @property {number} [phpWorkers] default 8
 * @property {boolean} [everyNode] whether each Node server begins with another SQL node; default only where row locks are those of
 *   all nodes (NDB Cluster)
 * @property {import('./faults.mjs').Fault[]} [faults] during the storm, one after the other
 * @property {number} [lockTimeout] seconds that a request waits for its session, default 10
 * @property {number} [maxHold] seconds after which a silent server loses the lock of a session, default 5
 * @property {'row' | 'merge'} [lock] of PHP, and Node's mode, default `row`
 * @property {boolean} [persistent] whether PHP keeps its connections, default false; only with one database server
 * @property {readonly string[]} [frameworks] of the Node servers, in turn; default `koa`
 * @property {string} [beside] folder of an older version of the package: half of the servers use it. In the end they go on alone
 * @property {(line: string) => void} [say] gets lines about the progress
 */

/**
 * @typedef {object} StormResult
 * @property {string} title the engine, the servers and the seed
 * @property {Record} record
 * @property {import('./model.mjs').Model} model
 * @property {string[]} complaints what the servers wrote into their logs
 * @property {number} failed requests without a good answer
 */

/**
 * Lets many clients use a few sessions on PHP-FPM and on Node servers at once, and checks of each answer, and in the end
 * of each session, that nothing was lost and nothing came back.
 *
 * @param {StormOptions} options
 * @returns {Promise<StormResult>}
 */
export async function storm({
  engine: name,
  requests = 20_000,
  sessions = 50,
  concurrency = 32,
  seed = 1,
  processes = 'separate',
  phpWorkers = 8,
  everyNode = name === 'ndb',
  faults = [],
  lockTimeout = 10,
  maxHold = 5,
  lock = 'row',
  persistent = false,
  frameworks = ['koa'],
  beside,
  say = () => {},
}) {
  const { engine, description } = await startDatabase(name, table);
  try {
    const { endpoints } = engine;
    const isGalera = engine.name === 'galera';
    const servers = await startServers({
      endpoints,
      isGalera,
      everyNode,
      table,
      processes,
      phpWorkers,
      lockTimeout,
      maxHold,
      lock,
      persistent,
      frameworks,
      closes: faults.length > 0,
      beside,
      say,
    });
    try {
      const { servers: nodeServers, workers } = layouts[processes];
      const title = `${description}; PHP-FPM with ${phpWorkers} workers, ${nodeServers} × ${workers} Node (${processes}; ${frameworks.join(', ')}); lock ${lock}${persistent ? ', persistent connections' : ''}${beside === undefined ? '' : '; beside an older version'}; seed ${seed}`;
      const record = new Record();
      // Two nodes of Galera give the same lock to two requests. One of them loses it.
      const model = new (lock === 'merge' ? MergeModel : Model)({
        faults: faults.length > 0 || (isGalera && everyNode),
      });
      const visitors = new Visitors({ url: servers.url, sessions, record, model });
      record.begin('no fault');
      const events = beside === undefined ? faults : [...faults, goBack];
      const share = requests / (events.length + 1);
      let goal = Number.POSITIVE_INFINITY;
      const sending = visitors.send({ concurrency, seed, goesOn: () => record.requests < goal });
      try {
        for (const [i, event] of events.entries()) {
          while (record.requests < (i + 1) * share) await sleep(20);
          await disturb(event, { engine, table, servers, say }, record);
        }
      } finally {
        // An event can last for more requests than its share, and what follows the last one counts as well.
        goal = Math.max(requests, record.requests + share);
      }
      await sending;
      record.end();
      await verify(visitors, endpoints, table);
      visitors.close();
      return { title, record, model, failed: record.failed, complaints: complaints(servers.logs) };
    } finally {
      await servers.stop();
    }
  } finally {
    await engine.stop();
  }
}

/** No visitor notices it, so it is no fault. @type {import('./faults.mjs').Fault} */
const goBack = {
  title: 'the newer version ends, and the older goes on',
  run: ({ servers }) => servers.goBack(),
};

/**
 * @param {import('./faults.mjs').Fault} fault
 * @param {import('./faults.mjs').Storm} storm
 * @param {Record} record
 */
async function disturb({ title, run }, storm, record) {
  storm.say(title);
  record.begin(title);
  await run(storm);
  const end = performance.now();
  storm.say(`it is over after ${((end - (record.phases.at(-1)?.start ?? 0)) / 1_000).toFixed(1)} s`);
  while (!record.servesSince(end)) await sleep(20);
  await sleep(3_000);
  record.begin('no fault');
}
