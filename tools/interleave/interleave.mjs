import { asInAnotherProcess } from '../another-process.mjs';
import { Actor } from './actor.mjs';
import { Controller } from './controller.mjs';
import { History } from './history.mjs';
import { makePlan } from './plan.mjs';
import { table, Wire } from './wire.mjs';
import { Witness } from './witness.mjs';

/** The id that all actors know. */
const shared = '0123456789abcdef0123456789abcdef';
/** What is in a session that is there from the beginning. */
const first = 'first|s:5:"first";';

/**
 * @typedef {object} Failure
 * @property {string} replay `SEED:INDEX`
 * @property {string[]} problems
 * @property {string[]} script what happened, step by step
 */

/**
 * @typedef {object} Result
 * @property {string} title
 * @property {number} schedules
 * @property {number} steps
 * @property {Map<string, number>} outcomes how often requests ended in each way
 * @property {Failure[]} failures
 * @property {string[]} script of the last schedule
 */

/**
 * Lets a few requests at one session meet in orders that a seed chooses, with up to two faults in each, and judges what the table
 * held and what each was told.
 *
 * @param {import('../services/engines.mjs').RunningEngine} engine
 * @param {object} options
 * @param {import('./actor.mjs').Product} options.product
 * @param {typeof import('php-session-bridge/mysql').createTableSql} options.createTableSql
 * @param {number} options.seed
 * @param {number} options.from index of the first schedule
 * @param {number} options.schedules
 * @param {number} options.mostFailures ends then
 * @returns {Promise<Result>}
 */
export async function interleave(engine, { product, createTableSql, seed, from, schedules, mostFailures }) {
  const [endpoint] = engine.endpoints;
  if (endpoint === undefined) throw new Error('the engine has no server');
  const witness = await Witness.start(endpoint, createTableSql({ table, engine: engine.tableEngine }));
  /** @type {Result} */
  const result = {
    title: `${engine.title} ${engine.version}; seed ${seed}`,
    ...{ schedules: 0, steps: 0, outcomes: new Map(), failures: [], script: [] },
  };
  let actors = await makeActors(product, endpoint);
  try {
    for (let index = from; index < from + schedules && result.failures.length < mostFailures; index++) {
      const plan = makePlan(seed, index);
      await witness.reset(plan.begins ? [shared, first] : undefined);
      const history = new History(await witness.rows());
      const taking = actors.slice(0, plan.actors.length);
      const controller = new Controller(plan, taking, history, witness);
      const running = taking.map((actor, i) => actor.run(plan.actors[i] ?? [], shared, history));
      const isOver = await controller.run();
      if (isOver) await Promise.all(running);
      await judgeEnd(history, taking, witness);
      result.schedules++;
      result.steps += history.step;
      for (const { outcome } of history.requests) count(result.outcomes, outcome);
      result.script = [...describe(plan), ...controller.script, ...history.requests.map(told)];
      if (history.problems.length === 0) continue;
      result.failures.push({ replay: `${seed}:${index}`, problems: history.problems, script: result.script });
      // What is left over would disturb the next one.
      for (const actor of actors) await stop(actor);
      actors = await makeActors(product, endpoint);
    }
  } finally {
    for (const actor of actors) await stop(actor);
    await witness.end();
  }
  return result;
}

/**
 * @param {import('./actor.mjs').Product} product
 * @param {import('../services/engines.mjs').Endpoint} endpoint
 */
function makeActors(product, endpoint) {
  return Promise.all(
    ['A', 'B', 'C'].map(async (name) => {
      const wire = new Wire(endpoint, () => undefined);
      const connection = { ...endpoint, port: await wire.start() };
      // Nothing is to happen because time has passed: the controller ends connections, and lets owners of locks go on.
      const limits = { timeout: 30_000, maxHold: 3_600, touchInterval: 0 };
      const store = asInAnotherProcess(() => product.mysqlStore({ connection, table, ...limits }));
      return new Actor(name, product, wire, store);
    }),
  );
}

/**
 * @param {Map<string, number>} counts
 * @param {string} what
 */
function count(counts, what) {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** @param {Actor} actor */
async function stop({ store, wire }) {
  const closing = store.close(100);
  wire.stop();
  await closing;
}

/**
 * @param {History} history
 * @param {Actor[]} actors
 * @param {Witness} witness
 */
async function judgeEnd(history, actors, witness) {
  history.finish();
  for (const { name, wire } of actors) {
    if ([...wire.links].some((link) => link.inTransaction)) history.complain(`${name} left a transaction open`);
  }
  if (await witness.isLocked()) history.complain('a row is still locked');
}

/** @param {import('./plan.mjs').Plan} plan */
function describe({ begins, actors, faults }) {
  return [
    `${begins ? 'a session' : 'no session'} at first; up to ${faults} faults`,
    ...actors.flatMap((requests, i) =>
      requests.map(({ mode, strict, cookie, operations }, j) => {
        const how = `${mode}, ${strict ? 'strict' : 'loose'}, with the ${cookie} cookie`;
        return `${'ABC'[i]}${j + 1}: ${how}: ${['open', ...operations, 'commit'].join(', ')}`;
      }),
    ),
  ];
}

/** @param {import('./history.mjs').Request} request */
function told({ name, outcome }) {
  return `${name} ended: ${outcome}`;
}
