// What happened, and whether it is what the documentation promises. The table is read after each statement that commits, so
// each state that it was in is known, and who made it.

/**
 * @typedef {Map<string, Map<string, string>>} Rows by id what is in the session: by key its token
 * @typedef {{ step: number, rows: Rows }} State
 */

/** @typedef {{ key: string, request: Request, seen: number | undefined }} Token */

export class History {
  /** What is wrong. @type {string[]} */
  problems = [];
  /** The number of the present step. */
  step = 0;
  /** @type {State[]} */
  states = [];
  /** @type {Map<string, Token>} */
  tokens = new Map();
  /** Only those that are over. @type {Request[]} */
  requests = [];
  /** At the end of each token. */
  suffix;
  /** @type {boolean} */
  locksByNode;

  /**
   * @param {Rows} rows
   * @param {string} [suffix] at the end of each token
   * @param {{ locksByNode?: boolean }} [engine] whether a lock keeps off its own node alone, as on Galera
   */
  constructor(rows, suffix = '', { locksByNode = false } = {}) {
    this.suffix = suffix;
    this.locksByNode = locksByNode;
    this.states.push({ step: 0, rows });
  }

  /** @returns {Rows} */
  get now() {
    return /** @type {State} */ (this.states.at(-1)).rows;
  }

  /** @param {string} problem */
  complain(problem) {
    this.problems.push(`step ${this.step}: ${problem}`);
  }

  /**
   * @param {Rows} rows what is in the table now
   * @param {Request | undefined} writer whose statement committed
   */
  changed(rows, writer) {
    writer?.moved?.look(rows);
    const before = this.now;
    const ids = [...new Set([...before.keys(), ...rows.keys()])].filter(
      (id) => textOf(before.get(id)) !== textOf(rows.get(id)),
    );
    if (ids.length === 0) return;
    if (writer === undefined) return this.complain('the table changed without a statement of an actor');
    const { renaming, moved } = writer;
    const isNew =
      renaming !== undefined && !before.has(renaming.to) && rows.has(renaming.to) && ids.includes(renaming.to);
    if (isNew) renaming.isDone = true;
    const isMoved = isNew && moved === undefined;
    if (isMoved) this.#checkMove(before, rows, writer);
    const taken = ids.find((id) => id === moved?.from && rows.get(id)?.size === 0);
    if (taken !== undefined) moved?.take(before.get(taken));
    for (const id of ids) this.#checkRow(id, before, rows, writer, isMoved ? renaming : undefined);
    if (isNew && moved !== undefined) this.#checkArrival(rows.get(renaming.to), writer, moved);
    this.states.push({ step: this.step, rows });
  }

  /**
   * What the table held before a request replaced what it had read without the lock.
   *
   * @param {Rows} rows
   * @param {Request} writer
   * @returns {Rows}
   */
  beforeReplacement(rows, { id = '', readAt }) {
    return new Map(rows).set(id, this.#stateAt(readAt).get(id) ?? new Map());
  }

  /**
   * A move leaves an empty row, so that who comes with the old id finds something.
   *
   * @param {Rows} before
   * @param {Rows} rows
   * @param {Request} writer
   */
  #checkMove(before, rows, writer) {
    const { from, to } = /** @type {{ from: string, to: string }} */ (writer.renaming);
    if (rows.get(from)?.size !== 0) this.complain(`${writer.name} left no empty row under the old id`);
    for (const [key, token] of before.get(from) ?? []) {
      if (rows.get(to)?.get(key) !== token && !this.#hasReplaced(writer, key, rows.get(to))) {
        this.complain(`${writer.name} lost ${token} when it moved the session`);
      }
    }
    this.#checkLock(from, writer);
  }

  /**
   * PHP takes the session out of its row first, and writes it under the new id at its end.
   *
   * @param {Map<string, string> | undefined} row
   * @param {Request} writer
   * @param {Moved} moved
   */
  #checkArrival(row, writer, moved) {
    for (const [key, token] of moved.tokens) {
      if (row?.get(key) === token || this.#hasReplaced(writer, key, row)) continue;
      this.complain(`${writer.name} lost ${token} when it moved the session`);
    }
  }

