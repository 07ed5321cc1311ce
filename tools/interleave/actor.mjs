import { Request } from './history.mjs';

/**
 * @typedef {object} Product what is tested, of dist/
 * @property {typeof import('../../src/internals.ts').RequestSession} RequestSession
 * @property {typeof import('../../src/internals.ts').settings} settings
 * @property {typeof import('../../src/internals.ts').MysqlStore} MysqlStore
 * @property {typeof import('../../src/internals.ts').KeyedMutex} KeyedMutex
 * @property {typeof import('php-session-bridge/mysql').mysqlStore} mysqlStore
 * @property {import('php-session-bridge/mysql').NamedLock} codeIgniterLock
 */

/** @typedef {Pick<Actor, 'name' | 'wire' | 'isFinished' | 'isQueued' | 'run' | 'stop'>} AnyActor in Node or in PHP */

/** One browser at a Node process. */
export class Actor {
  name;
  wire;
  store;
  /** @type {Request | undefined} */
  request;
  isFinished = false;
  /** It waits for another actor of its process. */
  isQueued = false;
  #product;
  /** @type {Record<'strict' | 'loose', any>} */
  #settings;
  /** @type {string | undefined} */
  #cookie;

  /**
   * @param {string} name
   * @param {Product} product
   * @param {import('./wire.mjs').Wire} wire
   * @param {import('../../src/stores/store.ts').SessionStore} store
   */
  constructor(name, product, wire, store) {
    this.name = name;
    this.wire = wire;
    this.store = store;
    this.#product = product;
    const options = (/** @type {boolean} */ useStrictMode) => product.settings({ store, useStrictMode });
    this.#settings = { strict: options(true), loose: options(false) };
  }

  /** All connections end, and with them all locks. */
  async stop() {
    const closing = this.store.close(100);
    this.wire.stop();
    await closing;
  }

  /**
   * One request after the other.
   *
   * @param {import('./plan.mjs').ActorPlan} plan
   * @param {string} shared the id that all actors know
   * @param {import('./history.mjs').History} history
   */
  async run({ requests }, shared, history) {
    this.isFinished = false;
    this.#cookie = shared;
    for (const [i, plan] of requests.entries()) {
      const cookie = plan.cookie === 'shared' ? shared : this.#cookie;
      const request = new Request(`${this.name}${i + 1}`, plan, history);
      this.request = request;
      this.wire.request = request;
      await this.#serve(request, cookie);
    }
    this.isFinished = true;
    this.wire.onEvent();
  }

  /**
   * @param {Request} request
   * @param {string | undefined} cookie
   */
  async #serve(request, cookie) {
    const { plan, name } = request;
    const answer = { headersSent: false };
    const answerCookie = {
      // The cookie's name and the header; an older version gives the header alone.
      set: (/** @type {string[]} */ ...given) => {
        const id = /=([^;]*)/.exec(given.at(-1) ?? '')?.[1];
        this.#cookie = id === 'deleted' ? undefined : id;
        request.hasRemovedCookie = id === 'deleted';
      },
    };
    const listener = {
      onGone: () => {
        request.isGone = true;
      },
      onConflict: (/** @type {readonly (readonly string[])[]} */ paths) => {
        for (const [key] of paths) request.conflicts.add(String(key));
      },
    };
    const settings = this.#settings[plan.strict ? 'strict' : 'loose'];
    const { RequestSession } = this.#product;
    const session = new RequestSession(settings, { cookie, mode: plan.mode }, answer, answerCookie, listener);
    /** A session that has no row yet has an id too, which it may still change for another one. */
    const idNow = () => (session.isNew ? undefined : session.id);
    try {
      request.begin('open');
      await session.open();
      request.hasRead(idNow(), plan.mode === 'exclusive');
      for (const operation of plan.operations) {
        request.begin(operation);
        if (operation === 'lock') {
          await session.lock();
          request.hasRead(idNow(), true);
        } else if (operation === 'regenerate') {
          const from = idNow();
          await session.regenerate();
          if (plan.mode !== 'exclusive') request.hasRead(from, true);
          if (idNow() !== undefined && idNow() !== from) request.renames(from, idNow());
        } else if (operation === 'destroy') {
          await session.destroy();
          request.hasDestroyed();
        } else {
          const key = operation === 'own key' ? `own${name}` : 'shared';
          const token = request.token(key);
          /** @type {Record<string, unknown>} */ (session.data)[key] = token;
        }
      }
      request.begin('commit');
      request.saves(/** @type {Record<string, unknown>} */ (session.data), idNow());
      await session.commit();
      request.hasCommitted();
    } catch (error) {
      request.hasFailed(error);
      await session.discard();
    }
    request.end();
  }
}
