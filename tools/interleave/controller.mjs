import { setImmediate as nextTurn } from 'node:timers/promises';

/** What does more than set the time, in a text with COMMIT or by itself. */
const isWrite = /^(DELETE|UPDATE \S+ SET `(id|data)`)/;

/** Milliseconds after which a schedule that does not move is given up: far more than any schedule takes. */
const PATIENCE = 20_000;

/**
 * @typedef {object} Move one thing that can happen next
 * @property {import('./actor.mjs').AnyActor} actor
 * @property {import('./wire.mjs').Link} link
 * @property {'send' | 'deliver' | 'learn' | 'expire' | 'refuse 1205' | 'refuse 1213' | 'drop' | 'abandon'} what
 */

/** Decides whose statement goes next, and what goes wrong. Only one thing happens at a time, so the order is that of the seed. */
export class Controller {
  /** What was done, for who reads a failure. @type {string[]} */
  script = [];
  /** How often a request was found waiting: for a row, for a named lock, in the queue of its process. */
  waits = { row: 0, name: 0, queue: 0 };
  /** @type {import('./actor.mjs').Actor[]} */
  #queued = [];
  #actors;
  #history;
  #plan;
  #witness;
  #faults;
  /** The actor that went last. @type {import('./actor.mjs').AnyActor | undefined} */
  #last;
  /** By actor the step until which it stands still while others can go. @type {Map<import('./actor.mjs').AnyActor, number>} */
  #frozen = new Map();
  /** Statements that were found to wait for a lock. @type {Set<import('./wire.mjs').Command>} */
  #waiting = new Set();
  /** Connections that had locks then. @type {import('./wire.mjs').Link[]} */
  #owners = [];
  /** @type {(() => void) | undefined} */
  #onEvent;
  #hasNews = false;

  /**
   * @param {import('./plan.mjs').Plan} plan
   * @param {import('./actor.mjs').AnyActor[]} actors
   * @param {import('./history.mjs').History} history
   * @param {import('./witness.mjs').Witness} witness
   */
  constructor(plan, actors, history, witness) {
    this.#plan = plan;
    this.#actors = actors;
    this.#history = history;
    this.#witness = witness;
    this.#faults = plan.faults;
    for (const { wire } of actors) wire.onEvent = () => this.#wake();
  }

