// Runs scenarios in Node, and brings what PHP and Node did into one form.
import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';

/** @typedef {import('./scenarios.mjs').Scenario} Scenario */

/**
 * What came of a scenario, in one form for both sides. Ids that were made are `<1>`, `<2>` in the order in which they appear.
 *
 * @typedef {object} Outcome
 * @property {unknown[][]} trace what the store or the handler was asked: `read`, `write`, `touch`, `destroy` with id and data; `close` when the
 *   lock is given back; `gc`
 * @property {Record<string, string>} rows
 * @property {string[]} cookies each `Set-Cookie`
 * @property {string[]} headers the other headers of a session
 * @property {unknown[]} seen what `get` found
 * @property {unknown[]} results of the calls, in their order
 */

const own = ['expires', 'cache-control', 'pragma', 'last-modified', 'referrer-policy'];

/** @param {Outcome} outcome @returns {Outcome} with names for ids, and dates that do not depend on the clock */
export function normalized(outcome, /** @type {Scenario} */ scenario, now = Date.now()) {
  const given = new Set(
    [...Object.keys(scenario.rows), ...JSON.stringify(scenario.cookie ?? '').matchAll(/[\w,-]{32}/g)].map(String),
  );
  const names = new Map();
  const named = (/** @type {unknown} */ value) =>
    typeof value !== 'string'
      ? value
      : value.replace(/\b[0-9a-f]{32}\b/g, (id) => {
          if (given.has(id)) return id.slice(0, 1).repeat(3);
          if (!names.has(id)) names.set(id, `<${names.size + 1}>`);
          return names.get(id);
        });
  const dated = (/** @type {string} */ header) =>
    header.replace(/\w{3}, \d\d[ -]\w{3}[ -]\d{4} [\d:]{8} GMT/, (date) => {
      const minutes = Math.round(
        (Date.parse(date.replaceAll('-', ' ').replace(/(\d) (\d\d:)/, '$1 $2')) - now) / 60_000,
      );
      return minutes < -1_000_000 ? date : `${date.replace(/\w/g, 'x')} in ${minutes} minutes`;
    });
  const trace = outcome.trace.map((call) => call.map(named));
  const rows = Object.fromEntries(
    Object.entries(outcome.rows)
      .map(([id, data]) => [named(id), data])
      .sort(),
  );
  const cookies = outcome.cookies.map((cookie) => dated(String(named(cookie))));
  const headers = outcome.headers
    .map((header) => (header.startsWith('Last-Modified') ? 'Last-Modified' : dated(header)))
    .sort();
  return { ...outcome, trace, rows, cookies, headers };
}

/**
 * What PHP's answer says.
 *
 * @param {{ trace: unknown[][], rows: Record<string, string>, headers: string[], seen: unknown[], results: unknown[], notes: string[], now: number }} answer
 * @param {Scenario} scenario
 */
export function ofPhp({ trace, rows, headers, seen, results, now }, scenario) {
  const valueIn = (/** @type {string} */ header) => header.slice(header.indexOf(':') + 2);
  const is = (/** @type {string} */ header, /** @type {string[]} */ names) =>
    names.includes(header.split(':')[0]?.toLowerCase() ?? '');
  return normalized(
    {
      // They ask nothing of a store: it is opened with the read, and makes no ids.
      trace: trace.filter(([call]) => !['open', 'validateId', 'create_sid'].includes(String(call))),
      rows,
      cookies: headers.filter((header) => is(header, ['set-cookie'])).map(valueIn),
      headers: headers.filter((header) => is(header, own)),
      seen,
      results,
    },
    scenario,
    now * 1000,
  );
}

/**
 * A store that writes down what it is asked.
 *
 * @param {import('../../../src/stores/store.ts').SessionStore} store
 * @param {unknown[][]} trace
 * @param {boolean} isStrict whether an id that is unknown is not read
 * @returns {import('../../../src/stores/store.ts').SessionStore}
 */
export function recorder(store, trace, isStrict) {
  const text = (/** @type {Uint8Array | undefined} */ data) => Buffer.from(data ?? []).toString('latin1');
  /** @param {string} id @param {import('../../../src/stores/store.ts').SessionLease} lease */
  const leaseOf = (id, lease) => {
    if (!lease.writable) return lease;
    trace.push(['read', id]);
    /** @type {string | undefined} */
    let newId;
    let isOver = false;
    const end = () => {
      if (!isOver) trace.push(['close']);
      isOver = true;
    };
    return {
      ...lease,
      data: lease.data,
      writable: true,
      async commit({ data }) {
        if (newId !== undefined) {
          // PHP's calls for the same.
          trace.push(['destroy', id], ['close'], ['read', newId], ['write', newId, text(data ?? lease.data)]);
        } else trace.push(data === undefined ? ['touch', id] : ['write', id, text(data)]);
        end();
        return lease.commit(data === undefined ? {} : { data });
      },
      async rename(other) {
        newId = other === id ? undefined : other;
        return lease.rename(other);
      },
      async destroy(empty) {
        trace.push(['destroy', id]);
        end();
        return lease.destroy(empty);
      },
      async release() {
        end();
        return lease.release();
      },
    };
  };
  return {
    gcMaxlifetime: 1440,
    open: async (id, options) => leaseOf(id, await store.open(id, options)),
    async read(id, options) {
      const snapshot = await store.read(id, options);
      if (snapshot.data !== undefined || !isStrict) trace.push(['read', id], ['close']);
      return {
        ...snapshot,
        data: snapshot.data,
        async touch() {
          trace.push(['touch', id]);
          return snapshot.touch();
        },
        lock: async (how) => leaseOf(id, await snapshot.lock(how)),
      };
    },
    async gc(lifetime) {
      trace.push(['gc', lifetime]);
      return 0;
    },
    close: (deadline) => store.close(deadline),
  };
}

