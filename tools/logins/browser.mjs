import { Agent, request } from 'node:http';

/** Milliseconds after which a visitor stops waiting for an answer; longer than any server waits for a lock. */
const PATIENCE = 45_000;

/**
 * @typedef {object} Answer
 * @property {number} status 0: none
 * @property {string} text
 * @property {string[]} cookies the `Set-Cookie` lines
 */

/**
 * @typedef {object} Sent a request that is under way
 * @property {Promise<Answer>} answered
 * @property {boolean} isAnswered
 */

/** The cookies of a browser: those of the answers, in the order in which it gets them. */
export class Jar {
  /** @type {string | undefined} the session id */
  id;

  /** @param {Answer} answer @returns {string | undefined} the id that this answer gave */
  take({ cookies }) {
    /** @type {string | undefined} */
    let given;
    for (const line of cookies) {
      const value = /^PHPSESSID=([^;]*)/.exec(line)?.[1];
      if (value === undefined) continue;
      given = /;\s*Max-Age=0(;|$)/i.test(line) ? undefined : value;
      this.id = given;
    }
    return given;
  }
}

/** Sends requests. */
export class Client {
  #agent = new Agent({ keepAlive: true });

  /**
   * @param {string} url
   * @param {Record<string, string>} query
   * @param {string} [id] the session id that the browser sends
   * @returns {Sent}
   */
  send(url, query, id) {
    const sent = { answered: this.#ask(`${url}?${new URLSearchParams(query)}`, id), isAnswered: false };
    void sent.answered.then(() => {
      sent.isAnswered = true;
    });
    return sent;
  }

  close() {
    this.#agent.destroy();
  }

  /** @param {string} url @param {string} [id] @returns {Promise<Answer>} */
  #ask(url, id) {
    return new Promise((resolve) => {
      const none = () => resolve({ status: 0, text: '', cookies: [] });
      const headers = id === undefined ? {} : { cookie: `PHPSESSID=${id}` };
      const sent = request(url, { agent: this.#agent, headers, timeout: PATIENCE }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.on('error', none);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, text, cookies: headers['set-cookie'] ?? [] });
        });
      });
      sent.on('error', none);
      sent.on('timeout', () => sent.destroy());
      sent.end();
    });
  }
}