  /**
   * @param {string} id
   * @param {Rows} before
   * @param {Rows} rows
   * @param {Request} writer
   * @param {{ from: string, to: string } | undefined} move
   */
  #checkRow(id, before, rows, writer, move) {
    const [old, now] = [before.get(id), rows.get(id)];
    const isSource = move?.from === id || (writer.moved?.from === id && now?.size === 0);
    if (old !== undefined && now === undefined) {
      if (!writer.isDestroying) this.complain(`${writer.name} deleted a session without having been asked to`);
      if (writer.deletions++ > 0) this.complain(`${writer.name} deleted the session twice`);
      return;
    }
    if (old === undefined && now?.size === 0 && move === undefined && !isSource)
      this.complain(`${writer.name} made an empty row`);
    for (const [key, token] of now ?? []) {
      if (old?.get(key) === token) continue;
      if (move?.to === id && before.get(move.from)?.get(key) === token) continue;
      if (writer.renaming?.to === id && writer.moved?.tokens.get(key) === token) continue;
      this.#checkNew(token, writer);
    }
    for (const [key, token] of old ?? []) {
      if (now?.get(key) === token || isSource || this.#hasReplaced(writer, key, now)) continue;
      this.complain(`${writer.name} lost ${token}, which it did not replace`);
    }
    if (move === undefined) {
      this.#checkLock(id, writer, now);
      this.#checkLateMerge(id, old, writer, now);
      this.#checkEmptied(id, old, writer, now);
    }
  }

