import { PhpActor } from './php-actor.mjs';
import { startProcess } from './process.mjs';

/** @typedef {import('./actor.mjs').AnyActor} AnyActor */

/** The actors of all schedules, each started when a schedule needs it. */
export class Cast {
  #engine;
  #products;
  #phpFault;
  /** Processes with their actors, by what they depend on. @type {Map<string, Promise<AnyActor[]>>} */
  #processes = new Map();

  /**
   * @param {import('../services/engines.mjs').RunningEngine} engine
   * @param {readonly import('./actor.mjs').Product[]} products of the Node processes, in turn
   * @param {string} phpFault see `PhpActor.start()`
   */
  constructor(engine, products, phpFault) {
    this.#engine = engine;
    this.#products = products;
    this.#phpFault = phpFault;
  }

  /**
   * @param {import('./plan.mjs').ActorPlan[]} plans
   * @param {import('./variant.mjs').Variant} variant
   * @returns {Promise<AnyActor[]>}
   */
  async take(plans, { processes, nodes, data, lock }) {
    const names = plans.map((_, i) => 'ABC'[i] ?? '');
    const isPhp = (/** @type {number} */ i) => plans[i]?.php !== undefined;
    const all = await Promise.all(
      nodes.flatMap((node, process) => {
        const version = process % this.#products.length;
        const product = /** @type {import('./actor.mjs').Product} */ (this.#products[version]);
        const own = names.filter((_, i) => processes[i] === process);
        // PHP shares no process: each request has a handler of its own.
        const [php, together] = [
          own.filter((name) => isPhp(names.indexOf(name))),
          own.filter((name) => !isPhp(names.indexOf(name))),
        ];
        return [
          ...php.map((name) =>
            this.#start(`PHP ${name}`, node, data, async (endpoint, how) => [
              await PhpActor.start(name, endpoint, { ...how, fault: this.#phpFault }),
            ]),
          ),
          ...(together.length === 0
            ? []
            : [
                this.#start(`${together} ${lock} ${version}`, node, data, (endpoint, how) =>
                  startProcess(together, product, endpoint, { ...how, lock }),
                ),
              ]),
        ];
      }),
    );
    return all.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * @param {string} what
   * @param {number} node
   * @param {import('./variant.mjs').Variant['data']} data
   * @param {(endpoint: import('../services/engines.mjs').Endpoint, how: import('./process.mjs').How) => Promise<AnyActor[]>} start
   */
  #start(what, node, data, start) {
    const key = `${what} ${node} ${data}`;
    const { endpoints, name } = this.#engine;
    const endpoint = /** @type {import('../services/engines.mjs').Endpoint} */ (endpoints[node]);
    const actors = this.#processes.get(key) ?? start(endpoint, { data, undoesAll: name === 'ndb' });
    this.#processes.set(key, actors);
    return actors;
  }

  async stop() {
    const all = await Promise.allSettled(this.#processes.values());
    this.#processes.clear();
    for (const one of all) if (one.status === 'fulfilled') for (const actor of one.value) await actor.stop();
  }
}
