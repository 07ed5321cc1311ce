import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../setup.mjs';
import { ask } from './database.mjs';

/**
 * @typedef {object} Storm what a fault can break
 * @property {import('../services/engines.mjs').RunningEngine} engine
 * @property {string} table
 * @property {import('./servers.mjs').Servers} servers
 * @property {(line: string) => void} say what cannot be seen in the table of the report
 */

/**
 * @typedef {object} Fault
 * @property {string} title
 * @property {import('../services/engines.mjs').EngineName[]} [engines] where it can be; default: everywhere
 * @property {true} [isSilent] no request may fail
 * @property {true} [loses] what the database had acknowledged may be lost
 * @property {(storm: Storm) => Promise<void>} run
 */

/** Longer than a silent server keeps the lock of a session. */
const FROZEN = 8_000;

/** @type {Record<string, Fault>} */
export const faults = {
  rolling: {
    title: 'all Node servers are restarted, one after the other (SIGTERM)',
    isSilent: true,
    async run({ servers: { node } }) {
      for (const server of node) {
        const before = server.pid;
        process.kill(before, 'SIGTERM');
        while (server.pid === before || !server.running) await sleep(50);
        await sleep(500); // until the proxy has seen it
      }
    },
  },
  'kill-node': {
    title: 'kill -9 of half of the Node servers, one after the other',
    async run({ servers: { node } }) {
      for (const server of node.slice(0, node.length / 2)) {
        server.kill('SIGKILL');
        await sleep(1_000);
      }
    },
  },
  'stop-node': {
    title: `SIGSTOP of a Node server for ${FROZEN / 1_000} s`,
    run: ({ servers: { node } }) => frozen((signal) => node[0]?.kill(signal)),
  },
  'kill-php': {
    title: 'kill -9 of half of the PHP workers, one after the other',
    async run({ servers: { php } }) {
      const workers = php.workers();
      for (const pid of workers.slice(0, workers.length / 2)) {
        process.kill(pid, 'SIGKILL');
        await sleep(500);
      }
    },
  },
  'stop-php': {
    title: `SIGSTOP of a PHP worker for ${FROZEN / 1_000} s`,
    run({ servers: { php } }) {
      const [pid = 0] = php.workers();
      return frozen((signal) => process.kill(pid, signal));
    },
  },
  'kill-sql': {
    title: 'kill -9 of the SQL node in use, started again after 5 s',
    run: ({ engine }) => killed(nodes(engine, 'sql')[0], 5_000),
  },
  'stop-sql': {
    title: `SIGSTOP of the SQL node in use for ${FROZEN / 1_000} s`,
    run: ({ engine }) => frozen((signal) => nodes(engine, 'sql')[0]?.kill(signal)),
  },
  restart: {
    title: 'the whole database is stopped in order and started again',
    async run({ engine }) {
      await engine.stopAll();
      await engine.startAll();
    },
  },
  'kill-data': {
    title: 'kill -9 of one of two data nodes, started again after 5 s',
    engines: ['ndb'],
    run: ({ engine }) => killed(nodes(engine, 'data')[0], 5_000),
  },
  'stop-data': {
    title: 'SIGSTOP of one of two data nodes for 40 s, or until the other has taken it for dead',
    engines: ['ndb'],
    async run({ engine }) {
      const [node] = nodes(engine, 'data');
      await node?.kill('SIGSTOP');
      await sleep(40_000);
      // The cluster has gone on without it, and it may not come back as it is.
      await killed(node, 0);
    },
  },
  'kill-all-data': {
    title: 'kill -9 of both data nodes at once, started again',
    engines: ['ndb'],
    loses: true,
    async run({ engine }) {
      const data = nodes(engine, 'data');
      await Promise.all(data.map((node) => node.kill('SIGKILL')));
      await Promise.all(data.map((node) => node.start()));
    },
  },
  cut: {
    title: 'the Galera node in use is cut off from the others for 15 s',
    engines: ['galera'],
    async run({ engine }) {
      const [node] = nodes(engine, 'sql');
      await node?.isolate?.(true);
      await sleep(15_000);
      await node?.isolate?.(false);
    },
  },
  full: {
    title: 'the memory of the data nodes is full for 8 s',
    engines: ['ndb'],
    run: full,
  },
  packet: {
    title: 'max_allowed_packet is 16 KB, and sessions become larger',
    isSilent: true,
    run: packet,
  },
};

