import { Model } from './model.mjs';

/** @typedef {import('./model.mjs').Incarnation} Incarnation */

/**
 * What must hold with the lock 'merge' on both sides. Requests of one session do not wait for each other, so two may count to the same.
 * Each increment stores a key of its own instead, and no other request may lose it.
 */
export class MergeModel extends Model {
  /** Only one request at a time ends a session: of two that read the same session, both may. */
  endsAlone = true;
  /** @type {WeakMap<Incarnation, { sent: Set<string>, acknowledged: Set<string> }>} */
  #keys = new WeakMap();
  #last = 0;

  newIncarnation() {
    const incarnation = super.newIncarnation();
    this.#keys.set(incarnation, { sent: new Set(), acknowledged: new Set() });
    return incarnation;
  }

  /** @type {Model['send']} */
  send(action, cookie) {
    const sent = super.send(action, cookie);
    if (cookie === undefined) return sent;
    const keys = this.#of(cookie.incarnation);
    const known = [...keys.acknowledged];
    if (action !== 'count') return { ...sent, known };
    const key = `own-${++this.#last}`;
    keys.sent.add(key);
    return { ...sent, known, key };
  }

  /** @type {Model['checkUpdate']} */
  checkUpdate({ cookie, key, known = [] }, { keys }, by, check) {
    const missing = known.filter((key) => !keys.includes(key));
    check(missing.length === 0, 'an acknowledged update is lost', `${keys} by ${by}: without ${missing}`);
    if (key === undefined || cookie === undefined) return;
    const { incarnation } = cookie;
    // A request that ends the id may have come between. Then the key went with the session, or stayed under the old id.
    if (cookie.ending > 0 || cookie.endedAt !== undefined || cookie.mayHaveEnded) {
      incarnation.unanswered++;
      return;
    }
    incarnation.acknowledged++;
    this.#of(incarnation).acknowledged.add(key);
  }

  /** @type {Model['checkEnd']} */
  checkEnd({ action, cookie }, { count }) {
    if (cookie === undefined) return;
    if (action === 'logout') cookie.incarnation.final = count;
    cookie.endedAt ??= count;
  }

  /** @type {Model['checkStored']} */
  checkStored(incarnation, { keys }, where) {
    const missing = [...this.#of(incarnation).acknowledged].filter((key) => !keys.includes(key));
    const example = `incarnation ${incarnation.number}: without ${missing} ${where}`;
    if (missing.length > 0) this.problem('an acknowledged update is lost', example, incarnation);
  }

  /** @type {Model['isOneLogin']} */
  isOneLogin(keys, incarnation) {
    const { sent } = this.#of(incarnation);
    const others = keys.filter((key) => !sent.has(key));
    return super.isOneLogin(others, incarnation);
  }

  /** What requests have stored under an id that has ended while they ran. @param {string[]} keys */
  isLeft(keys) {
    return keys.every((key) => key.startsWith('own-'));
  }

  /** A logout may see less than others store until it is done. */
  checkEnded() {}

  /** @param {Incarnation} incarnation */
  #of(incarnation) {
    return this.#keys.get(incarnation) ?? { sent: new Set(), acknowledged: new Set() };
  }
}