  /**
   * Only the request that made a token brings it into a session, and only once.
   *
   * @param {string} name
   * @param {Request} writer
   */
  #checkNew(name, writer) {
    const token = this.tokens.get(name);
    if (token?.request !== writer) this.complain(`${writer.name} brought ${name} back`);
    else if (token.seen !== undefined) this.complain(`${writer.name} wrote ${name} a second time`);
    if (token !== undefined) token.seen ??= this.step;
  }

  /**
   * @param {Request} writer
   * @param {string} key
   * @param {Map<string, string> | undefined} row
   */
  #hasReplaced(writer, key, row) {
    const token = this.tokens.get(row?.get(key) ?? '');
    return token?.request === writer;
  }

  /**
   * A request that reads under the lock writes over what it read: no other has written in between, also if the lock was lost.
   *
   * An empty session that is empty again is the same, with a row or without one: what was in it went on under another id. And where
   * there was no session and is none again, an empty row does not make one.
   *
   * @param {string} id
   * @param {Request} writer
   * @param {Map<string, string> | undefined} [row] what it wrote, where it is nothing else that it wrote
   */
  #checkLock(id, writer, row) {
    if (!writer.isLocked || writer.id !== id) return;
    const since = this.states.filter(({ step }) => step > writer.readAt);
    const changes = since.map(({ rows }) => textOf(rows.get(id)));
    const read = textOf(this.#stateAt(writer.readAt).get(id));
    const last = changes.at(-1);
    const isEmptyAgain = (read ?? '') === '' && last === '';
    const isNone = read === undefined && last === undefined && row?.size === 0;
    const isOther = changes.some((text) => text !== read) && !isEmptyAgain && !isNone;
    if (isOther) this.complain(`${writer.name} wrote under a lock on what others had written since it read`);
  }

  /**
   * Who read before a logout without the lock writes nothing after it: not into a session that others have begun anew under the same id
   * since, nor into one of its own. An empty row that is empty again counts as the same; and as under a lock, an empty row where there was
   * no session and is none again does not make one.
   *
   * @param {string} id
   * @param {Map<string, string> | undefined} old
   * @param {Request} writer
   * @param {Map<string, string> | undefined} row what it wrote
   */
  #checkLateMerge(id, old, writer, row) {
    if (writer.isLocked || writer.id !== id) return;
    const read = this.#stateAt(writer.readAt).get(id);
    const isNone = read === undefined && old === undefined && row?.size === 0;
    if ((read?.size === 0 && old?.size === 0) || isNone || !this.hasEnded(writer)) return;
    const what =
      old === undefined ? 'made a session again that was destroyed' : 'wrote into another session than it read';
    this.complain(`${writer.name} ${what}`);
  }

  /**
   * What a session held that was read without the lock, and that others have emptied since, is not stored again, whatever the request has
   * made of it: a login would come back under its old id.
   *
   * @param {string} id
   * @param {Map<string, string> | undefined} old
   * @param {Request} writer
   * @param {Map<string, string> | undefined} row what it wrote
   */
  #checkEmptied(id, old, writer, row) {
    if (writer.isLocked || writer.id !== id || old?.size !== 0) return;
    const read = this.#stateAt(writer.readAt).get(id);
    for (const key of row?.keys() ?? []) {
      if (read?.has(key)) this.complain(`${writer.name} stored '${key}' again, which others had emptied`);
    }
  }

  /**
   * Whether others have destroyed the session that a request has read, or one that has begun since.
   *
   * @param {Request} request
   */
  hasEnded({ id = '', readAt }) {
    const since = this.#since(readAt).map((rows) => rows.has(id));
    const begun = this.#stateAt(readAt).has(id) ? 0 : since.indexOf(true);
    return begun >= 0 && since.includes(false, begun);
  }

  /**
   * Whether there was nothing to destroy at some time since a request began to.
   *
   * @param {Request} request
   */
  hadNothing({ id = '', begunAt }) {
    return [this.#stateAt(begunAt), ...this.#since(begunAt)].some((rows) => (rows.get(id)?.size ?? 0) === 0);
  }

  /** @param {number} step @returns {Rows[]} what the table held after it */
  #since(step) {
    return this.states.filter((state) => state.step > step).map(({ rows }) => rows);
  }

  /** @param {number} step @returns {Rows} */
  #stateAt(step) {
    return /** @type {State} */ (this.states.findLast((state) => state.step <= step)).rows;
  }

  /**
   * What was in the row when a request read it.
   *
   * Where nodes lock each for itself, a request may be given what was there before another node's COMMIT, if that came after the request
   * began to open the session: while it waited for a lock of its node, or after PHP's START TRANSACTION. It can write nothing then: it
   * gets 1213.
   *
   * @param {Request} request
   * @returns {string[]} what the row may have been
   */
  readBy({ id = '', readAt, begunAt }) {
    const from = this.locksByNode ? begunAt : readAt;
    const since = this.states.filter(({ step }) => step > from && step <= readAt).map(({ rows }) => rows);
    return [this.#stateAt(from), ...since].map((rows) => textOf(rows.get(id)) ?? '');
  }

  /** When all requests are over, and what their connections left over. */
  finish() {
    for (const request of this.requests) {
      for (const name of request.refused) {
        const token = this.tokens.get(name);
        if (token?.seen !== undefined)
          this.complain(`${request.name} got the answer that ${name} is not written; it was`);
      }
      const { renaming } = request;
      if (request.isRenameRefused && renaming?.isDone) {
        this.complain(`${request.name} got the answer that the session has no new id; it has`);
      }
    }
  }
}

/** @param {Map<string, string> | undefined} row @returns {string | undefined} */
function textOf(row) {
  return row && [...row].map(([key, token]) => `${key}=${token}`).join(' ');
}

/** A session that PHP moves to a new id, in two steps. */
export class Moved {
  from;
  /** Whether the old row was there and empty after a COMMIT. */
  isLeft = false;
  /** What was in it. @type {Map<string, string>} */
  tokens = new Map();

  /** @param {string} from */
  constructor(from) {
    this.from = from;
  }

  /** @param {Rows} rows after a COMMIT */
  look(rows) {
    this.isLeft ||= rows.get(this.from)?.size === 0;
  }

  /** @param {Map<string, string> | undefined} row that is emptied */
  take(row) {
    for (const [key, token] of row ?? []) this.tokens.set(key, token);
  }
}

