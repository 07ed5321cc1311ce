/**
 * One way in which a login and another request of the same browser, the call, can meet.
 *
 * @typedef {object} Cell
 * @property {Side} login who logs in
 * @property {'last' | 'first' | undefined} order PHP: whether `session_regenerate_id()` comes after what is stored, or before
 * @property {Mode | undefined} mode of Node's requests, where Node takes part
 * @property {Side | undefined} call who gets the call; `undefined`: there is none
 * @property {Action} action what the call does
 * @property {Timing} timing
 * @property {'call' | 'login'} last whose answer reaches the browser last
 * @property {Strict} strict where `session.use_strict_mode` is on
 * @property {boolean} takesRowFirst whether the call had the row, and was done with it, before the login got it
 * @property {Control} [control] what is done wrong on purpose
 * @property {import('./login.mjs').Kind} [shows] what has to be seen of that
 */

/** @typedef {'node' | 'php'} Side */
/** @typedef {'exclusive' | 'merge'} Mode */
/** @typedef {'nothing' | 'store' | 'read' | 'logout' | 'login'} Action */
/** @typedef {'both' | 'neither' | 'node' | 'php'} Strict */
/** @typedef {keyof typeof timings} Timing */
/** @typedef {'stranger' | 'keep' | 'forget' | 'broken'} Control */

/** When the call comes, which always has the id from before the login. */
export const timings = {
  alone: 'no call',
  waits: 'waits for the row',
  first: 'began before',
  within: 'between read and lock',
  halfway: 'after PHP has regenerated',
  after: 'after the COMMIT',
};

export const actions = {
  nothing: '',
  store: 'stores',
  read: 'reads',
  logout: 'logs out',
  login: 'logs in too',
};

const names = { node: 'Node', php: 'PHP' };

/** Every cell that can be. @returns {Cell[]} */
export function allCells() {
  return [...alone(), ...pairs().flatMap(meetings)];
}

/** Cells with a mistake in them, which must be detected each time. Otherwise the other cells prove nothing. @returns {Cell[]} */
export function controls() {
  /** @type {[Control, import('./login.mjs').Kind][]} */
  const kinds = [
    ['stranger', 'lost'], // The call has no cookie, so it gets a session of its own, and its answer comes last.
    ['keep', 'leaked'], // The login stays under the old id.
    ['forget', 'lost'], // The login drops what was in the session before.
    ['broken', 'failed'], // The call is answered 500.
  ];
  return kinds.flatMap(([control, shows]) =>
    pairs()
      .filter(({ login, call, mode }) => login === call && mode !== 'merge')
      .map((pair) => ({
        ...{ ...pair, action: 'store', timing: 'after', last: control === 'stranger' ? 'call' : 'login' },
        ...{ strict: 'both', takesRowFirst: false, control, shows },
      })),
  );
}

/** @typedef {Pick<Cell, 'login' | 'order' | 'mode' | 'call'>} Pair */

/** @returns {Pair[]} */
function pairs() {
  /** @type {Pair[]} */
  const found = [];
  for (const login of /** @type {const} */ (['node', 'php'])) {
    for (const order of login === 'php' ? /** @type {const} */ (['last', 'first']) : [undefined]) {
      for (const call of /** @type {const} */ (['node', 'php'])) {
        const hasNode = login === 'node' || call === 'node';
        for (const mode of hasNode ? /** @type {const} */ (['exclusive', 'merge']) : [undefined]) {
          found.push({ login, order, mode, call });
        }
      }
    }
  }
  return found;
}

/** A login that nothing can undo: what these show is a mistake of the tool, or of the login itself. @returns {Cell[]} */
function alone() {
  const logins = pairs().filter(({ login, call }) => call === login);
  return logins.flatMap(({ login, order, mode }) =>
    /** @type {const} */ (['both', 'neither']).map((strict) => ({
      ...{ login, order, mode, call: undefined, strict },
      ...{ action: 'nothing', timing: 'alone', last: 'login', takesRowFirst: false },
    })),
  );
}

/** @param {Pair} pair @returns {Cell[]} */
function meetings(pair) {
  /** @type {Cell[]} */
  const found = [];
  const isMerge = (/** @type {Side | undefined} */ side) => side === 'node' && pair.mode === 'merge';
  for (const action of /** @type {const} */ (['store', 'read', 'logout', 'login'])) {
    for (const timing of /** @type {const} */ (['waits', 'first', 'within', 'halfway', 'after'])) {
      // Only a login that reads without the lock has anything between the two.
      if (timing === 'within' && !isMerge(pair.login)) continue;
      if (timing === 'halfway' && pair.login !== 'php') continue;
      // It reads without the lock, and has nothing to write.
      if (timing === 'waits' && action === 'read' && isMerge(pair.call)) continue;
      const takesRowFirst = timing === 'within' || (timing === 'first' && !isMerge(pair.call));
      // That login had read the session before a logout, and what it read must not come back: docs/locking.md.
      if (takesRowFirst && action === 'logout' && isMerge(pair.login)) continue;
      for (const last of /** @type {const} */ (['call', 'login'])) {
        // It ended the session that there was, so it had to remove the cookie. What becomes of that is the network's doing.
        if (takesRowFirst && action === 'logout' && last === 'call') continue;
        for (const strict of stricts(pair)) found.push({ ...pair, action, timing, last, strict, takesRowFirst });
      }
    }
  }
  return found;
}

/** @param {Pair} pair @returns {Strict[]} */
function stricts({ login, call }) {
  return login === call ? ['both', 'neither'] : ['both', 'neither', 'node', 'php'];
}

/** @param {Cell} cell */
export function loginTitle({ login, order, mode }) {
  return login === 'php' ? `PHP, regenerate ${order}` : `Node, ${mode}`;
}

/** @param {Cell} cell */
export function callTitle({ login, call, mode, action }) {
  if (call === undefined) return timings.alone;
  const name = call === 'node' && login === 'php' ? `Node (${mode})` : names[call];
  return `${name} ${actions[action]}`;
}

/** @param {Cell} cell */
export function title(cell) {
  const { timing, last, strict, call, control } = cell;
  const isStrict = { both: 'strict', neither: 'not strict', node: 'Node strict', php: 'PHP strict' }[strict];
  if (call === undefined) return `${loginTitle(cell)} | ${callTitle(cell)} | ${isStrict}`;
  const all = [loginTitle(cell), callTitle(cell), timings[timing], `answer of the ${last} last`, isStrict];
  return [...all, ...(control === undefined ? [] : [`control: ${control}`])].join(' | ');
}
