import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Jar } from './browser.mjs';

/** @typedef {import('./cells.mjs').Cell} Cell */
/** @typedef {import('./browser.mjs').Sent} Sent */
/** @typedef {import('./browser.mjs').Answer} Answer */
/** @typedef {'lost' | 'leaked' | 'failed'} Kind */
/** @typedef {{ kind: Kind, what: string }} Problem */
/** @typedef {{ login: string | undefined, call: string | undefined }} Given the ids that their answers gave */

/**
 * @typedef {object} Site what the browsers use
 * @property {import('./browser.mjs').Client} client
 * @property {import('./gate.mjs').Gate} gate
 * @property {import('./servers.mjs').Servers} servers
 * @property {import('mysql2/promise').Connection} database
 * @property {import('mysql2/promise').Connection[]} nodes one connection to each SQL node
 */

/**
 * One login of one browser, with a call in parallel.
 *
 * Each browser has a session table of its own: a server's list of what it runs shows statements without their parameters, so the
 * table tells for whom one waits.
 */
export class Login {
  /** @type {Problem[]} what is wrong; empty if all is well */
  problems = [];
  #site;
  #cell;
  #table;
  #number;
  #jar = new Jar();
  #name;
  #mark = { guest: mark(), stored: mark(), login: mark(), call: mark() };
  #id = '';

  /**
   * @param {Site} site
   * @param {Cell} cell
   * @param {string} table
   * @param {number} number of this login within its cell
   */
  constructor(site, cell, table, number) {
    this.#site = site;
    this.#cell = cell;
    this.#table = table;
    this.#number = number;
    this.#name = `${table}-${mark()}`;
  }

