import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { mailPassword } from '../../tools/horde/lab.mjs';

const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** @typedef {{ status: number, text: string, location: string | undefined }} Answer */

/** A browser without a window: it keeps cookies, and has a user agent and an address, which Horde compares at each request. */
export class Visitor {
  /** @type {Map<string, string>} */
  cookies = new Map();

  /**
   * @param {string} base URL of the farm, or of one server
   * @param {{ userAgent?: string, address?: string }} [options] `address` on loopback, such as 127.0.0.2
   */
  constructor(base, options = {}) {
    this.base = base;
    this.options = options;
  }

  /** The same cookies in another browser, at another address, or at another server. @param {{ userAgent?: string, address?: string, base?: string }} options */
  as({ base = this.base, ...options }) {
    const other = new Visitor(base, { ...this.options, ...options });
    other.cookies = new Map(this.cookies);
    return other;
  }

  /**
   * One request; a redirect is not followed.
   *
   * @param {string} path
   * @param {Record<string, string>} [form] sent by POST
   * @returns {Promise<Answer>}
   */
  async send(path, form) {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = request(new URL(path, this.base), {
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      localAddress: this.options.address ?? '127.0.0.1',
      headers: { ...type, cookie, accept: 'text/html', 'user-agent': this.options.userAgent ?? userAgent },
    });
    sent.end(body);
    const response = /** @type {import('node:http').IncomingMessage} */ (
      await new Promise((resolve, reject) => sent.once('response', resolve).once('error', reject))
    );
    for (const each of response.headers['set-cookie'] ?? []) this.#keep(each);
    const { statusCode: status = 0, headers } = response;
    return { status, text: await text(response), location: headers.location };
  }

  /**
   * A page at the end of the redirects.
   *
   * @param {string} path
   * @param {Record<string, string>} [form]
   * @returns {Promise<Answer & { path: string }>}
   */
  async open(path, form) {
    let answer = await this.send(path, form);
    let here = new URL(path, this.base);
    for (let i = 0; answer.location !== undefined && i < 10; i++) {
      here = new URL(answer.location, here);
      answer = await this.send(here.pathname + here.search);
    }
    return { ...answer, path: here.pathname + here.search };
  }

  /** What a page of ours answers. @param {string} path @returns {Promise<any>} */
  async json(path) {
    const { status, text } = await this.send(path);
    if (status !== 200) throw new Error(`${path.split('?')[0]}: status ${status}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }

  /** A page of Horde that is ours: pages/page.php. @param {string} action @param {Record<string, string>} [query] */
  horde(action, query = {}) {
    return this.json(`/horde/lab/page.php?${new URLSearchParams({ do: action, ...query })}`);
  }

  /** A page of Node: node-server.mjs. @param {string} action @param {Record<string, string>} [query] */
  node(action, query = {}) {
    return this.json(`/node/${action}?${new URLSearchParams(query)}`);
  }

  /** Logs in by Horde's form. @param {string} [user] @param {'basic' | 'dynamic'} [view] which of its pages IMP shows */
  async login(user = 'alice', view = 'basic') {
    await this.open('/horde/login.php');
    const form = { login_post: '1', horde_user: user, horde_pass: mailPassword };
    const more = { app: '', url: '', anchor_string: '', horde_select_view: view };
    const { path } = await this.open('/horde/login.php', { ...form, ...more });
    if (!path.startsWith('/horde/services/portal/')) throw new Error(`the login has led to ${path}`);
  }

  /** Whether Horde knows the user. The page sends others to the login. */
  async isKnownToHorde() {
    const { status } = await this.send('/horde/imp/basic.php?page=mailbox');
    return status === 200;
  }

  /** @param {string} cookie a `Set-Cookie` */
  #keep(cookie) {
    const [, name = '', value = '', rest = ''] = /^([^=]*)=([^;]*)(.*)$/.exec(cookie) ?? [];
    const expires = /;\s*expires=([^;]*)/i.exec(rest)?.[1];
    if (value === '' || Date.parse(expires ?? '') < Date.now()) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