/** One request: what it did and its answer. */
export class Request {
  name;
  plan;
  /** What it does just now. */
  operation = '';
  /** The keys of which it was told that others have changed them too. @type {Set<string>} */
  conflicts = new Set();
  /** The keys that it was given, in PHP. @type {string[]} */
  #given = [];
  /** The id under which it read. @type {string | undefined} */
  id;
  /** The step at which the server read the row for it. */
  readAt = 0;
  /** The step at which the present operation began. */
  begunAt = 0;
  /** The step of the last answer with a row. The wire tells. */
  lastRead = 0;
  isLocked = false;
  /** It got the answer that the session has gone. */
  isGone = false;
  hasRemovedCookie = false;
  isDestroying = false;
  deletions = 0;
  /** @type {{ from: string, to: string, isDone?: boolean } | undefined} `isDone`: it wrote under the new id */
  renaming;
  isRenameRefused = false;
  /** Of PHP. @type {Moved | undefined} */
  moved;
  /** Tokens that it dropped, or that were not written by its answer. @type {string[]} */
  refused = [];
  /** Faults that it met. */
  faults = 0;
  /** Whether the answer to a statement that commits did not come. */
  hasLostCommit = false;
  /** Whether it lost a connection. */
  hasLostConnection = false;
  /** Whether it has no way to make another connection, and so may fail. */
  mayFail = false;
  /** How it ended, for the report. */
  outcome = '';
  /** @type {string[]} */
  #saving = [];
  #history;

  /**
   * @param {string} name
   * @param {import('./plan.mjs').RequestPlan} plan
   * @param {History} history
   */
  constructor(name, plan, history) {
    this.name = name;
    this.plan = plan;
    this.#history = history;
  }

  /** @param {string} operation */
  begin(operation) {
    this.operation = operation;
    this.begunAt = this.#history.step;
    this.isGone = false;
    if (operation === 'destroy') this.isDestroying = true;
  }

  /**
   * @param {string | undefined} id
   * @param {boolean} isLocked
   */
  hasRead(id, isLocked) {
    this.id = id;
    this.readAt = this.lastRead;
    this.isLocked = isLocked;
  }

  /**
   * What it was given for the session is what was stored.
   *
   * @param {Record<string, unknown>} data
   */
  hasBeenGiven(data) {
    this.#given = Object.keys(data);
    const given = textOf(new Map(/** @type {[string, string][]} */ (Object.entries(data))));
    const stored = this.#history.readBy(this);
    if (!stored.includes(given)) this.#history.complain(`${this.name} was given '${given}' for '${stored.at(-1)}'`);
  }

  /**
   * PHP is about to take the session out of its row, to write it under a new id later.
   *
   * @param {string} from
   */
  moves(from) {
    this.moved = new Moved(from);
  }

  /**
   * PHP got the answer that the session has a new id.
   *
   * @param {string} to
   */
  hasMoved(to) {
    const { from = '', isLeft } = /** @type {Moved} */ (this.moved);
    // On Galera a transaction that changes nothing is not certified, also when its lock was lost: the row was empty before.
    const isNothing = this.#history.locksByNode && this.moved?.tokens.size === 0;
    if (!isLeft && !isNothing) this.#history.complain(`${this.name} left no empty row under the old id`);
    this.hasRead(to, true);
    this.renames(from, to);
  }

