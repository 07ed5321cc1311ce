import { Cast } from './cast.mjs';
import { Controller } from './controller.mjs';
import { History } from './history.mjs';
import { makePlan } from './plan.mjs';
import { playing } from './process.mjs';
import { describeVariant, variantOf } from './variant.mjs';
import { Witness } from './witness.mjs';

/** The id that all actors know. */
const shared = '0123456789abcdef0123456789abcdef';
/** At the end of each word, by the column: what is not ASCII is looked at before it is committed to a column of text. */
const suffixes = { bytes: '', text: '-\u00fc\u20ac\u{1f511}' };

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
 * @property {Controller['waits']} waits how often a request waited, and for what
 * @property {Map<string, number>} outcomes how often requests ended in each way
 * @property {Failure[]} failures
 * @property {string[]} script of the last schedule
 */

/**
 * Lets a few requests at one session meet in orders that a seed chooses, with up to two faults in each, and judges what the table
 * held and what each got as its answer.
 *
 * @param {import('../services/engines.mjs').RunningEngine} engine
 * @param {object} options
 * @param {readonly import('./actor.mjs').Product[]} options.products of the Node processes, in turn
 * @param {typeof import('php-session-bridge/mysql').createTableSql} options.createTableSql
 * @param {number} options.nodes how many of the engine's SQL nodes actors use
 * @param {string} [options.phpFault] a promise that PHP's handler breaks: see php-faulty.php
 * @param {number} [options.php] how likely it is that an actor is PHP
 * @param {number} options.seed
 * @param {number} options.from index of the first schedule
 * @param {number} options.schedules
 * @param {number} options.mostFailures ends then
 * @param {(line: string) => void} [options.say] gets lines about the progress
 * @returns {Promise<Result>}
 */
export async function interleave(engine, options) {
  const { products, createTableSql, nodes, seed, from, schedules, mostFailures, say = () => undefined } = options;
  const { phpFault = '', php = 0.45 } = options;
  const witness = await Witness.start(engine, createTableSql);
  const locksByNode = engine.name === 'galera' && nodes > 1;
  const hasNames = engine.name === 'mariadb' || engine.name === 'mysql';
  /** @type {Result} */
  const result = {
    title: `${engine.title} ${engine.version}${products.length > 1 ? '; beside an older version' : ''}; seed ${seed}`,
    ...{ schedules: 0, steps: 0, failures: [], script: [] },
    ...{ waits: { row: 0, name: 0, queue: 0 }, outcomes: new Map() },
  };
  const cast = new Cast(engine, products, phpFault);
  try {
    for (let index = from; index < from + schedules && result.failures.length < mostFailures; index++) {
      const plan = makePlan(seed, index, php);
      const variant = variantOf(seed, index, { nodes, hasNames });
      witness.data = variant.data;
      const suffix = suffixes[variant.data];
      await witness.reset(firstRow(plan.begins, suffix));
      const history = new History(await witness.rows(), suffix, { locksByNode });
      const taking = await cast.take(plan.actors, variant);
      const controller = new Controller(plan, taking, history, witness);
      const running = taking.map((actor, i) =>
        playing.run(actor, () => actor.run(/** @type {any} */ (plan.actors[i]), shared, history)),
      );
      const isOver = await controller.run();
      if (isOver) await Promise.all(running);
      await judgeEnd(history, taking, witness);
      result.schedules++;
      if (result.schedules % 1000 === 0) say(`${result.schedules} schedules so far`);
      result.steps += history.step;
      for (const what of /** @type {const} */ (['row', 'name', 'queue'])) result.waits[what] += controller.waits[what];
      for (const { outcome } of history.requests) count(result.outcomes, outcome);
      result.script = [...describe(plan, variant), ...controller.script, ...history.requests.map(told)];
      if (history.problems.length === 0) continue;
      result.failures.push({ replay: `${seed}:${index}`, problems: history.problems, script: result.script });
      // What is left over would disturb the next one.
      await cast.stop();
    }
  } finally {
    await cast.stop();
    await witness.end();
  }
  return result;
}

/**
 * @param {import('./plan.mjs').Plan['begins']} begins
 * @param {string} suffix
 * @returns {[id: string, data: string] | undefined} what is in the table at first
 */
function firstRow(begins, suffix) {
  if (begins === 'no session') return undefined;
  const word = `first${suffix}`;
  return [shared, begins === 'a session' ? `first|s:${Buffer.byteLength(word)}:"${word}";` : ''];
}

/**
 * @param {Map<string, number>} counts
 * @param {string} what
 */
function count(counts, what) {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/**
 * @param {History} history
 * @param {import('./actor.mjs').AnyActor[]} actors
 * @param {Witness} witness
 */
async function judgeEnd(history, actors, witness) {
  history.finish();
  for (const { name, wire } of actors) {
    const links = [...wire.links];
    if (links.some(({ inTransaction }) => inTransaction)) history.complain(`${name} left a transaction open`);
    if (links.some(({ hasName }) => hasName)) history.complain(`${name} kept a named lock`);
  }
  if (await witness.isLocked()) history.complain('a row is still locked');
}

/**
 * @param {import('./plan.mjs').Plan} plan
 * @param {import('./variant.mjs').Variant} variant
 */
function describe({ begins, actors, faults }, variant) {
  return [
    `${begins} at first; up to ${faults} faults`,
    describeVariant(variant, actors),
    ...actors.flatMap(({ php, requests }, i) => {
      const lines = requests.map((request, j) => `${'ABC'[i]}${j + 1}: ${describeRequest(request)}`);
      if (php === undefined) return lines;
      const how = `${php.driver}, lock ${php.lock}${php.given ? ', one connection' : ''}${php.lazyWrite ? '' : ', without lazy_write'}`;
      return [`${'ABC'[i]} is PHP: ${how}`, ...lines];
    }),
  ];
}

/** @param {import('./plan.mjs').RequestPlan} request */
function describeRequest({ mode, strict, cookie, operations, end = 'commit', again }) {
  const id = again ? 'in the same script' : `with the ${cookie} cookie`;
  return `${mode}, ${strict ? 'strict' : 'loose'}, ${id}: ${['open', ...operations, end].join(', ')}`;
}

/** @param {import('./history.mjs').Request} request */
function told({ name, outcome }) {
  return `${name} ended: ${outcome}`;
}
