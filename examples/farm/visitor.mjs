/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string | null} server which server says that it answered
 * @property {string} language PHP or Node, its version, and the framework
 * @property {number} count
 * @property {string | null} user
 */

/** A browser as far as the farm needs one: it keeps the session cookie. */
export class Visitor {
  /** The cookie as it is sent, `PHPSESSID=...`, or empty. */
  cookie = '';
  #url;

  /** @param {string} url where requests go to that name no other server */
  constructor(url) {
    this.#url = url;
  }

  /**
   * @param {string} path
   * @param {{ at?: string, signal?: AbortSignal }} [options] `at`: another server's URL
   * @returns {Promise<Answer>}
   */
  get(path, options) {
    return this.#fetch(path, options);
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [form]
   * @param {{ at?: string, signal?: AbortSignal }} [options]
   * @returns {Promise<Answer>}
   */
  post(path, form = {}, options = {}) {
    return this.#fetch(path, { ...options, method: 'POST', body: new URLSearchParams(form) });
  }

  /**
   * @param {string} path
   * @param {RequestInit & { at?: string }} [options]
   * @returns {Promise<Answer>}
   */
  async #fetch(path, { at = this.#url, ...init } = {}) {
    const headers = { accept: 'application/json', ...(this.cookie && { cookie: this.cookie }) };
    const response = await fetch(at + path, { ...init, headers, redirect: 'manual' });
    const text = await response.text();
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const gone = /;\s*max-age=0|;\s*expires=[^;]*\b19[67]\d\b/i.test(line);
      this.cookie = gone ? '' : pair;
    }
    const body = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : {};
    return { status: response.status, server: response.headers.get('x-served-by'), ...body };
  }
}