/**
 * @param {string} names separated by commas; `all`: those that this engine can have; those that cost data must be named
 * @param {import('../services/engines.mjs').EngineName} engine
 * @returns {Fault[]}
 * @throws {SetupError} for a name that is none, or a fault that this engine cannot have
 */
export function chooseFaults(names, engine) {
  const isPossible = (/** @type {Fault} */ { engines }) => engines === undefined || engines.includes(engine);
  if (names === 'all') return Object.values(faults).filter((fault) => isPossible(fault) && !fault.loses);
  return names
    .split(',')
    .filter(Boolean)
    .map((name) => {
      const fault = faults[name];
      if (fault === undefined || !isPossible(fault)) throw new SetupError(`--faults: ${engine} cannot have ${name}`);
      return fault;
    });
}

/** @param {Storm['engine']} engine @param {'sql' | 'data'} kind */
function nodes(engine, kind) {
  return engine.nodes.filter((node) => node.kind === kind);
}

/** @param {(signal: NodeJS.Signals) => unknown} signal */
async function frozen(signal) {
  await signal('SIGSTOP');
  await sleep(FROZEN);
  await signal('SIGCONT');
}

/** @param {import('../services/engines.mjs').EngineNode | undefined} node @param {number} pause */
async function killed(node, pause) {
  await node?.kill('SIGKILL');
  await sleep(pause);
  await node?.start();
}

/** @param {Storm} storm */
async function full({ engine, table, servers, say }) {
  const [endpoint] = engine.endpoints;
  const start = performance.now();
  try {
    let rows = 0;
    for (let bytes = 29_000; bytes > 100; ) {
      const data = `x|s:${bytes}:"${'x'.repeat(bytes)}";`;
      const values = Array.from({ length: 20 }, () => [`filler-${rows++}`, data, 0]);
      try {
        await ask(endpoint, 'INSERT INTO ?? (id, data, usetime) VALUES ?', [table, values]);
      } catch (error) {
        const { errno, message } = /** @type {{ errno?: number, message: string }} */ (error);
        if (bytes === 29_000) say(`full with ${rows} rows: error ${errno} ${message}`);
        bytes = Math.floor(bytes / 4); // The last gaps are filled with less.
      }
    }
    say(`nothing fits any more after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    await Promise.all([grow(servers, 'php', say), grow(servers, 'node', say), sleep(8_000)]);
  } finally {
    for (let deleted = 1; deleted > 0; )
      ({ affectedRows: deleted } = await ask(endpoint, "DELETE FROM ?? WHERE id LIKE 'filler-%' LIMIT 500", [table]));
  }
}

/** @param {Storm} storm */
async function packet({ engine, servers, say }) {
  const [endpoint] = engine.endpoints;
  const [{ size }] = await ask(endpoint, 'SELECT @@GLOBAL.max_allowed_packet AS size');
  for (const endpoint of engine.endpoints) await ask(endpoint, 'SET GLOBAL max_allowed_packet = 16384');
  await grow(servers, 'php', say);
  await grow(servers, 'node', say);
  for (const endpoint of engine.endpoints) await ask(endpoint, 'SET GLOBAL max_allowed_packet = ?', [size]);
}

/**
 * Makes new sessions large, and says how that was answered, and what was in the session then.
 *
 * @param {Storm['servers']} servers
 * @param {'php' | 'node'} side
 * @param {Storm['say']} say
 */
async function grow({ url }, side, say) {
  /** @type {Record<string, number>} */
  const outcomes = {};
  for (let i = 0; i < 24; i++) {
    const login = await fetch(`${url}/${side}/login?incarnation=${-1 - i}`);
    const cookie = login.headers.getSetCookie().at(-1)?.split(';')[0] ?? '';
    const grown = login.ok ? await fetch(`${url}/${side}/grow?bytes=20000`, { headers: { cookie } }) : login;
    const after = login.ok ? await fetch(`${url}/node/logout`, { headers: { cookie } }) : undefined;
    const { keys } = /** @type {{ keys?: string[] }} */ ((await after?.json().catch(() => undefined)) ?? {});
    const outcome = `${grown.status} for ${login.ok ? `20 KB, then ${keys?.length ?? 'no'} keys` : 'the login'}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  say(`new sessions by ${side}: ${JSON.stringify(outcomes)}`);
}
