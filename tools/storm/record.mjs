/**
 * @typedef {object} Phase what happened from one event to the next
 * @property {string} name
 * @property {number} start `performance.now()`
 * @property {number} end
 * @property {number} requests
 * @property {Record<'php' | 'node', number>} answered
 * @property {Set<string>} servers that have answered
 * @property {Record<string, number>} actions those that were answered
 * @property {Map<string, number>} failures by kind
 * @property {number[]} times milliseconds of the answered requests
 * @property {Record<'all' | 'php' | 'node' | 'session', number>} longest milliseconds without an answer: of all, of
 *   one side, and for one session from its first request that failed or waited
 */

/** Counts what the visitors saw. */
export class Record {
  /** @type {Phase[]} */
  phases = [];
  /** When the last good answer came. */
  #last = { all: 0, php: 0, node: 0 };
  /** @type {WeakMap<object, number>} since when a session's requests fail */
  #failingSince = new WeakMap();

  /** Begins a phase, and ends the one before. @param {string} name */
  begin(name) {
    const now = performance.now();
    this.end();
    if (this.phases.length === 0) this.#last = { all: now, php: now, node: now };
    this.phases.push({
      name,
      start: now,
      end: now,
      requests: 0,
      answered: { php: 0, node: 0 },
      servers: new Set(),
      actions: {},
      failures: new Map(),
      times: [],
      longest: { all: 0, php: 0, node: 0, session: 0 },
    });
  }

  /** Ends the last phase. */
  end() {
    const phase = this.phases.at(-1);
    if (phase === undefined) return;
    phase.end = performance.now();
    for (const side of /** @type {const} */ (['all', 'php', 'node'])) this.#pause(side, phase.end);
  }

  get requests() {
    return this.phases.reduce((sum, phase) => sum + phase.requests, 0);
  }

  /** Whether both sides have answered since then. @param {number} time */
  servesSince(time) {
    return this.#last.php > time && this.#last.node > time;
  }

  /** Requests without a good answer. */
  get failed() {
    return this.phases.reduce((sum, { failures }) => sum + [...failures.values()].reduce((a, b) => a + b, 0), 0);
  }

  /**
   * @param {object} request
   * @param {object} request.visitor
   * @param {'php' | 'node'} request.side
   * @param {string} request.path
   * @param {number} request.start
   * @param {import('./visitors.mjs').Answer} request.answer
   */
  add({ visitor, side, path, start, answer: { status, server, isFromProxy, page } }) {
    const phase = this.phases.at(-1);
    if (phase === undefined) return;
    const now = performance.now();
    phase.requests++;
    if (status !== 200 || page === undefined) {
      const by = isFromProxy ? 'HAProxy' : side === 'php' ? 'PHP' : 'Node';
      const kind = status === 0 ? 'no answer' : status === 200 ? `an empty page by ${by}` : `${status} by ${by}`;
      phase.failures.set(kind, (phase.failures.get(kind) ?? 0) + 1);
      if (!this.#failingSince.has(visitor)) this.#failingSince.set(visitor, start);
      return;
    }
    phase.answered[side]++;
    phase.servers.add(server);
    const action = page.incarnation === null ? 'nobody' : (path.split('?')[0] ?? '');
    phase.actions[action] = (phase.actions[action] ?? 0) + 1;
    phase.times.push(now - start);
    this.#pause('all', now);
    this.#pause(side, now);
    const since = this.#failingSince.get(visitor) ?? start;
    this.#failingSince.delete(visitor);
    phase.longest.session = Math.max(phase.longest.session, now - since);
  }

  /** @param {'all' | 'php' | 'node'} side @param {number} now */
  #pause(side, now) {
    const phase = this.phases.at(-1);
    if (phase) phase.longest[side] = Math.max(phase.longest[side], now - this.#last[side]);
    this.#last[side] = now;
  }
}