  async run() {
    const visit = await this.#send('visit', this.#cell.login, { mark: this.#mark.guest }).answered;
    this.#jar.take(visit);
    this.#check('failed', visit.status === 200 && this.#jar.id !== undefined, `the visit was answered ${visit.status}`);
    if (this.#jar.id === undefined) return;
    this.#id = this.#jar.id;
    const { login, call } = await this.#meet();
    this.#check('failed', login.status === 200, `the login was answered ${login.status}`);
    this.#check('failed', call === undefined || call.status === 200, `the call was answered ${call?.status}`);
    /** @type {Given} */
    const given = { login: undefined, call: undefined };
    // Each was sent with the old id, so in which order the browser gets the answers can be decided now.
    const take = {
      login: () => {
        given.login = this.#jar.take(login);
      },
      call: () => {
        given.call = call && this.#jar.take(call);
      },
    };
    const { last } = this.#cell;
    take[last === 'call' ? 'login' : 'call']();
    take[last]();
    await this.#checkRows(given);
    if (call !== undefined && this.#cell.action !== 'login') {
      const hidden = this.#cell.timing === 'after' ? this.#hidden : this.#secrets;
      this.#check('leaked', !holds(call.text, hidden), 'the call was shown the login');
    }
    await Promise.all([this.#checkNew(given), this.#checkOld()]);
    await this.#site.database.query('DELETE FROM ??', [this.#table]);
    for (const name of ['login', 'call', 'login.tell', 'call.tell']) this.#site.gate.forget(`${this.#name}.${name}`);
  }

  /** Lets the two meet as the cell says. @returns {Promise<{ login: Answer, call: Answer | undefined }>} */
  async #meet() {
    const { timing, login: side, mode } = this.#cell;
    const isMerge = mode === 'merge' && this.#cell.call === 'node';
    switch (timing) {
      case 'alone':
        return { login: await this.#login().answered, call: undefined };
      case 'waits': {
        // By then Node has the lock in both modes. PHP deletes the old row at that point, so it is held before.
        const login = await this.#held('login', this.#login(side === 'node' ? 'moved' : 'opened'));
        const call = this.#call();
        this.#check('failed', await this.#waits('call', call), 'the call did not wait for the row');
        return this.#release('login', login, call);
      }
      case 'first': {
        const call = await this.#held('call', this.#call('opened'));
        const login = this.#login();
        if (isMerge) await login.answered;
        else this.#check('failed', await this.#waits('login', login), 'the login did not wait for the row');
        return this.#release('call', login, call);
      }
      case 'within': {
        const login = await this.#held('login', this.#login('opened'));
        const call = this.#call();
        await call.answered;
        return this.#release('login', login, call);
      }
      case 'halfway': {
        const login = await this.#held('login', this.#login('moved'));
        const call = this.#call();
        await this.#waits('call', call); // or has been answered
        return this.#release('login', login, call);
      }
      case 'after': {
        const login = this.#login();
        await login.answered;
        return { login: await login.answered, call: await this.#call().answered };
      }
    }
  }

  /** @param {string} [hold] the point at which the page waits */
  #login(hold = '') {
    const { login, order = '', control } = this.#cell;
    const path = control === 'keep' || control === 'forget' ? control : 'login';
    return this.#send(path, login, { user: 'login', mark: this.#mark.login, hold, order, who: 'login' });
  }

  /** @param {string} [hold] the point at which the page waits */
  #call(hold = '') {
    const { call = 'node', action, control } = this.#cell;
    const mark = action === 'login' ? this.#mark.call : this.#mark.stored;
    const path = control === 'broken' ? control : action;
    return this.#send(path, call, { user: 'call', mark, hold, order: 'last', who: 'call' }, control !== 'stranger');
  }

  /**
   * @param {string} path
   * @param {import('./cells.mjs').Side} side
   * @param {Record<string, string>} query
   * @param {boolean} [withId]
   */
  #send(path, side, { who = 'visit', ...query }, withId = true) {
    const name = `${this.#name}.${who}`;
    const all = { ...this.#common(side), name, tell: `${name}.tell`, ...query };
    return this.#site.client.send(`${this.#url(side, who)}/${path}`, all, withId ? this.#jar.id : undefined);
  }

  /** @param {import('./cells.mjs').Side} side @returns {Record<string, string>} */
  #common(side) {
    const { strict, mode = 'exclusive' } = this.#cell;
    return { table: this.#table, mode, strict: strict === 'both' || strict === side ? '1' : '0' };
  }

  /** Of two Node requests, those of every second login meet in one process. @param {import('./cells.mjs').Side} side @param {string} who */
  #url(side, who) {
    const { php, node } = this.#site.servers;
    if (side === 'php') return php;
    return who === 'call' && this.#cell.login === 'node' && !this.#isOneProcess ? node[1] : node[0];
  }

  get #isOneProcess() {
    return this.#cell.login === 'node' && this.#cell.call === 'node' && this.#number % 2 === 1;
  }

  /** Until the page is at the point where it waits. @param {'login' | 'call'} who @param {Sent} sent */
  async #held(who, sent) {
    await Promise.race([this.#site.gate.arrived(`${this.#name}.${who}`), sent.answered]);
    this.#check('failed', !sent.isAnswered, `the ${who} did not come to the point where it was to wait`);
    return sent;
  }

  /**
   * Until a request waits for the row: in the queue of its process, or in the database.
   *
   * @param {'login' | 'call'} who
   * @param {Sent} sent
   * @returns {Promise<boolean>} false: it was answered before
   */
  async #waits(who, sent) {
    if (this.#isOneProcess) {
      await Promise.race([this.#site.gate.arrived(`${this.#name}.${who}.tell`), sent.answered]);
      return !sent.isAnswered;
    }
    // Reads without the lock have no UPDATE in them, and an UPDATE that is under way waits for the holder of the row.
    const find = `SELECT 1 FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID()
      AND INFO LIKE ? AND INFO LIKE '%UPDATE%'`;
    for (;;) {
      for (const database of this.#site.nodes) {
        if (sent.isAnswered) return false;
        const [rows] = /** @type {any} */ (await database.query(find, [`%\`${this.#table}\`%`]));
        if (rows.length > 0) return true;
      }
      await sleep(1);
    }
  }

  /** @param {'login' | 'call'} who was held @param {Sent} login @param {Sent} call */
  async #release(who, login, call) {
    this.#site.gate.release(`${this.#name}.${who}`);
    return { login: await login.answered, call: await call.answered };
  }

  /** What logins must not show to other visitors. */
  get #secrets() {
    const { login, call } = this.#mark;
    return this.#cell.action === 'login' ? [login, call] : [login];
  }

