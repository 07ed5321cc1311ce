import { seeded } from '../storm/random.mjs';
import { phpActor } from './php-plan.mjs';

/** @typedef {'exclusive' | 'merge' | 'readonly'} Mode */

/**
 * @typedef {object} RequestPlan of Node, or what is the same in PHP: from `session_start()` to the session's end
 * @property {Mode} mode
 * @property {boolean} strict `useStrictMode`
 * @property {'shared' | 'own'} cookie the id that all actors know, or what the actor's last answer left it with
 * @property {Operation[]} operations between `open()` and `commit()`
 * @property {import('./php-plan.mjs').Ending} [end] of PHP: how the session ends
 * @property {boolean} [again] of PHP: in the same script as the one before, and so with PHP's id at that moment
 */

/**
 * @typedef {object} ActorPlan
 * @property {import('./php-plan.mjs').PhpPlan} [php] none: it is Node
 * @property {RequestPlan[]} requests
 */

/** @typedef {'own key' | 'shared key' | 'lock' | 'regenerate' | 'destroy'} Operation */

/**
 * @typedef {object} Plan
 * @property {'a session' | 'an empty session' | 'no session'} begins what is under the shared id; an empty one is what a login leaves
 * @property {ActorPlan[]} actors
 * @property {number} faults at most
 * @property {number} stay how likely it is that the same actor goes on
 * @property {() => number} random for what follows
 */

/** What a request can be. Those that change the session's life come often, as it is they that things go wrong with. */
const weighted = /** @type {[weight: number, Mode, Operation[]][]} */ ([
  [5, 'exclusive', ['own key']],
  [2, 'exclusive', ['own key', 'shared key']],
  [4, 'exclusive', ['destroy']],
  [1, 'exclusive', ['destroy', 'own key']],
  [3, 'exclusive', ['own key', 'regenerate']],
  [1, 'exclusive', ['regenerate']],
  [1, 'exclusive', []],
  [4, 'merge', ['own key']],
  [3, 'merge', ['own key', 'shared key']],
  [1, 'merge', ['own key', 'lock', 'shared key']],
  [1, 'merge', ['own key', 'regenerate']],
  [2, 'merge', ['destroy']],
  [1, 'merge', []],
  [1, 'readonly', []],
  [1, 'readonly', ['lock', 'own key']],
]);
const requests = weighted.flatMap(([weight, mode, operations]) => Array(weight).fill({ mode, operations }));

const beginnings = /** @type {const} */ ([
  'a session',
  'a session',
  'a session',
  'an empty session',
  'no session',
  'no session',
]);

/**
 * @param {number} seed
 * @param {number} index of the schedule
 * @param {number} php how likely it is that an actor is PHP
 * @returns {Plan} always the same for the same three
 */
export function makePlan(seed, index, php) {
  const random = seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const oneOf = (/** @type {number} */ count) => Math.floor(random() * count);
  // PHP's locks have random numbers of their own, so the rest of a schedule is the same whatever they are.
  const randomLock = seeded(Math.imul(seed + 1, 0x2545f491) ^ Math.imul(index + 1, 0x9e3779b9));
  const lock = () => (randomLock() < 0.5 ? 'merge' : 'row');
  const strictly = random() < 0.25;
  const request = () => {
    const kind = requests[oneOf(requests.length)];
    const strict = strictly || random() < 0.15;
    return { ...kind, strict, cookie: random() < 0.75 ? 'shared' : 'own' };
  };
  const begins = beginnings[oneOf(beginnings.length)];
  const many = () => 1 + oneOf(3);
  const actor = () =>
    random() < php ? phpActor(many(), lock(), strictly, random) : { requests: Array.from({ length: many() }, request) };
  const actors = Array.from({ length: 2 + oneOf(2) }, actor);
  const [faults, stay] = [[0, 1, 1, 2, 2][oneOf(5)], [0.3, 0.6, 0.85][oneOf(3)]];
  return /** @type {Plan} */ ({ begins, actors, faults, stay, random });
}
