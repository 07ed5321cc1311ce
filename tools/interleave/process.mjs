import { AsyncLocalStorage } from 'node:async_hooks';
import { connect } from 'node:net';
import { Actor } from './actor.mjs';
import { EXECUTE, PREPARE } from './packets.mjs';
import { tables, Wire } from './wire.mjs';

/** The actor whose code runs. @type {AsyncLocalStorage<Actor>} */
export const playing = new AsyncLocalStorage();

/**
 * @typedef {object} How
 * @property {import('./variant.mjs').Variant['data']} data
 * @property {boolean} undoesAll see `Wire`
 */

/**
 * Makes a Node process with its store, and the actors whose requests it serves.
 *
 * @param {string[]} names of the actors
 * @param {import('./actor.mjs').Product} product
 * @param {import('../services/engines.mjs').Endpoint} endpoint
 * @param {How & { lock: import('./variant.mjs').Variant['lock'] }} how
 * @returns {Promise<Actor[]>}
 */
export async function startProcess(names, product, endpoint, { data, lock, undoesAll }) {
  const wires = names.map(() => new Wire(endpoint, { undoesAll }));
  const [first] = /** @type {[Wire]} */ (wires);
  const port = await first.start();
  /** Who uses a connection, by its port. @type {Map<number | undefined, Actor>} */
  const users = new Map();
  // A store of another process has another mutex.
  product.MysqlStore.mutex = tellingOfWaits(new product.KeyedMutex());
  const store = product.mysqlStore({
    connection: { ...endpoint, stream: () => socketOf(port, users) },
    table: tables[data],
    ...(lock === 'name' && { lock: product.codeIgniterLock }),
    // Nothing is to happen because time has passed: the controller ends connections, and lets owners of locks go on.
    ...{ lockTimeout: 30, maxHold: 3_600, touchInterval: 0 },
  });
  // It is asked for once in the life of a store, so a replay would have another step than the run.
  Object.assign(store, { sample: undefined });
  for (const wire of wires) wire.ownerOf = (port) => users.get(port)?.wire ?? wire;
  return names.map((name, i) => new Actor(name, product, /** @type {Wire} */ (wires[i]), store));
}

/**
 * A connection to the wire that notes who speaks. A statement that has just been prepared goes out in the context of who made the
 * connection; it belongs to who had it prepared.
 *
 * @param {number} port
 * @param {Map<number | undefined, Actor>} users
 */
function socketOf(port, users) {
  const socket = connect(port, '127.0.0.1');
  const write = socket.write.bind(socket);
  let last = 0;
  socket.write = (/** @type {any} */ packet, /** @type {any[]} */ ...rest) => {
    const [code, user] = [packet[4], playing.getStore()];
    if (user !== undefined && !(code === EXECUTE && last === PREPARE)) users.set(socket.localPort, user);
    last = code;
    return write(packet, ...rest);
  };
  return socket;
}

/**
 * An actor that waits for another one of its process sends no statement, so it says so itself.
 *
 * @param {import('../../src/stores/keyed-mutex.ts').KeyedMutex} mutex
 */
function tellingOfWaits(mutex) {
  const acquire = mutex.acquire.bind(mutex);
  mutex.acquire = async (key, ...rest) => {
    const actor = playing.getStore();
    if (actor === undefined || mutex.isFree(key)) return acquire(key, ...rest);
    actor.isQueued = true;
    actor.wire.onEvent();
    try {
      return await acquire(key, ...rest);
    } finally {
      actor.isQueued = false;
    }
  };
  return mutex;
}
