import { startProcess } from './process.mjs';

/** The actors of all schedules, each made when a schedule needs it. */
export class Cast {
  #engine;
  #product;
  /** Processes with their actors, by what they depend on. @type {Map<string, Promise<import('./actor.mjs').Actor[]>>} */
  #processes = new Map();

  /**
   * @param {import('../services/engines.mjs').RunningEngine} engine
   * @param {import('./actor.mjs').Product} product
   */
  constructor(engine, product) {
    this.#engine = engine;
    this.#product = product;
  }

  /**
   * @param {number} many
   * @param {import('./variant.mjs').Variant} variant
   * @returns {Promise<import('./actor.mjs').Actor[]>}
   */
  async take(many, { processes, nodes, data, lock }) {
    const names = ['A', 'B', 'C'].slice(0, many);
    const all = await Promise.all(
      nodes.map((node, process) => {
        const own = names.filter((_, i) => processes[i] === process);
        return own.length === 0 ? [] : this.#process(own, node, data, lock);
      }),
    );
    return all.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * @param {string[]} names
   * @param {number} node
   * @param {import('./variant.mjs').Variant['data']} data
   * @param {import('./variant.mjs').Variant['lock']} lock
   */
  #process(names, node, data, lock) {
    const key = `${names} ${node} ${data} ${lock}`;
    const { endpoints, name } = this.#engine;
    const endpoint = /** @type {import('../services/engines.mjs').Endpoint} */ (endpoints[node]);
    const start = () => startProcess(names, this.#product, endpoint, { data, lock, undoesAll: name === 'ndb' });
    const actors = this.#processes.get(key) ?? start();
    this.#processes.set(key, actors);
    return actors;
  }

  /** All connections end, and with them all locks. */
  async stop() {
    const actors = (await Promise.all(this.#processes.values())).flat();
    this.#processes.clear();
    for (const { store, wire } of actors) {
      const closing = store.close(100);
      wire.stop();
      await closing;
    }
  }
}
