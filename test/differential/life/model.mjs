// PHP's life cycle of a session, with a switch for each thing in which Node differs. With all switches off it is what PHP does, with all
// of them on what Node does. docs/php-life-cycle.md gives the reason for each.

/** @typedef {import('./scenarios.mjs').Scenario} Scenario */
/** @typedef {import('./outcome.mjs').Outcome} Outcome */

/** Each has a heading in docs/php-life-cycle.md. */
export const differences = /** @type {const} */ ([
  'no row for an empty session',
  'no second cookie for the same id',
  'a logout removes the cookie',
  'a logout does not free the id',
  'a logout of nothing does nothing',
  'a logout works after read_and_close',
  'calls that have nothing to do succeed',
  'reset reads nothing',
  'a new id is stored when the session is',
  'an empty row under the old id',
  'the old row stays as it was read',
  'an unchanged session is touched',
  'read_and_close sets the time',
  'strict mode asks the store',
  'a damaged row stays',
  'ids are checked',
  'no Last-Modified',
  'a page with an id in its address is private',
]);
/** @typedef {(typeof differences)[number]} Difference */

/** @param {unknown} value */
const serialized = (value) => (typeof value === 'number' ? `i:${value};` : `s:${String(value).length}:"${value}";`);

const formats = {
  php: {
    encode: (/** @type {[string, unknown][]} */ pairs) =>
      pairs.map(([key, value]) => `${key}|${serialized(value)}`).join(''),
    pattern: /([a-z]+)\|(?:i:(\d+)|s:\d+:"([^"]*)");/gy,
    inner: (/** @type {string} */ row) => row,
  },
  php_serialize: {
    encode: (/** @type {[string, unknown][]} */ pairs) =>
      `a:${pairs.length}:{${pairs.map(([key, value]) => serialized(key) + serialized(value)).join('')}}`,
    pattern: /s:\d+:"([a-z]+)";(?:i:(\d+)|s:\d+:"([^"]*)");/gy,
    inner: (/** @type {string} */ row) => row.replace(/^a:\d+:\{(.*)\}$/, '$1'),
  },
};

const defaults = {
  'session.name': 'PHPSESSID',
  'session.use_strict_mode': 0,
  'session.use_only_cookies': 1,
  'session.lazy_write': 1,
  'session.gc_probability': 0,
  'session.gc_divisor': 100,
  'session.serialize_handler': 'php',
  'session.cookie_lifetime': 0,
  'session.cookie_path': '/',
  'session.cookie_domain': '',
  'session.cookie_secure': 0,
  'session.cookie_partitioned': 0,
  'session.cookie_httponly': 0,
  'session.cookie_samesite': '',
  'session.cache_limiter': 'nocache',
  'session.cache_expire': 180,
};

class Refused extends Error {}

export class Model {
  /** @type {Outcome} */
  outcome = { trace: [], rows: {}, cookies: [], headers: [], seen: [], results: [] };
  status = 200;
  /** Which switches have changed something. @type {Set<Difference>} */
  used = new Set();
  #scenario;
  #ini;
  #phpVersion;
  #isOn;
  /** What PHP reads of the name of the session in `$_COOKIE`, and in `$_GET`. */
  #cookie;
  #link;
  #isActive = false;
  /** In Node, a request whose mode is `readonly`. */
  #isReadonly = false;
  /** The lock is held, so that it has to be freed. */
  #isHeld = false;
  #wasStarted = false;
  /** @type {string | undefined} */
  #id;
  /** Whether there is a row under it. */
  #hasRow = false;
  /** @type {Record<string, unknown>} */
  #data = {};
  /** What was read; `undefined` for what nothing can be equal to. @type {string | undefined} */
  #read;
  /** @type {'move' | 'split' | undefined} */
  #pending;
  #ids = 0;

  /**
   * @param {Scenario} scenario
   * @param {{ cookie: string | null, link: string | null, phpVersion: string, isNode: boolean }} side
   */
  constructor(scenario, { cookie, link, phpVersion, isNode }) {
    this.#scenario = scenario;
    this.#ini = /** @type {typeof defaults} */ ({ ...defaults, ...scenario.ini });
    this.#phpVersion = phpVersion;
    this.#isOn = isNode;
    this.#cookie = cookie ?? undefined;
    this.#link = link ?? undefined;
    this.outcome.rows = { ...scenario.rows };
  }

  /** Asked where the two sides would go different ways. @param {Difference} difference */
  #is(difference) {
    if (this.#isOn) this.used.add(difference);
    return this.#isOn;
  }

