import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cookie, ends } from './model.mjs';
import { seeded } from './random.mjs';

/** @typedef {import('./model.mjs').Sent['action']} Action */

/** Milliseconds after which a visitor stops waiting for an answer; longer than any server waits for a lock. */
const PATIENCE = 45_000;
/** Milliseconds before a visitor without an answer tries again. */
const AFTER_FAILURE = 100;

/** One of the shared sessions. Many clients use it at the same time, as one browser's requests do. */
class Visitor {
  /** @type {Cookie | undefined} */
  cookie;
  /** @type {Cookie | undefined} the last one that has ended */
  old;
  loggingIn = false;
}

/**
 * @typedef {object} Answer
 * @property {number} status 0: none
 * @property {string} server
 * @property {boolean} isFromProxy it is the proxy's own answer
 * @property {import('./model.mjs').Page | undefined} page
 * @property {string | undefined} cookie a new session id; '': it was removed
 */

/** All the visitors, and the clients that send their requests. */
export class Visitors {
  /** @type {import('./model.mjs').Model} */
  model;
  /** @type {Visitor[]} */
  visitors;
  #url;
  #record;
  #agent = new Agent({ keepAlive: true });

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {number} options.sessions
   * @param {import('./record.mjs').Record} options.record
   * @param {import('./model.mjs').Model} options.model
   */
  constructor({ url, sessions, record, model }) {
    this.model = model;
    this.#url = url;
    this.#record = record;
    this.visitors = Array.from({ length: sessions }, () => new Visitor());
  }

  /**
   * Sends requests, `concurrency` at a time, as long as `goesOn` says so.
   *
   * @param {{ concurrency: number, seed: number, goesOn: () => boolean }} options
   */
  async send({ concurrency, seed, goesOn }) {
    const client = async (/** @type {number} */ number) => {
      // Each client has its own numbers, as it is unknown which of them gets its answer first.
      const random = seeded(seed * 1_000 + number);
      while (goesOn()) await this.#next(random);
    };
    await Promise.all(Array.from({ length: concurrency }, (_, i) => client(i)));
  }

  close() {
    this.#agent.destroy();
  }

