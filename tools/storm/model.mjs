// What must hold, request by request. A session is used by many requests at the same time, so the model knows of each
// answer only what must be true of it whatever came between: it compares with what was known when the request was
// sent, and when its answer came.

/** A visitor's time from a login to the next logout. Its number is stored in the session by the login. */
export class Incarnation {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
    /** Increments that were sent, were acknowledged, and failed, so that it is unknown whether they count. */
    this.sent = 0;
    this.acknowledged = 0;
    this.unanswered = 0;
    /** The highest count that was acknowledged. */
    this.highest = 0;
    /** @type {Map<number, string>} counts that were acknowledged, and by whom */
    this.seen = new Map();
    /** @type {number | undefined} the count that the logout found */
    this.final = undefined;
    /** Why its outcome is unknown: the answer to its login, a regenerate or a logout is missing. */
    this.isUncertain = false;
  }

  /** Whether `count` is what the acknowledged increments make of it, with or without those that have no answer. */
  /** @param {number} count */
  allows(count) {
    return count >= this.acknowledged && count <= this.acknowledged + this.unanswered;
  }
}

/** A session id, and what the model knows about it. */
export class Cookie {
  /** @param {string} value @param {Incarnation} incarnation */
  constructor(value, incarnation) {
    this.value = value;
    this.incarnation = incarnation;
    /** @type {number | undefined} the count at which a logout or a regenerate ended this id */
    this.endedAt = undefined;
    /** Requests under way that may end it, and those that had no answer. */
    this.ending = 0;
    this.mayHaveEnded = false;
  }
}

/**
 * @typedef {object} Sent what was known when a request was sent
 * @property {'login' | 'count' | 'look' | 'regenerate' | 'logout'} action
 * @property {Cookie | undefined} cookie
 * @property {boolean} wasEnded its session id was known to be worth nothing
 * @property {number} highest
 * @property {string} [key] what it stores, with the lock 'merge'
 * @property {string[]} [known] the keys that were acknowledged
 */

/** @typedef {{ incarnation: number | null, count: number, keys: string[] }} Page */
/** @typedef {(holds: boolean, otherwise: string, example?: string) => void} Check */

export class Model {
  /** Whether a session's requests that end its id are sent one at a time. */
  endsAlone = false;
  /** @type {Incarnation[]} by number */
  incarnations = [];
  #faults;
  /** @type {Map<string, { times: number, sessions: Set<Incarnation | undefined>, example: string }>} what must not be, by kind */
  problems = new Map();

  /** @param {{ faults: boolean }} options whether servers fail */
  constructor({ faults }) {
    this.#faults = faults;
  }

  /** @param {string} kind @param {string} example @param {Incarnation} [incarnation] */
  problem(kind, example, incarnation) {
    const known = this.problems.get(kind) ?? { times: 0, sessions: new Set(), example };
    known.times++;
    known.sessions.add(incarnation);
    this.problems.set(kind, known);
  }

  newIncarnation() {
    const incarnation = new Incarnation(this.incarnations.length);
    this.incarnations.push(incarnation);
    return incarnation;
  }

  /**
   * @param {Sent['action']} action
   * @param {Cookie | undefined} cookie
   * @returns {Sent}
   */
  send(action, cookie) {
    if (cookie && action === 'count') cookie.incarnation.sent++;
    if (cookie && ends(action)) cookie.ending++;
    const highest = cookie?.incarnation.highest ?? 0;
    return { action, cookie, wasEnded: cookie?.endedAt !== undefined, highest };
  }

  /** A request other than a login had no answer that says what it did. @param {Sent} sent */
  unanswered({ action, cookie, wasEnded }) {
    if (cookie === undefined || wasEnded) return;
    if (action === 'count') cookie.incarnation.unanswered++;
    if (!ends(action)) return;
    cookie.ending--;
    cookie.mayHaveEnded = true;
    cookie.incarnation.isUncertain = true;
  }

  /** The server found no session: the id must have ended, or be about to. @param {Sent} sent */
  nobody({ action, cookie }) {
    if (cookie === undefined) return;
    if (action === 'count') cookie.incarnation.sent--;
    if (ends(action)) cookie.ending--;
    if (cookie.endedAt !== undefined || cookie.ending > 0 || cookie.mayHaveEnded) return;
    const { incarnation } = cookie;
    this.problem('a session is gone without a logout', `${action} in incarnation ${incarnation.number}`, incarnation);
    cookie.mayHaveEnded = true;
  }