/**
 * @param {{ Koa: new () => any, phpSession: (options: any) => any, memoryStore: (options: any) => any }} parts
 * @param {Scenario} scenario
 * @param {string} phpVersion
 */
export async function inNode({ Koa, phpSession, memoryStore }, scenario, phpVersion) {
  /** @type {unknown[][]} */
  const trace = [];
  const bytes = (/** @type {string} */ row) => Buffer.from(row, 'latin1');
  const sessions = new Map(
    Object.entries(scenario.rows).map(([id, row]) => [id, { data: bytes(row), usedAt: Date.now(), logouts: 0 }]),
  );
  const { steps } = scenario;
  const isReadonly = steps[0]?.[1] === 'read_and_close';
  const store = recorder(memoryStore({ sessions }), trace, scenario.ini['session.use_strict_mode'] === 1);
  const app = new Koa();
  /** @type {string[]} */
  const errors = [];
  app.on('error', (/** @type {any} */ error) => errors.push(error.code ?? error));
  const mode = steps.length === 0 ? 'none' : isReadonly ? 'readonly' : 'exclusive';
  app.use(phpSession({ store, mode, phpVersion, ...optionsOf({ ...changedDefaults, ...scenario.ini }) }));
  /** @type {unknown[]} */
  const seen = [];
  /** @type {unknown[]} */
  const results = [];
  app.use(async (/** @type {any} */ ctx) => {
    for (const [index, step] of steps.entries()) await run(ctx, step, index);
    ctx.body = {};
  });
  /** Whether the call did what it is for. @param {() => unknown} call */
  const note = async (call) => {
    try {
      results.push((await call()) ?? true);
    } catch (/** @type {any} */ error) {
      results.push(false);
      // A call on a session that is closed, which PHP answers with false, or a prefix that it refuses.
      if (error.code !== 'ERR_SESSION_CLOSED' && !(error instanceof TypeError)) throw error;
    }
  };
  /** @param {any} ctx @param {readonly unknown[]} step @param {number} index */
  const run = async (ctx, [what, name, value], index) => {
    const session = ctx.phpSession;
    switch (what) {
      case 'start':
        // After `read_and_close` it is the lock that makes a session that can be changed.
        if (index === 0) ctx.session;
        return note(() => (isReadonly && index > 0 ? session.lock() : session.start()));
      case 'set':
        ctx.session[/** @type {string} */ (name)] = value;
        return;
      case 'unset':
        delete ctx.session[/** @type {string} */ (name)];
        return;
      case 'clear':
        ctx.session = {};
        return;
      case 'get':
        seen.push({ ...ctx.session });
        return;
      case 'regenerate':
        return note(() => session.regenerate({ deleteOld: name }));
      case 'create_id': {
        const prefix = String(name);
        const say = (/** @type {string} */ id) => `${id.length} characters, begins with ${id.slice(0, prefix.length)}`;
        return note(() => say(session.createId(prefix)));
      }
      case 'gc':
        return note(async () => (await store.gc(1440)) >= 0);
      default:
        return note(() => session[/** @type {string} */ (what)]());
    }
  };
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const headers = scenario.cookie === undefined ? {} : { cookie: scenario.cookie };
    const sent = request({
      host: '127.0.0.1',
      port: server.address().port,
      path: `/${scenario.query ?? ''}`,
      agent: false,
      headers,
    }).end();
    const [response] = await once(sent, 'response');
    const status = response.statusCode;
    if (status === 200) await json(response);
    else response.resume();
    const lines = response.rawHeaders.flatMap(
      (/** @type {string} */ name, /** @type {number} */ i, /** @type {string[]} */ all) =>
        i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
    );
    const rows = Object.fromEntries(
      [...sessions]
        .filter(([, { data }]) => data !== undefined)
        .map(([id, { data }]) => [id, Buffer.from(data).toString('latin1')]),
    );
    const outcome = normalized(
      {
        trace,
        rows,
        cookies: response.headers['set-cookie'] ?? [],
        headers: lines.filter((/** @type {string} */ line) => own.includes(line.split(':')[0]?.toLowerCase() ?? '')),
        seen,
        results,
      },
      scenario,
    );
    return { outcome, status, errors };
  } finally {
    server.close();
  }
}

/** PHP 8.6 has others. A scenario is the same in each version, so it says these on both sides. */
export const changedDefaults = {
  'session.use_strict_mode': 0,
  'session.cookie_httponly': 0,
  'session.cookie_samesite': '',
};

/** The options with the same meaning as settings of php.ini. @param {Record<string, string | number>} ini */
function optionsOf(ini) {
  return Object.fromEntries(
    Object.entries(ini).map(([name, value]) => {
      const option = name.replace('session.', '').replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
      return [option, flags.includes(option) ? value === 1 : value];
    }),
  );
}
const flags = ['useOnlyCookies', 'useStrictMode', 'lazyWrite', 'cookieSecure', 'cookieHttponly', 'cookiePartitioned'];
