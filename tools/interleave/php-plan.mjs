// What a PHP actor does: see plan.mjs.

/** @typedef {'write_close' | 'shutdown' | 'abort' | 'read_and_close'} Ending `shutdown`: PHP writes it when the script is over */

/**
 * @typedef {object} PhpPlan
 * @property {'pdo' | 'mysqli'} driver
 * @property {'row' | 'merge'} lock of the handler
 * @property {boolean} given the handler has one connection, instead of a function that makes them: it cannot make a new one
 * @property {boolean} lazyWrite `session.lazy_write`: only the time is written where nothing has changed
 */

/** @typedef {import('./plan.mjs').Operation} Operation */

const weighted = /** @type {[weight: number, Operation[]][]} */ ([
  [5, ['own key']],
  [3, ['own key', 'shared key']],
  [4, ['destroy']],
  [1, ['own key', 'destroy']],
  [3, ['own key', 'regenerate']],
  [2, ['regenerate', 'own key']],
  [1, ['regenerate']],
  [2, []],
]);
const sessions = weighted.flatMap(([weight, operations]) => Array(weight).fill(operations));

/**
 * @param {number} many sessions
 * @param {PhpPlan['lock']} lock
 * @param {boolean} strictly whether all are in strict mode
 * @param {() => number} random
 * @returns {import('./plan.mjs').ActorPlan}
 */
export function phpActor(many, lock, strictly, random) {
  const session = (/** @type {unknown} */ _, /** @type {number} */ i) => {
    const operations = sessions[Math.floor(random() * sessions.length)];
    return {
      mode: /** @type {import('./plan.mjs').Mode} */ (lock === 'merge' ? 'merge' : 'exclusive'),
      ...{ operations, end: endingOf(operations, random()) },
      strict: strictly || random() < 0.15,
      cookie: /** @type {'shared' | 'own'} */ (random() < 0.75 ? 'shared' : 'own'),
      again: random() < 0.3 && i > 0,
    };
  };
  const driver = random() < 0.5 ? 'pdo' : 'mysqli';
  const php = /** @type {PhpPlan} */ ({ driver, lock, given: random() < 0.15, lazyWrite: random() < 0.75 });
  return { php, requests: Array.from({ length: many }, session) };
}

/**
 * @param {Operation[]} operations
 * @param {number} random
 * @returns {Ending}
 */
function endingOf(operations, random) {
  if (operations.length === 0 && random < 0.4) return 'read_and_close';
  if (random < 0.1) return 'abort';
  return random < 0.55 ? 'shutdown' : 'write_close';
}