  /**
   * The server found the session.
   *
   * @param {Sent} sent
   * @param {Page} page
   * @param {string | undefined} newCookie
   * @param {string} by
   */
  answered(sent, page, newCookie, by) {
    const { action, cookie, wasEnded } = sent;
    if (cookie === undefined) return;
    const { incarnation } = cookie;
    const { incarnation: number, count, keys } = page;
    const at = `${action} by ${by} in incarnation ${incarnation.number}: ${number}, count ${count}, keys ${keys}`;
    /** @type {Check} */
    const check = (holds, otherwise, example = at) => holds || this.problem(otherwise, example, incarnation);
    if (ends(action)) cookie.ending--;
    check(number === incarnation.number, 'a session of another visitor');
    check(this.isOneLogin(keys, incarnation), 'a key from before a logout');
    check(!wasEnded, 'a session id works after its end');
    this.checkUpdate(sent, page, by, check);
    if (ends(action)) this.checkEnd(sent, page, check);
    const mustBe = action === 'regenerate' ? 'new' : action === 'logout' ? 'removed' : 'none';
    const is = newCookie === undefined ? 'none' : newCookie === '' ? 'removed' : 'new';
    check(is === mustBe, `a cookie is ${is} that should be ${mustBe}`, action);
  }

  /**
   * The updates that an answer shows, and the one that it acknowledges.
   *
   * @param {Sent} sent
   * @param {Page} page
   * @param {string} by
   * @param {Check} check
   */
  checkUpdate({ action, cookie, highest }, { count }, by, check) {
    if (cookie === undefined) return;
    const { incarnation } = cookie;
    const before = `${action} by ${by}: count ${count}; ${highest} was acknowledged before`;
    check(this.#faults || incarnation.final === undefined || count <= incarnation.final, 'a count after the logout');
    check(
      this.#faults || cookie.endedAt === undefined || count <= cookie.endedAt,
      'a count under an id that has ended',
    );
    check(count <= incarnation.sent, 'more was counted than was sent');
    if (action !== 'count') {
      check(count >= highest, 'an acknowledged update is lost', before);
      return;
    }
    check(count > highest, 'an acknowledged update is lost', before);
    const other = incarnation.seen.get(count);
    check(other === undefined, 'two requests have counted to the same', `${count} by ${by}; before by ${other}`);
    incarnation.seen.set(count, by);
    incarnation.acknowledged++;
    incarnation.highest = Math.max(incarnation.highest, count);
  }

  /**
   * A logout or a regenerate has ended an id.
   *
   * @param {Sent} sent
   * @param {Page} page
   * @param {Check} check
   */
  checkEnd({ action, cookie }, { count }, check) {
    if (cookie === undefined) return;
    const { incarnation } = cookie;
    // A logout whose connection broke finds the row gone when it tries again. It cannot know which request did that.
    const maySucceedTwice = this.#faults && (action === 'logout' || incarnation.final !== undefined);
    check(cookie.endedAt === undefined || maySucceedTwice, 'a session id has ended twice');
    if (action === 'logout' && cookie.endedAt === undefined) incarnation.final = count;
    // It was not the logout that has ended this id.
    if (action === 'regenerate') incarnation.final = undefined;
    cookie.endedAt ??= count;
  }

  /**
   * What is stored when the storm is over.
   *
   * @param {Incarnation} incarnation
   * @param {{ count: number, keys: string[] }} session
   * @param {string} where
   */
  checkStored(incarnation, { count }, where) {
    const { number, acknowledged, unanswered } = incarnation;
    const example = `incarnation ${number}: ${count} ${where}; ${acknowledged} acknowledged, ${unanswered} not`;
    if (!incarnation.allows(count)) this.problem('a wrong counter', example, incarnation);
  }

  /**
   * Whether these are all the keys of a session, and none is from another login.
   *
   * @param {string[]} keys
   * @param {Incarnation} incarnation
   */
  isOneLogin(keys, { number }) {
    return [...keys].sort().join() === ['count', 'incarnation', `login-${number}`].sort().join();
  }

  /** Whether a regenerate may leave these keys under the old id. @param {string[]} keys */
  isLeft(keys) {
    return keys.length === 0;
  }

  /** The incarnations that have ended with a logout, when all answers are there. */
  checkEnded() {
    for (const incarnation of this.incarnations) {
      const { number, final, acknowledged, unanswered } = incarnation;
      // After a fault the logout tries again: it deletes more than it has seen before.
      const mayBeMore = this.#faults && final !== undefined && final < acknowledged;
      if (final === undefined || incarnation.allows(final) || mayBeMore) continue;
      this.problem(
        'a wrong counter',
        `incarnation ${number}: ${final}; ${acknowledged} acknowledged, ${unanswered} not`,
        incarnation,
      );
    }
  }
}

/** @param {Sent['action']} action */
export function ends(action) {
  return action === 'logout' || action === 'regenerate';
}
