// Visitors of the sites, in a process of their own that gets its work by messages. Each has a cookie, and knows what its
// page must say next.
import { connect } from 'node:net';

/**
 * @typedef {{ cookie: string, count: number }} Visitor
 * @typedef {{ perSecond: number, latencies: number[], failures: number }} Visits latencies in milliseconds
 */

/** @type {Map<string, { idle: Line[], visitors: Visitor[] }>} by the URL of the site */
const sites = new Map();

/** A connection that is kept, for one request at a time. */
class Line {
  #socket;
  #head;
  #received = '';
  /** @type {((answer: { status: number, cookie: string | undefined, body: string }) => void) | undefined} */
  #answered;
  /** @type {(() => void) | undefined} */
  #failed;

  /** @param {URL} url */
  constructor({ port, pathname }) {
    this.#head = `GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
    this.#socket = connect(Number(port), '127.0.0.1').setNoDelay().setEncoding('latin1');
    this.#socket.on('data', (text) => {
      this.#received += text;
      this.#read();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#failed?.());
  }

  /** @param {string} cookie @returns {Promise<{ status: number, cookie: string | undefined, body: string }>} */
  get(cookie) {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = () => reject(new Error('The site has closed a connection'));
      if (this.#socket.destroyed) this.#failed();
      this.#socket.write(`${this.#head}${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`);
    });
  }

  get closed() {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  #read() {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    if (Number.isNaN(length)) throw new Error(`An answer without a length: ${head}`);
    const body = this.#received.slice(end + 4);
    if (body.length < length) return;
    this.#received = '';
    const cookies = [...head.matchAll(/^set-cookie: ([^;\r]+)/gim)].map(([, cookie]) => cookie);
    const cookie = cookies.length > 0 ? cookies.join('; ') : undefined;
    this.#answered?.({ status: Number(head.slice(9, 12)), cookie, body });
  }
}

/** What can be asked for. */
const work = {
  /** Lets new visitors come, each once. @param {{ url: string, visitors: number }} job */
  async enter({ url, visitors }) {
    const site = siteOf(url);
    for (let i = 0; i < visitors; i++) {
      const visitor = { cookie: '', count: 0 };
      if (!(await visit(site, url, visitor))) throw new Error(`${url} does not count`);
      site.visitors.push(visitor);
    }
  },

  /** So many at a time, each coming again as soon as it is answered. @param {{ url: string, clients: number, seconds: number }} job */
  async closed({ url, clients, seconds }) {
    const site = siteOf(url);
    const start = performance.now();
    const end = start + seconds * 1000;
    /** @type {number[]} */
    const latencies = [];
    let failures = 0;
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() < end) {
          const visitor = /** @type {Visitor} */ (site.visitors.shift());
          const begun = performance.now();
          if (await visit(site, url, visitor)) latencies.push(performance.now() - begun);
          else failures++;
          site.visitors.push(visitor);
        }
      }),
    );
    return { perSecond: (latencies.length / (performance.now() - start)) * 1000, latencies, failures };
  },

  /**
   * Sends `rate` requests a second, answered or not: evenly, or at random like independent visitors.
   *
   * @param {{ url: string, rate: number, seconds: number, random: boolean }} job
   */
  async open({ url, rate, seconds, random }) {
    const site = siteOf(url);
    const start = performance.now();
    const end = start + seconds * 1000;
    /** @type {number[]} */
    const latencies = [];
    let failures = 0;
    /** @type {Promise<void>[]} */
    const underWay = [];
    const send = async () => {
      const visitor = site.visitors.shift();
      if (visitor === undefined) {
        failures++; // all are waiting for their answer
        return;
      }
      const begun = performance.now();
      if (await visit(site, url, visitor)) latencies.push(performance.now() - begun);
      else failures++;
      site.visitors.push(visitor);
    };
    for (let due = start; due < end; ) {
      while (due <= performance.now()) {
        underWay.push(send());
        due += (1000 / rate) * (random ? -Math.log(1 - Math.random()) : 1);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
    await Promise.all(underWay);
    return { perSecond: (latencies.length / (performance.now() - start)) * 1000, latencies, failures };
  },

  /** One visitor in several windows. @param {{ url: string, windows: number, requests: number }} job */
  async together({ url, windows, requests }) {
    const site = siteOf(url);
    const visitor = /** @type {Visitor} */ (site.visitors.shift());
    let answered = 0;
    for (let sent = 0; sent < requests; sent += windows) {
      const answers = Array.from({ length: windows }, () => request(site, url, visitor.cookie));
      for (const { status } of await Promise.all(answers)) if (status === 200) answered++;
    }
    const before = visitor.count;
    const { body } = await request(site, url, visitor.cookie);
    visitor.count = Number(body);
    site.visitors.push(visitor);
    return { answered, lost: before + answered + 1 - visitor.count };
  },
};

/** @param {string} url */
function siteOf(url) {
  let site = sites.get(url);
  if (site === undefined) {
    site = { idle: [], visitors: [] };
    sites.set(url, site);
  }
  return site;
}

/**
 * @param {ReturnType<typeof siteOf>} site
 * @param {string} url
 * @param {Visitor} visitor
 * @returns {Promise<boolean>} whether the page was right
 */
async function visit(site, url, visitor) {
  const { status, cookie, body } = await request(site, url, visitor.cookie);
  if (status !== 200) return false;
  if (cookie !== undefined) visitor.cookie = cookie;
  visitor.count++;
  if (Number(body) !== visitor.count) throw new Error(`${url} says ${body} instead of ${visitor.count}`);
  return true;
}

/** @param {ReturnType<typeof siteOf>} site @param {string} url @param {string} cookie */
async function request(site, url, cookie) {
  let line = site.idle.pop();
  while (line?.closed) line = site.idle.pop();
  line ??= new Line(new URL(url));
  const answer = await line.get(cookie);
  site.idle.push(line);
  return answer;
}

process.on('message', async ({ kind, ...job }) => {
  try {
    process.send?.({ result: await work[/** @type {keyof work} */ (kind)](/** @type {any} */ (job)) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