  /** PHP's log says that changes of what it was given are not stored. It does not name them. */
  drop() {
    for (const key of this.#given) this.conflicts.add(key);
  }

  /** What it had is dropped by its own wish, with what it moved. */
  drops() {
    this.moved?.tokens.clear();
    this.saves({}, this.renaming?.to);
  }

  /**
   * @param {string} key
   * @returns {string} a token of its own
   */
  token(key) {
    const name = `${this.name}-${key}${this.#history.suffix}`;
    this.#history.tokens.set(name, { key, request: this, seen: undefined });
    return name;
  }

  /**
   * @param {string | undefined} from
   * @param {string} to
   */
  renames(from, to) {
    if (from !== undefined) this.renaming = { from, to };
  }

  hasDestroyed() {
    const done = this.deletions > 0;
    // A page of PHP removes the cookie by what it has read. Without the lock others may have ended that session since.
    const mayBeDone = this.plan.end !== undefined && !this.isLocked && this.#history.hadNothing(this);
    if (this.hasRemovedCookie && !done && !mayBeDone)
      this.#history.complain(`${this.name} got 'destroyed'; nothing was`);
    if (!this.hasRemovedCookie && done && !this.hasLostCommit) {
      this.#history.complain(`${this.name} destroyed the session and got 'gone'`);
    }
    // What comes now is a session of its own.
    this.id = undefined;
    this.renaming = undefined;
  }

  /**
   * @param {Record<string, unknown>} data that will be saved
   * @param {string | undefined} id
   */
  saves(data, id) {
    const saved = new Set(Object.values(data));
    const own = [...this.#history.tokens].filter(([, token]) => token.request === this).map(([name]) => name);
    this.#saving = own.filter((name) => saved.has(name));
    this.refused.push(...own.filter((name) => !saved.has(name)));
    if (this.renaming !== undefined && this.renaming.to !== id) this.renaming = undefined;
  }

  /** Whether something of its own is to be written. */
  get isSaving() {
    return this.#saving.length > 0;
  }

  hasCommitted() {
    const { tokens } = this.#history;
    if (this.isGone) {
      this.#refuse();
      return;
    }
    const id = this.id ?? '';
    const wasEmptied =
      this.moved === undefined
        ? this.#history.states.some(({ step, rows }) => step > this.readAt && textOf(rows.get(id)) === '')
        : this.moved.tokens.size === 0;
    // A login has emptied the session: a change of what was in it is not stored, and the application is told.
    const isDropped = (/** @type {string} */ name) =>
      wasEmptied && [...this.conflicts].some((key) => name.startsWith(`${this.name}-${key}`));
    const saved = this.#saving.filter((name) => !isDropped(name) || tokens.get(name)?.seen !== undefined);
    for (const name of saved) {
      if (tokens.get(name)?.seen === undefined)
        this.#history.complain(`${this.name} got the answer that ${name} is written; it is not`);
    }
    const { renaming } = this;
    if (renaming !== undefined && !renaming.isDone) {
      // Nothing is stored for a session that is new and empty.
      if (saved.length > 0 || (this.moved !== undefined && this.moved.tokens.size > 0))
        this.#history.complain(`${this.name} got a new id, under which there is nothing`);
    }
    this.outcome = 'done';
  }

  /** @param {unknown} error */
  hasFailed(error) {
    const { code = '', message } = /** @type {{ code?: string, message: string }} */ (error);
    this.outcome = `${code || message} in ${this.operation}`;
    if (!code.startsWith('ERR_SESSION_')) return this.#history.complain(`${this.name} failed: ${this.outcome}`);
    if (code === 'ERR_SESSION_OUTCOME_UNKNOWN') {
      if (!this.hasLostCommit) this.#history.complain(`${this.name} does not know what a COMMIT did that was answered`);
      return;
    }
    this.#refuse();
    if (this.operation === 'destroy' && this.deletions > 0) {
      this.#history.complain(`${this.name} got ${code}; the session is destroyed`);
    }
    if (this.mayFail) return;
    const isEnded = this.moved === undefined || (!this.isLocked && this.#history.hasEnded(this));
    const isLateLogin = code === 'ERR_SESSION_CONFLICT' && this.operation === 'regenerate' && isEnded;
    if (this.faults === 0 && !isLateLogin) this.#history.complain(`${this.name} failed without a fault: ${code}`);
    if (this.faults === 1 && code !== 'ERR_SESSION_CONFLICT') {
      this.#history.complain(`${this.name} failed by a single fault: ${code}`);
    }
  }

  #refuse() {
    const own = [...this.#history.tokens].filter(([, token]) => token.request === this).map(([name]) => name);
    this.refused.push(...own);
    this.isRenameRefused = true;
    this.outcome ||= 'gone';
  }

  end() {
    this.#history.requests.push(this);
  }
}