  #wake() {
    this.#hasNews = true;
    this.#onEvent?.();
  }

  /** @returns {Promise<boolean>} whether all came to an end */
  async run() {
    const history = this.#history;
    if (!(await this.#stand())) return false;
    while (this.#actors.some((actor) => !actor.isFinished)) {
      const move = this.#choose();
      if (move === undefined) {
        history.complain('all requests wait for a lock that none has');
        return false;
      }
      history.step++;
      await this.#do(move);
      if (!(await this.#stand())) return false;
      await this.#look();
    }
    return true;
  }

  /** @returns {Move | undefined} */
  #choose() {
    const { random, stay } = this.#plan;
    const { step } = this.#history;
    const moves = this.#actors.flatMap((actor) => normalMoves(actor));
    const awake = moves.filter(({ actor }) => (this.#frozen.get(actor) ?? 0) <= step);
    const [from = moves] = [awake, moves].filter((list) => list.length > 0);
    const same = from.find(({ actor }) => actor === this.#last);
    let move = same !== undefined && random() < stay ? same : from[Math.floor(random() * from.length)];
    // One that waits for a lock can have a fault too.
    const waits = this.#actors.flatMap((actor) => waitingMoves(actor));
    if (this.#faults > 0) {
      const faults = [...(move === undefined ? [] : faultyMoves(move)), ...waits];
      const likely = move?.link.command?.commits ? 0.35 : 0.06;
      if (faults.length > 0 && random() < likely) {
        move = faults[Math.floor(random() * faults.length)];
        this.#faults--;
        if (move !== undefined) this.#blame(move);
      }
    }
    if (move === undefined) return undefined;
    this.#last = move.actor;
    if (random() < 0.04) this.#freeze(move.actor);
    return move;
  }

  /** @param {Move} move a fault */
  #blame({ actor, link, what }) {
    const request = /** @type {import('./history.mjs').Request} */ (link.command?.request);
    request.faults++;
    if (!what.startsWith('refuse')) {
      request.hasLostConnection = true;
      if (link.command?.commits) request.hasLostCommit = true;
    }
    if (this.#plan.random() < 0.7) this.#freeze(actor);
  }

  /** @param {import('./actor.mjs').AnyActor} actor */
  #freeze(actor) {
    this.#frozen.set(actor, this.#history.step + 1 + Math.floor(this.#plan.random() * 40));
  }

  /** @param {Move} move */
  async #do({ actor, link, what }) {
    const { step } = this.#history;
    const { command } = link;
    const request = /** @type {import('./history.mjs').Request} */ (command?.request);
    this.script.push(`${step} ${actor.name} ${request.name} ${request.operation}: ${what} ${command?.kind}`);
    if (what === 'send') link.send();
    else if (what === 'deliver') link.deliver();
    else if (what === 'expire') await link.expire();
    else if (what === 'refuse 1205') await link.refuse(1205);
    else if (what === 'refuse 1213') await link.refuse(1213);
    else link.cut();
  }

  /** Looks at what the statements have done that the server answered in this step. */
  async #look() {
    const done = this.#actors.flatMap(({ wire }) => wire.answered.splice(0));
    for (const command of done) {
      if (command.answer.error !== 0) {
        this.script.push(`    the server says ${command.answer.error} to the ${command.kind ?? 'preparation'}`);
        // As a deadlock, which InnoDB finds by itself. A placeholder that is there is no failure.
        if (command.answer.error !== 1062) /** @type {any} */ (command.request).faults++;
      }
      // Where there is no row, it is the placeholder that locks.
      const reads = ['read', 'lock', 'placeholder'].includes(command.kind ?? '');
      if (reads) /** @type {any} */ (command.request).lastRead = this.#history.step;
    }
    const writers = done.filter(hasCommitted);
    if (writers.length === 0) return;
    // A replacement that waited for the lock came after its holder.
    writers.sort((a, b) => Number(a.kind === 'replace') - Number(b.kind === 'replace'));
    const [first, second] = writers.map(({ request }) => /** @type {import('./history.mjs').Request} */ (request));
    const rows = await this.#witness.rows();
    if (second !== undefined) this.#history.changed(this.#history.beforeReplacement(rows, second), first);
    this.#history.changed(rows, second ?? first);
  }

  async #stand() {
    const [waiting, queued] = [this.#waiting, this.#queued];
    if (!(await this.#settle())) return false;
    this.#queued = this.#actors.filter(({ isQueued }) => isQueued);
    this.waits.queue += this.#queued.filter((actor) => !queued.includes(actor)).length;
    for (const command of this.#waiting)
      if (!waiting.has(command)) this.waits[command.kind === 'name' ? 'name' : 'row']++;
    return true;
  }

  /**
   * Waits until each actor stands before the controller, has come to its end, or waits for a lock.
   *
   * @returns {Promise<boolean>} `false`: that did not happen
   */
  async #settle() {
    const end = performance.now() + PATIENCE;
    for (;;) {
      this.#hasNews = false;
      const links = this.#actors.flatMap(({ wire }) => [...wire.links]);
      const sent = links.filter((link) => link.isSent);
      const isCalm =
        !links.some((link) => link.isLeaving) &&
        this.#actors.every((actor) => actor.isFinished || actor.isQueued || actor.wire.waiting !== undefined);
      if (isCalm && this.#actors.some(({ isQueued }) => isQueued)) {
        // Who is let out of a queue begins to go on in the same moment in which another one has come to its end.
        await nextTurn();
        if (this.#hasNews) continue;
      }
      if (isCalm && sent.length === 0) return true;
      if (performance.now() > end) {
        this.#history.complain('it does not go on');
        return false;
      }
      // Who waits for a lock waits for a transaction that is open and whose statements are held here.
      const owners = links.filter((link) => !link.isSent && link.isOwner);
      const canWait = isCalm && owners.length > 0;
      if (canWait && this.#stillWait(sent)) return true;
      await this.#news(canWait ? this.#witness.patience : 1_000);
      if (!canWait || this.#hasNews) continue;
      const hasNames = sent.some(({ command }) => command?.kind === 'name');
      if ((await this.#witness.waiting(hasNames)) !== sent.length || this.#hasNews) continue;
      this.#owners = owners;
      this.#waiting = new Set(sent.map((link) => /** @type {import('./wire.mjs').Command} */ (link.command)));
      return true;
    }
  }

  /**
   * Whether these were waiting before, and no lock has become free since.
   *
   * @param {import('./wire.mjs').Link[]} sent
   */
  #stillWait(sent) {
    // What is committed on one node of Galera takes locks away on the others. An error may have rolled back.
    const isFree = this.#actors.some(({ wire }) =>
      wire.answered.some(({ commits, answer }) => commits || answer.error !== 0),
    );
    const wait = sent.every(({ command }) => command !== undefined && this.#waiting.has(command));
    return !isFree && wait && this.#owners.every((link) => link.isOwner && !link.isExpired);
  }

  /**
   * @param {number} most milliseconds
   * @returns {Promise<void>}
   */
  #news(most) {
    if (this.#hasNews) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, most);
      this.#onEvent = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Whether others may see a change now. PHP sends COMMIT alone, and so does Node if it had to read back what it wrote.
 *
 * @param {import('./wire.mjs').Command} command
 */
function hasCommitted({ answer, sql }) {
  if (answer.error !== 0 || answer.inTransaction) return false;
  return sql === 'COMMIT' || (answer.affected !== 0 && isWrite.test(sql));
}

/**
 * @param {import('./actor.mjs').AnyActor} actor
 * @returns {Move[]} none, when it waits for a lock or has come to its end
 */
function normalMoves(actor) {
  const link = actor.wire.waiting;
  const phase = link?.command?.phase;
  if (link === undefined || phase === 'sent') return [];
  if (phase === 'answered') return [{ actor, link, what: 'deliver' }];
  return [{ actor, link, what: link.isExpired ? 'learn' : 'send' }];
}

/** @param {import('./actor.mjs').AnyActor} actor @returns {Move[]} */
function waitingMoves(actor) {
  const link = actor.wire.waiting;
  return link?.command?.phase === 'sent' ? [{ actor, link, what: 'abandon' }] : [];
}

/** @param {Move} move @returns {Move[]} what can go wrong in its place */
function faultyMoves({ actor, link, what }) {
  if (what === 'learn') return [];
  if (what === 'deliver') return [{ actor, link, what: 'drop' }];
  /** @type {Move['what'][]} */
  const faults = ['expire', 'expire'];
  const isEnd = link.command?.kind === 'rollback' || link.command?.kind === 'unname';
  if (!isEnd) faults.push('refuse 1213');
  // COMMIT alone waits for no lock.
  if (!isEnd && link.command?.sql !== 'COMMIT') faults.push('refuse 1205');
  return faults.map((fault) => ({ actor, link, what: fault }));
}
