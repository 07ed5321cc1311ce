import { Request } from './history.mjs';
import { failureOf, notesOf } from './php-log.mjs';

/** @typedef {{ name: string, plan: import('./plan.mjs').RequestPlan }} SessionPlan */

/** One script in PHP: its reports of its sessions, its answer and its lines in the error log, as requests of the history. */
export class PhpScript {
  #actor;
  #sessions;
  #isGiven;
  #wire;
  #history;
  #log;
  /** The session that is open. @type {Request | undefined} */
  #request;
  #hasLostConnection = false;

  /**
   * @param {string} actor its name
   * @param {SessionPlan[]} sessions one after the other
   * @param {boolean} isGiven whether its handler has one connection and cannot make another one
   * @param {import('./wire.mjs').Wire} wire
   * @param {import('./history.mjs').History} history
   * @param {import('./php-log.mjs').PhpLog} log
   */
  constructor(actor, sessions, isGiven, wire, history, log) {
    this.#actor = actor;
    this.#sessions = [...sessions];
    this.#isGiven = isGiven;
    this.#wire = wire;
    this.#history = history;
    this.#log = log;
  }

  /**
   * @param {[event: string, ...values: any[]]} event see php-actor.php
   * @returns {unknown} the answer
   */
  hear([event, ...values]) {
    if (event === 'open') return this.#opens();
    const request = this.#request;
    if (request === undefined) throw new Error(`PHP reports '${event}' outside of a session`);
    const [first, second] = values;
    if (event === 'read') {
      request.hasRead(first, request.plan.mode === 'exclusive');
      request.hasBeenGiven(second);
    } else if (event === 'begin') {
      request.begin(first);
      if (first === 'regenerate') request.moves(second);
      return first === 'own key' ? `own${this.#actor}` : 'shared';
    } else if (event === 'token') {
      return request.token(first);
    } else if (event === 'moved') {
      request.hasMoved(first);
    } else if (event === 'destroyed') {
      request.hasRemovedCookie = first;
      request.hasDestroyed();
      request.drops();
    } else if (event === 'dropped') {
      request.drops();
    } else if (event === 'commit') {
      request.begin('commit');
      request.saves(first, second);
    } else {
      this.#checkFree(request);
      this.#ends(request, first);
    }
    return null;
  }

  #opens() {
    const { name, plan } = /** @type {SessionPlan} */ (this.#sessions.shift());
    this.#request = new Request(name, plan, this.#history);
    this.#wire.request = this.#request;
    this.#request.begin('open');
    return null;
  }

  /**
   * The script is over, and PHP has stored what was still open.
   *
   * @param {number} status
   * @param {string} body
   */
  isOver(status, body) {
    if (body !== '') this.#history.complain(`${this.#actor} showed its visitor: ${body}`);
    if (this.#request !== undefined) return this.#ends(this.#request, status);
    const lines = this.#log.read();
    if (lines.length > 0) this.#history.complain(`PHP of ${this.#actor} logged after its session: ${lines.join('; ')}`);
  }

  /**
   * Other requests need not wait until the script is over.
   *
   * @param {Request} request
   */
  #checkFree(request) {
    const isOpen = [...this.#wire.links].some((link) => link.inTransaction && !link.isCut);
    if (isOpen) this.#history.complain(`${request.name} left a transaction open after its session`);
  }

  /**
   * @param {Request} request
   * @param {number} status
   */
  #ends(request, status) {
    const { notes, others: lines, hasDropped } = notesOf(this.#log.read());
    const { code, isGone, isEnded, isOther } = failureOf(lines);
    this.#hasLostConnection ||= request.hasLostConnection;
    request.mayFail = this.#isGiven && this.#hasLostConnection;
    if (notes.length > (request.plan.mode === 'merge' && status === 200 ? 1 : 0))
      this.#history.complain(`PHP of ${request.name} said: ${notes.join('; ')}`);
    if (hasDropped) request.drop();
    if (isOther) this.#history.complain(`PHP of ${request.name} said: ${lines.join('; ')}`);
    if (status !== 200) {
      if (status !== 503) this.#history.complain(`${request.name} got ${status}`);
      request.hasFailed({ code, message: lines.join('; ') });
    } else if (code === undefined) {
      request.hasCommitted();
    } else {
      // Nothing was to be written, or the logout of another request wins.
      const isRight = isEnded ? this.#history.hasEnded(request) : isGone && !request.isSaving;
      if (!isRight) this.#history.complain(`${request.name} got no failure, and there was one`);
      request.isGone = true;
      request.hasCommitted();
    }
    request.outcome = `PHP${request.plan.mode === 'merge' ? ', merge' : ''}: ${request.outcome}`;
    request.end();
    this.#request = undefined;
  }
}
