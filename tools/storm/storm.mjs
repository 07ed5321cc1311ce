import { complaints } from './complaints.mjs';
import { startDatabase } from './database.mjs';
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
 * @property {number} [lockTimeout] seconds that a request waits for its session, default 10
 * @property {number} [maxHold] seconds after which a silent server loses the lock of a session, default 5
 * @property {(line: string) => void} [say] is told what happens meanwhile
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
  lockTimeout = 10,
  maxHold = 5,
  say = () => {},
}) {
  const { engine, description, everyEndpoint } = await startDatabase(name, table);
  try {
    const { endpoints } = engine;
    const servers = await startServers({
      endpoints,
      everyEndpoint,
      table,
      processes,
      phpWorkers,
      lockTimeout,
      maxHold,
      say,
    });
    try {
      const { servers: nodeServers, workers } = layouts[processes];
      const title = `${description}; PHP-FPM with ${phpWorkers} workers, ${nodeServers} × ${workers} Node (${processes}); seed ${seed}`;
      const record = new Record();
      const visitors = new Visitors({ url: servers.url, sessions, record });
      record.begin('no fault');
      await visitors.send({ concurrency, seed, goesOn: () => record.requests < requests });
      record.end();
      await verify(visitors, endpoints, table);
      visitors.close();
      return { title, record, model: visitors.model, failed: record.failed, complaints: complaints(servers.logs) };
    } finally {
      await servers.stop();
    }
  } finally {
    await engine.stop();
  }
}
