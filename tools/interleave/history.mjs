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

  /**
   * @param {Rows} rows
   * @param {string} [suffix] at the end of each token
   */
  constructor(rows, suffix = '') {
    this.suffix = suffix;
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
    const before = this.now;
    const ids = [...new Set([...before.keys(), ...rows.keys()])].filter(
      (id) => textOf(before.get(id)) !== textOf(rows.get(id)),
    );
    if (ids.length === 0) return;
    if (writer === undefined) return this.complain('the table changed without a statement of anybody');
    const { renaming } = writer;
    const isMoved =
      renaming !== undefined && !before.has(renaming.to) && rows.has(renaming.to) && ids.includes(renaming.to);
    if (isMoved) this.#checkMove(before, rows, writer);
    for (const id of ids) this.#checkRow(id, before, rows, writer, isMoved ? renaming : undefined);
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
   * @param {string} id
   * @param {Rows} before
   * @param {Rows} rows
   * @param {Request} writer
   * @param {{ from: string, to: string } | undefined} move
   */
  #checkRow(id, before, rows, writer, move) {
    const [old, now] = [before.get(id), rows.get(id)];
    const isSource = move?.from === id;
    if (old !== undefined && now === undefined) {
      if (!writer.isDestroying) this.complain(`${writer.name} deleted a session without having been asked to`);
      if (writer.deletions++ > 0) this.complain(`${writer.name} deleted the session twice`);
      return;
    }
    if (old === undefined && now?.size === 0 && move === undefined) this.complain(`${writer.name} made an empty row`);
    for (const [key, token] of now ?? []) {
      if (old?.get(key) === token) continue;
      if (move?.to === id && before.get(move.from)?.get(key) === token) continue;
      this.#checkNew(token, writer);
    }
    for (const [key, token] of old ?? []) {
      if (now?.get(key) === token || isSource || this.#hasReplaced(writer, key, now)) continue;
      this.complain(`${writer.name} lost ${token}, which it did not replace`);
    }
    if (move === undefined) {
      this.#checkLock(id, writer);
      this.#checkLateMerge(id, old, writer);
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
   * Who reads under the lock writes on what was read: nobody has written in between, also where the lock was lost.
   *
   * An empty row that is empty again is the same: what was in it went on under another id.
   *
   * @param {string} id
   * @param {Request} writer
   */
  #checkLock(id, writer) {
    if (!writer.isLocked || writer.id !== id) return;
    const since = this.states.filter(({ step }) => step > writer.readAt);
    const changes = since.map(({ rows }) => textOf(rows.get(id)));
    const read = textOf(this.#stateAt(writer.readAt).get(id));
    const isOther = changes.some((text) => text !== read) && !(read === '' && changes.at(-1) === '');
    if (isOther) this.complain(`${writer.name} wrote under a lock on what others had written since it read`);
  }

  /**
   * Who read before a logout without the lock writes nothing after it: not into a session that others have begun anew under the same id
   * since, nor into one of its own.
   *
   * @param {string} id
   * @param {Map<string, string> | undefined} old
   * @param {Request} writer
   */
  #checkLateMerge(id, old, writer) {
    if (writer.isLocked || writer.id !== id) return;
    const wasThere = this.#stateAt(writer.readAt).has(id);
    const since = this.states.filter(({ step }) => step > writer.readAt).map(({ rows }) => rows.has(id));
    const begun = wasThere ? 0 : since.indexOf(true);
    if (begun < 0 || !since.includes(false, begun)) return; // nobody has logged out
    const what =
      old === undefined ? 'made a session again that was destroyed' : 'wrote into another session than it read';
    this.complain(`${writer.name} ${what}`);
  }

  /** @param {number} step @returns {Rows} */
  #stateAt(step) {
    return /** @type {State} */ (this.states.findLast((state) => state.step <= step)).rows;
  }

  /** When all requests are over, and all that their connections left behind. */
  finish() {
    for (const request of this.requests) {
      for (const name of request.refused) {
        const token = this.tokens.get(name);
        if (token?.seen !== undefined) this.complain(`${request.name} was told that ${name} is not written; it was`);
      }
      const { renaming } = request;
      if (request.isRenameRefused && renaming !== undefined && this.states.some(({ rows }) => rows.has(renaming.to))) {
        this.complain(`${request.name} was told that the session has no new id; it has`);
      }
    }
  }
}

/** @param {Map<string, string> | undefined} row @returns {string | undefined} */
function textOf(row) {
  return row && [...row].map(([key, token]) => `${key}=${token}`).join(' ');
}

/** One request: what it did and what it was told. */
export class Request {
  name;
  plan;
  /** What it does just now. */
  operation = '';
  /** The id under which it read. @type {string | undefined} */
  id;
  /** The step at which the server read the row for it. */
  readAt = 0;
  /** The step of the last answer with a row. The wire tells. */
  lastRead = 0;
  isLocked = false;
  /** It was told that the session has gone. */
  isGone = false;
  hasRemovedCookie = false;
  isDestroying = false;
  deletions = 0;
  /** @type {{ from: string, to: string } | undefined} */
  renaming;
  isRenameRefused = false;
  /** Tokens of which it was told that they are not written, or which it dropped. @type {string[]} */
  refused = [];
  /** Faults that it met. */
  faults = 0;
  /** Whether the answer to a statement that commits did not come. */
  hasLostCommit = false;
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
    if (this.hasRemovedCookie && !done) this.#history.complain(`${this.name} was told 'destroyed'; nothing was`);
    if (!this.hasRemovedCookie && done && !this.hasLostCommit) {
      this.#history.complain(`${this.name} destroyed the session and was told that it had gone`);
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

  hasCommitted() {
    const { tokens, states } = this.#history;
    if (this.isGone) {
      this.#refuse();
      return;
    }
    for (const name of this.#saving) {
      if (tokens.get(name)?.seen === undefined)
        this.#history.complain(`${this.name} was told that ${name} is written; it is not`);
    }
    const { renaming } = this;
    if (renaming !== undefined && !states.some(({ rows }) => rows.has(renaming.to))) {
      // Nothing is stored for a session that is new and empty.
      if (this.#saving.length > 0)
        this.#history.complain(`${this.name} was told a new id, under which there is nothing`);
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
      this.#history.complain(`${this.name} was told ${code}; the session is destroyed`);
    }
    const isLateLogin = code === 'ERR_SESSION_CONFLICT' && this.operation === 'regenerate';
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