  /** What the old id must not lead to: no login, and nothing of what the login took with it. */
  get #hidden() {
    return [...this.#secrets, this.#mark.guest];
  }

  /** @param {Given} given */
  async #checkRows(given) {
    const [rows] = /** @type {any} */ (await this.#site.database.query('SELECT id, data FROM ??', [this.#table]));
    const own = [given.login, this.#cell.action === 'login' ? given.call : undefined].filter((id) => id !== this.#id);
    for (const { id, data } of rows) {
      const found = this.#secrets.filter((secret) => String(data).includes(secret));
      const isRight = found.length === 0 || own.includes(String(id));
      this.#check('leaked', isRight, 'the secret of a login is in the row of another id');
      this.#check('leaked', found.length < 2, 'a row holds the secrets of two logins');
      const isEmptied = String(id) !== this.#id || !holds(String(data), [this.#mark.guest]);
      this.#check('leaked', isEmptied, 'the old row still holds what was there before the login');
    }
  }

  /** What both sides show to the browser: the login whose cookie it got last. @param {Given} given */
  async #checkNew(given) {
    const { action, takesRowFirst } = this.#cell;
    const { id } = this.#jar;
    const isCalls = action === 'login' && id === given.call;
    const isNew = id !== undefined && (isCalls || id === given.login);
    this.#check('lost', isNew, id === undefined ? 'no cookie is left' : 'the cookie is not that of a login');
    if (!isNew) return;
    const user = isCalls ? 'call' : 'login';
    // A second login may begin with nothing, and so may one after a logout.
    const keeps = action !== 'logout' && action !== 'login';
    for (const [side, name] of sides) {
      const { status, text } = await this.#look(side, id);
      this.#check('failed', status === 200, `${name} answered ${status} to the new cookie`);
      if (status !== 200) continue;
      const page = JSON.parse(text);
      const isIn = page.user === user && page[`secret of ${user}`] === this.#mark[user];
      this.#check('lost', isIn, `${name} does not show the login to the new cookie`);
      if (!isIn || !keeps) continue;
      this.#check('lost', page.guest === this.#mark.guest, `${name} misses what was there before the login`);
      const isStored = action !== 'store' || !takesRowFirst || page.stored === this.#mark.stored;
      this.#check('lost', isStored, `${name} misses what the call stored before the login`);
    }
  }

  /** What Node and PHP show to a client with the old id. */
  async #checkOld() {
    for (const [side, name] of sides) {
      const { status, text } = await this.#look(side, this.#id);
      this.#check('failed', status === 200, `${name} answered ${status} to the old id`);
      this.#check('leaked', !holds(text, this.#hidden), `${name} shows the session to the old id`);
    }
  }

  /** @param {import('./cells.mjs').Side} side @param {string} id */
  async #look(side, id) {
    const query = { ...this.#common(side), mode: 'exclusive' };
    return this.#site.client.send(`${this.#url(side, 'look')}/read`, query, id).answered;
  }

  /** @param {Kind} kind @param {boolean} isRight @param {string} what is wrong otherwise */
  #check(kind, isRight, what) {
    if (!isRight) this.problems.push({ kind, what });
  }
}

const sides = /** @type {const} */ ([
  ['node', 'Node'],
  ['php', 'PHP'],
]);

/** @param {string} text @param {string[]} marks */
function holds(text, marks) {
  return marks.some((mark) => text.includes(mark));
}

/** A text that is nowhere else. */
function mark() {
  return randomBytes(8).toString('hex');
}