  /** @param {() => number} random */
  async #next(random) {
    // Some sessions are much busier than others, so that many of their requests are under way at once.
    const visitor = this.visitors[Math.floor(random() ** 2 * this.visitors.length)];
    const side = random() < 0.5 ? 'php' : 'node';
    const dice = random();
    if (visitor === undefined) return;
    const { cookie, old } = visitor;
    if (cookie === undefined && visitor.loggingIn) return sleep(1);
    if (cookie === undefined) return this.#login(visitor, side, dice < 0.5 ? old : undefined);
    if (dice < 0.08) return this.#use(visitor, cookie, side, 'logout');
    if (dice < 0.16) return this.#use(visitor, cookie, side, 'regenerate');
    if (dice < 0.18) return this.#use(visitor, cookie, side, 'look');
    // An id that has ended, as an old tab has it.
    if (dice < 0.2 && old !== undefined) return this.#use(visitor, old, side, 'count');
    return this.#use(visitor, cookie, side, 'count');
  }

  /**
   * @param {Visitor} visitor
   * @param {'php' | 'node'} side
   * @param {Cookie | undefined} old an id that has ended, which the browser still has; it must not live again
   */
  async #login(visitor, side, old) {
    const incarnation = this.model.newIncarnation();
    visitor.loggingIn = true;
    const answer = await this.#ask(visitor, side, `login?incarnation=${incarnation.number}`, old?.value);
    visitor.loggingIn = false;
    if (answer.status !== 200) {
      incarnation.isUncertain = true;
      return sleep(AFTER_FAILURE);
    }
    const { model } = this;
    if (answer.page?.incarnation !== incarnation.number || !answer.cookie) {
      return model.problem('a login that is none', JSON.stringify(answer.page), incarnation);
    }
    if (answer.cookie === old?.value) model.problem('a login takes an old session id', side, incarnation);
    visitor.cookie = new Cookie(answer.cookie, incarnation);
    model.answered(model.send('look', visitor.cookie), answer.page, undefined, answer.server);
  }

  /**
   * @param {Visitor} visitor
   * @param {Cookie} cookie
   * @param {'php' | 'node'} side
   * @param {Exclude<Action, 'login'>} action
   */
  async #use(visitor, cookie, side, action) {
    const { model } = this;
    if (model.endsAlone && ends(action) && cookie.ending > 0) return this.#use(visitor, cookie, side, 'count');
    const sent = model.send(action, cookie);
    const path = sent.key === undefined ? action : `${action}?key=${sent.key}`;
    const { status, server, page, cookie: newCookie } = await this.#ask(visitor, side, path, cookie.value);
    if (status !== 200 || page === undefined) {
      model.unanswered(sent);
      return sleep(AFTER_FAILURE);
    }
    if (page.incarnation === null) {
      model.nobody(sent);
      if (newCookie !== undefined)
        model.problem('a cookie without a reason', `${action} by ${side}`, cookie.incarnation);
      // The request that ended it is still under way, or has reported it already, or its answer was lost.
      if (visitor.cookie === cookie && cookie.ending === 0) this.#leave(visitor);
      return;
    }
    model.answered(sent, page, newCookie, server);
    if (visitor.cookie !== cookie) return;
    if (action === 'logout') this.#leave(visitor);
    if (action === 'regenerate' && newCookie) {
      visitor.old = cookie;
      visitor.cookie = new Cookie(newCookie, cookie.incarnation);
    }
  }

  /** @param {Visitor} visitor */
  #leave(visitor) {
    visitor.old = visitor.cookie;
    visitor.cookie = undefined;
  }

  /**
   * Looks at a session when the storm is over.
   *
   * @param {Cookie} cookie
   * @param {'php' | 'node'} side
   * @returns {Promise<import('./model.mjs').Page | undefined>}
   */
  async look(cookie, side) {
    const { model } = this;
    for (let tries = 30; tries > 0; tries--) {
      const sent = model.send('look', cookie);
      const { status, server, page } = await this.#ask(undefined, side, 'look', cookie.value);
      if (status === 200 && page !== undefined) {
        if (page.incarnation === null) model.nobody(sent);
        else model.answered(sent, page, undefined, server);
        return page;
      }
      await sleep(200);
    }
    model.problem('no answer when the storm was over', side);
    return undefined;
  }

  /**
   * @param {Visitor | undefined} visitor
   * @param {'php' | 'node'} side
   * @param {string} path
   * @param {string} [cookie]
   */
  async #ask(visitor, side, path, cookie) {
    const start = performance.now();
    const answer = await ask(this.#agent, `${this.#url}/${side}/${path}`, cookie);
    if (visitor) this.#record.add({ visitor, side, path, start, answer });
    return answer;
  }
}

/**
 * @param {Agent} agent
 * @param {string} url
 * @param {string} [cookie]
 * @returns {Promise<Answer>}
 */
function ask(agent, url, cookie) {
  return new Promise((resolve) => {
    const none = { status: 0, server: '', isFromProxy: false, page: undefined, cookie: undefined };
    const headers = cookie === undefined ? {} : { cookie: `PHPSESSID=${cookie}` };
    const sent = request(url, { agent, headers, timeout: PATIENCE }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('error', () => resolve(none));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        // Both sides say when to try again; the proxy does not.
        const isFromProxy = status >= 500 && headers['retry-after'] === undefined;
        const page = status === 200 && text !== '' ? JSON.parse(text) : undefined;
        const server = String(headers['x-served-by']);
        resolve({ status, server, isFromProxy, page, cookie: newSessionId(headers['set-cookie']) });
      });
    });
    sent.on('error', () => resolve(none));
    sent.on('timeout', () => sent.destroy());
    sent.end();
  });
}

/** @param {string[] | undefined} headers @returns {string | undefined} */
function newSessionId(headers) {
  // The last one counts, as in a browser: PHP sends one for each id that it made.
  const header = headers?.findLast((line) => line.startsWith('PHPSESSID='));
  if (header === undefined) return undefined;
  return /Max-Age=0/i.test(header) ? '' : /^PHPSESSID=([^;]*)/.exec(header)?.[1];
}