  run() {
    const { steps } = this.#scenario;
    try {
      for (const [index, step] of steps.entries()) this.#step(step, index);
      this.#end();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.status = 500;
      this.#free();
    }
    return this;
  }

  /** @param {import('./scenarios.mjs').Step} step @param {number} index */
  #step([what, name, value], index) {
    const { results, seen } = this.outcome;
    switch (what) {
      case 'start':
        results.push(this.#start(name === 'read_and_close', index));
        break;
      case 'set':
        this.#data = { ...this.#data, [/** @type {string} */ (name)]: value };
        break;
      case 'unset':
        this.#data = Object.fromEntries(Object.entries(this.#data).filter(([key]) => key !== name));
        break;
      case 'clear':
        this.#data = {};
        break;
      case 'get':
        seen.push({ ...this.#data });
        break;
      case 'close':
        results.push(this.#close());
        break;
      case 'abort':
        results.push(this.#abort());
        break;
      case 'reset':
        results.push(this.#reset());
        break;
      case 'destroy':
        results.push(this.#destroy());
        break;
      case 'regenerate':
        results.push(this.#regenerate(name === true));
        break;
      case 'create_id':
        results.push(/^[\w,-]*$/.test(String(name)) && !/_/.test(String(name)) ? this.#createId(String(name)) : false);
        break;
      case 'gc':
        results.push(this.#gc());
    }
  }

  /** @param {boolean} isReadAndClose @param {number} index */
  #start(isReadAndClose, index) {
    if (this.#isActive && !(this.#isReadonly && index > 0)) return true;
    const isAgain = this.#id !== undefined;
    this.#isReadonly = false;
    if (!isAgain && !(this.#wasStarted && this.#isOn)) this.#takeCookie();
    this.#wasStarted = true;
    if (isAgain && !this.#is('no second cookie for the same id')) this.#sendCookie();
    this.#isActive = true;
    if (!this.#initialize()) return false;
    this.#limitCaches();
    if (!isReadAndClose) return true;
    this.#free();
    // In Node it is a mode of the request, whose session can be locked later.
    if (this.#isOn) this.#isReadonly = true;
    else this.#isActive = false;
    return true;
  }

  /** An id that PHP takes goes to the handler as it is. */
  #takeCookie() {
    const isLinked = this.#cookie === undefined && this.#ini['session.use_only_cookies'] === 0;
    const cookie = isLinked ? this.#link : this.#cookie;
    if (cookie === undefined || cookie === '') return;
    const isTaken = !/[\r\n\t <>'"\\]/.test(cookie);
    const isId = /^[A-Za-z0-9,-]{1,256}$/.test(cookie);
    const isGood = isTaken !== isId && this.#is('ids are checked') ? isId : isTaken;
    if (!isGood) return;
    this.#id = cookie;
  }

  /** The part of session_start() that session_reset() does too. @returns whether the row could be read */
  #initialize() {
    const { rows, trace } = this.outcome;
    const isKnown = this.#id !== undefined && this.#id in rows;
    const isStrict = this.#ini['session.use_strict_mode'] === 1;
    const validates =
      this.#scenario.validates ||
      (isStrict && this.#id !== undefined && !isKnown && this.#is('strict mode asks the store'));
    if (isStrict && validates && !isKnown) this.#id = undefined;
    this.#hasRow = false;
    this.#data = {};
    this.#read = '';
    if (this.#id === undefined) {
      // Node makes an id when something is stored.
      if (this.#is('no row for an empty session')) return true;
      this.#id = this.#newId();
      this.#sendCookie();
    }
    trace.push(['read', this.#id]);
    this.#isHeld = true;
    this.#hasRow = this.#id in rows;
    this.#read = rows[this.#id] ?? '';
    const data = this.#decode(this.#read);
    if (data === undefined) {
      if (this.#is('a damaged row stays')) {
        this.#limitCaches();
        throw new Refused();
      }
      this.#delete();
      return false;
    }
    this.#data = data;
    if (this.#ini['session.gc_probability'] === 1) this.#gc();
    return true;
  }

  #close() {
    if (!this.#isActive) return this.#is('calls that have nothing to do succeed');
    this.#save();
    this.#isActive = false;
    return true;
  }

  #end() {
    if (!this.#isActive) return;
    if (!this.#isReadonly) this.#save();
    else if (this.#hasRow && this.#is('read_and_close sets the time')) this.outcome.trace.push(['touch', this.#id]);
  }

  #save() {
    const data = this.#encode();
    if (this.#pending !== undefined) return this.#saveUnderNewId(data);
    const isUnchanged = this.#ini['session.lazy_write'] === 1 && data === this.#read;
    if (!this.#hasRow && Object.keys(this.#data).length === 0 && this.#is('no row for an empty session'))
      return this.#free();
    if (this.#id === undefined) this.#begin();
    // PHP up to 8.5 writes an empty session each time, and with a handler that has no updateTimestamp() every one.
    if (
      isUnchanged &&
      ((this.#scenario.validates && (data !== '' || this.#phpVersion >= '8.6')) ||
        this.#is('an unchanged session is touched'))
    ) {
      this.outcome.trace.push(['touch', this.#id]);
      this.outcome.rows[/** @type {string} */ (this.#id)] = data;
    } else this.#write(data);
    this.#free();
  }

  /** @param {string} data */
  #saveUnderNewId(data) {
    const { trace, rows } = this.outcome;
    const old = /** @type {string} */ (this.#id);
    const isMove = this.#pending === 'move';
    this.#pending = undefined;
    if (!this.#hasRow && Object.keys(this.#data).length === 0) return this.#free();
    if (isMove) {
      trace.push(['destroy', old]);
      delete rows[old];
      if (this.#is('an empty row under the old id')) rows[old] = '';
    } else if (this.#hasRow && this.#is('the old row stays as it was read')) trace.push(['touch', old]);
    this.#free();
    this.#begin();
    this.#write(data);
    this.#free();
  }

  #begin() {
    this.#id = this.#newId();
    this.outcome.trace.push(['read', this.#id]);
    if (this.#ini['session.gc_probability'] === 1 && !this.#wasHeld) this.#gc();
    this.#isHeld = true;
    this.#sendCookie();
  }

  /** Whether the request has had a row before. */
  #wasHeld = false;

  #abort() {
    if (!this.#isActive) return false;
    this.#pending = undefined;
    this.#isActive = false;
    this.#free();
    return true;
  }

  #reset() {
    if (!this.#isActive) return false;
    if (!this.#is('reset reads nothing')) return this.#initialize();
    this.#data = this.#decode(/** @type {string} */ (this.#read)) ?? {};
    return true;
  }

  #destroy() {
    if (!this.#isActive) return this.#isDestroyedAlready && this.#is('calls that have nothing to do succeed');
    if (this.#isReadonly) {
      if (this.#id === undefined) return this.#is('a logout works after read_and_close');
      // Its lock is taken for that.
      this.outcome.trace.push(['read', this.#id]);
      this.#isHeld = true;
      this.#is('a logout works after read_and_close');
    }
    if (!this.#isOn) {
      this.#delete();
      this.#isDestroyedAlready = true;
      return true;
    }
    this.#data = {};
    this.#pending = undefined;
    if (!this.#isHeld) return true;
    this.#isReadonly = false;
    if (!this.#hasRow || /^(a:0:\{\})?$/.test(this.#read ?? '')) return this.#is('a logout of nothing does nothing');
    this.outcome.trace.push(['destroy', this.#id]);
    delete this.outcome.rows[/** @type {string} */ (this.#id)];
    this.#free();
    this.#id = undefined;
    this.#hasRow = false;
    this.#read = '';
    if (this.#is('a logout removes the cookie')) this.#removeCookie();
    // It goes on as a session that has not begun.
    this.#is('a logout does not free the id');
    return true;
  }

  #isDestroyedAlready = false;

  /** PHP's session_destroy(); it also comes when a row cannot be read. */
  #delete() {
    this.outcome.trace.push(['destroy', this.#id]);
    delete this.outcome.rows[/** @type {string} */ (this.#id)];
    this.#free();
    this.#id = undefined;
    this.#isActive = false;
  }

  /** @param {boolean} deleteOld */
  #regenerate(deleteOld) {
    if (!this.#isActive) return false;
    if (this.#isOn) {
      this.#is('a new id is stored when the session is');
      if (this.#id !== undefined && this.#pending === undefined) this.#pending = deleteOld ? 'move' : 'split';
      return true;
    }
    if (deleteOld) {
      this.outcome.trace.push(['destroy', this.#id]);
      delete this.outcome.rows[/** @type {string} */ (this.#id)];
    } else this.#write(this.#encode());
    this.#free();
    this.#id = this.#newId();
    this.#sendCookie();
    this.outcome.trace.push(['read', this.#id]);
    this.#isHeld = true;
    this.#hasRow = false;
    this.#read = undefined;
    return true;
  }

  /** @param {string} prefix */
  #createId(prefix) {
    return `${prefix.length + 32} characters, begins with ${prefix}`;
  }

  #gc() {
    this.outcome.trace.push(['gc', 1440]);
    return true;
  }

  /** @param {string} data */
  #write(data) {
    this.outcome.trace.push(['write', this.#id, data]);
    this.outcome.rows[/** @type {string} */ (this.#id)] = data;
  }

  #free() {
    if (this.#isHeld) this.outcome.trace.push(['close']);
    this.#wasHeld ||= this.#isHeld;
    this.#isHeld = false;
  }

  #newId() {
    return (0x2000 + ++this.#ids).toString(16).padStart(32, '0');
  }

  #format() {
    return formats[/** @type {keyof typeof formats} */ (this.#ini['session.serialize_handler'])];
  }

  #encode() {
    const pairs = Object.entries(this.#data);
    // No bytes are an empty session in each format.
    if (pairs.length === 0 && this.#hasRow && this.#read === '' && this.#is('an unchanged session is touched'))
      return '';
    return this.#format().encode(pairs);
  }

  /** @param {string} row */
  #decode(row) {
    const { pattern, inner } = this.#format();
    const text = inner(row);
    /** @type {Record<string, unknown>} */
    const data = {};
    let at = 0;
    for (const [all, key, number, string] of text.matchAll(pattern)) {
      data[/** @type {string} */ (key)] = number === undefined ? string : Number(number);
      at += all.length;
    }
    return at === text.length ? data : undefined;
  }

  #sendCookie() {
    const lifetime = this.#ini['session.cookie_lifetime'];
    const date = this.#phpVersion < '8.2' ? 'xxx, xx-xxx-xxxx xx:xx:xx xxx' : 'xxx, xx xxx xxxx xx:xx:xx xxx';
    const life = lifetime > 0 ? `; expires=${date} in ${lifetime / 60} minutes; Max-Age=${lifetime}` : '';
    this.outcome.cookies = [`${this.#ini['session.name']}=${this.#id}${life}${this.#attributes()}`];
  }

  #removeCookie() {
    const date = this.#phpVersion < '8.2' ? '01-Jan-1970' : '01 Jan 1970';
    this.outcome.cookies = [
      `${this.#ini['session.name']}=deleted; expires=Thu, ${date} 00:00:01 GMT; Max-Age=0${this.#attributes()}`,
    ];
  }

  #attributes() {
    const ini = this.#ini;
    return [
      ini['session.cookie_path'] && `; path=${ini['session.cookie_path']}`,
      ini['session.cookie_domain'] && `; domain=${ini['session.cookie_domain']}`,
      ini['session.cookie_secure'] && '; secure',
      ini['session.cookie_partitioned'] && '; Partitioned',
      ini['session.cookie_httponly'] && '; HttpOnly',
      ini['session.cookie_samesite'] && `; SameSite=${ini['session.cookie_samesite']}`,
    ]
      .filter(Boolean)
      .join('');
  }

  #limitCaches() {
    const minutes = this.#ini['session.cache_expire'];
    const past = 'Expires: Thu, 19 Nov 1981 08:52:00 GMT';
    const privately = `Cache-Control: private, max-age=${minutes * 60}`;
    const limiter = this.#ini['session.cache_limiter'];
    const modified = !['nocache', ''].includes(limiter) && this.#is('no Last-Modified') ? [] : ['Last-Modified'];
    const headers = {
      nocache: ['Cache-Control: no-store, no-cache, must-revalidate', past, 'Pragma: no-cache'],
      public: [
        `Cache-Control: public, max-age=${minutes * 60}`,
        `Expires: xxx, xx xxx xxxx xx:xx:xx xxx in ${minutes} minutes`,
        ...modified,
      ],
      private: [privately, past, ...modified],
      private_no_expire: [privately, ...modified],
      '': [],
    }[limiter];
    this.outcome.headers = headers ?? [];
    if (this.#link === undefined || this.#ini['session.use_only_cookies'] !== 0) return;
    if (!this.#is('a page with an id in its address is private')) return;
    const others = this.outcome.headers.filter((header) => !header.startsWith('Cache-Control'));
    this.outcome.headers = ['Cache-Control: no-store', 'Referrer-Policy: no-referrer', ...others];
  }
}
