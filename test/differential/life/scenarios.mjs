// What a request does with its session, as data: each runs in PHP (scenario.php) and in Node (outcome.mjs).

/**
 * - `start` (`read_and_close`), `close`, `abort`, `reset`, `destroy`, `regenerate` (whether the old row is deleted), `create_id` (prefix), `gc`:
 *   PHP's functions
 * - `set` (key, value), `unset` (key), `clear`: changes of `$_SESSION`
 * - `get`: what is in it is looked at
 *
 * @typedef {[string, ...unknown[]]} Step
 */
/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string | undefined} cookie the header `Cookie`
 * @property {string} [query] of the address
 * @property {string} [since] the first PHP that knows the settings
 * @property {Record<string, string>} rows what is stored, by id
 * @property {Record<string, string | number>} ini settings that differ from PHP's defaults
 * @property {boolean} validates whether PHP's handler can tell which ids it knows
 * @property {readonly Step[]} steps
 */

export const known = 'a'.repeat(32);
export const unknown = 'b'.repeat(32);
const alice = 'n|i:1;user|s:5:"alice";';

/** @type {Record<string, { cookie?: string, rows: Record<string, string> }>} */
const visitors = {
  'no cookie': { rows: {} },
  'a session': { cookie: `PHPSESSID=${known}`, rows: { [known]: alice } },
  'an empty session': { cookie: `PHPSESSID=${known}`, rows: { [known]: '' } },
  'an unknown id': { cookie: `PHPSESSID=${unknown}`, rows: { [known]: alice } },
  'a damaged row': { cookie: `PHPSESSID=${known}`, rows: { [known]: 'n|i:1;x|i:' } },
};

/** @type {(key: string, value: unknown) => Step} */
const set = (key, value) => ['set', key, value];
/** @type {Step} */
const start = ['start'];
/** @type {Step} */
const readAndClose = ['start', 'read_and_close'];
/** @type {Step} */
const get = ['get'];
/** @type {Step} */
const close = ['close'];
/** @type {Step} */
const abort = ['abort'];
/** @type {Step} */
const reset = ['reset'];
/** @type {Step} */
const destroy = ['destroy'];
/** @type {Step} */
const move = ['regenerate', true];
/** @type {Step} */
const split = ['regenerate', false];

/** @type {Record<string, readonly Step[]>} */
const handlers = {
  'no session': [],
  'only reads': [start, get],
  'changes a value': [start, set('n', 2)],
  'sets what is there': [start, set('n', 1)],
  'adds a value': [start, set('cart', 'book'), get],
  'removes a value': [start, ['unset', 'n']],
  'empties it': [start, ['clear'], get],
  'empties it and stores': [start, ['clear'], set('n', 5)],
  'starts twice': [start, set('n', 2), start, get],
  closes: [start, close],
  'changes and closes': [start, set('n', 2), close],
  'changes after close': [start, set('n', 2), close, set('n', 3)],
  'closes twice': [start, close, close],
  'starts again': [start, close, start, get],
  'changes, starts again': [start, set('n', 2), close, start, get],
  'changes, starts again, changes': [start, set('n', 2), close, start, set('n', 3)],
  aborts: [start, abort],
  'changes and aborts': [start, set('n', 2), abort],
  'aborts, starts again': [start, set('n', 2), abort, start, get],
  'aborts, starts again, changes': [start, set('n', 2), abort, start, set('m', 3), get],
  'aborts twice': [start, abort, abort],
  'closes, aborts': [start, set('n', 2), close, abort],
  resets: [start, reset, get],
  'changes and resets': [start, set('n', 2), reset, get],
  'changes, resets, changes': [start, set('n', 2), reset, set('m', 3), get],
  'closes, resets': [start, set('n', 2), close, reset],
  destroys: [start, destroy],
  'changes and destroys': [start, set('n', 2), destroy],
  'destroys twice': [start, destroy, destroy],
  'destroys, starts again': [start, destroy, start, get],
  'destroys, starts again, changes': [start, destroy, start, set('n', 7)],
  'closes, destroys': [start, set('n', 2), close, destroy],
  'closes, starts again, destroys': [start, set('n', 2), close, start, destroy],
  moves: [start, move],
  'changes and moves': [start, set('user', 'bob'), move],
  'moves and changes': [start, move, set('user', 'bob'), get],
  'moves twice': [start, move, move],
  'moves, closes': [start, move, close],
  'moves, starts again': [start, set('n', 2), move, close, start, get],
  'moves, starts again, changes': [start, move, close, start, set('n', 3)],
  'moves, destroys': [start, move, destroy],
  'moves, aborts': [start, set('n', 2), move, abort],
  'moves, resets': [start, set('n', 2), move, reset, get],
  'empties and moves': [start, ['clear'], move],
  'closes, moves': [start, close, move],
  splits: [start, split],
  'changes and splits': [start, set('user', 'bob'), split],
  'splits and changes': [start, split, set('user', 'bob'), get],
  'splits twice': [start, split, set('n', 2), split, set('n', 3)],
  'splits, then moves': [start, split, set('n', 2), move],
  'moves, then splits': [start, move, set('n', 2), split],
  'splits, closes': [start, split, close],
  'splits, starts again': [start, set('n', 2), split, close, start, get],
  'splits, destroys': [start, split, destroy],
  'splits, aborts': [start, set('n', 2), split, abort],
  'empties and splits': [start, ['clear'], split],
  'reads and closes': [readAndClose, get],
  'reads and closes, changes': [readAndClose, set('n', 2)],
  'reads and closes, starts': [readAndClose, start, get],
  'reads and closes, starts, changes': [readAndClose, start, set('n', 2)],
  'reads and closes, destroys': [readAndClose, destroy],
  'makes an id': [start, ['create_id', 'abc-']],
  'makes an id with a bad prefix': [start, ['create_id', 'a.b']],
  'collects by itself': [start, ['gc']],
};

/** Handlers for which more than the defaults matters. */
const few = [
  'only reads',
  'changes a value',
  'sets what is there',
  'moves',
  'splits',
  'reads and closes',
  'starts again',
];

/** @type {Scenario[]} */
export const scenarios = [];

/**
 * @param {string} visitor
 * @param {string} handler
 * @param {Record<string, string | number>} ini
 * @param {Partial<Scenario>} [more]
 */
function add(visitor, handler, ini, more = {}) {
  const { cookie, rows } = visitors[visitor] ?? { rows: {} };
  const settings = Object.entries(ini).map(([name, value]) => `${name.replace('session.', '')}=${value}`);
  const notes = [...settings, ...(more.validates === false ? ['cannot validate'] : [])];
  scenarios.push({
    name: `${visitor}: ${handler}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`,
    cookie,
    rows,
    ini,
    validates: true,
    steps: handlers[handler] ?? [],
    ...more,
  });
}

/** Where strict mode can matter, it is on and off. */
const strictness = /** @type {const} */ ({
  'no cookie': [1],
  'a session': [0, 1],
  'an empty session': [0],
  'an unknown id': [0, 1],
});
for (const [visitor, modes] of Object.entries(strictness)) {
  for (const handler of Object.keys(handlers)) {
    for (const strict of modes) add(visitor, handler, { 'session.use_strict_mode': strict });
  }
  for (const handler of few) {
    add(visitor, handler, { 'session.lazy_write': 0 });
    if (handler !== 'reads and closes') add(visitor, handler, { 'session.gc_probability': 1, 'session.gc_divisor': 1 });
    add(visitor, handler, { 'session.use_strict_mode': 1 }, { validates: false });
    const rows = Object.entries(visitors[visitor]?.rows ?? {});
    const translated = rows.map(([id, row]) => [id, row === alice ? 'a:1:{s:1:"n";i:1;}' : row]);
    add(visitor, handler, { 'session.serialize_handler': 'php_serialize' }, { rows: Object.fromEntries(translated) });
  }
}
for (const handler of [
  'no session',
  'only reads',
  'changes a value',
  'closes',
  'aborts',
  'destroys',
  'moves',
  'reads and closes',
]) {
  add('a damaged row', handler, {});
}

const cookies = [
  { 'session.name': 'my-app_sid' },
  { 'session.name': '__Host-sid', 'session.cookie_secure': 1 },
  { 'session.cookie_lifetime': 3600 },
  { 'session.cookie_path': '' },
  { 'session.cookie_path': '/app', 'session.cookie_domain': '.example.com' },
  { 'session.cookie_secure': 1, 'session.cookie_httponly': 1, 'session.cookie_samesite': 'Strict' },
  { 'session.cookie_secure': 1, 'session.cookie_samesite': 'None' },
  {
    'session.cookie_lifetime': 60,
    'session.cookie_secure': 1,
    'session.cookie_httponly': 1,
    'session.cookie_samesite': 'Lax',
  },
];
for (const ini of cookies) {
  const name = ini['session.name'] ?? 'PHPSESSID';
  for (const handler of ['changes a value', 'moves']) {
    add('no cookie', handler, ini);
    add('a session', handler, ini, { cookie: `${name}=${known}` });
  }
}
const partitioned = { 'session.cookie_secure': 1, 'session.cookie_partitioned': 1, 'session.cookie_samesite': 'None' };
for (const handler of ['changes a value', 'moves', 'destroys'])
  add('a session', handler, partitioned, { since: '8.5' });
for (const limiter of ['nocache', 'public', 'private', 'private_no_expire', '']) {
  for (const minutes of [0, 180, 525_600]) {
    const ini = { 'session.cache_limiter': limiter, 'session.cache_expire': minutes };
    add('no cookie', 'changes a value', ini);
    add('a session', 'only reads', ini);
  }
}

/** Cookies of which PHP takes one, or none. */
const sent = [
  `PHPSESSID=${known}; PHPSESSID=${unknown}`,
  `PHPSESSID=${unknown}; PHPSESSID=${known}`,
  `PHPSESSID=; PHPSESSID=${known}`,
  `phpsessid=${unknown}; PHPSESSID=${known}`,
  `a=b; PHPSESSID=${known}; c=d`,
  `PHPSESSID="${known}"`,
  `PHPSESSID= ${known}`,
  `PHPSESSID=${known} ; a=b`,
  `PHPSESSID[x]=${known}`,
  `PHPSESSID=${known}; PHPSESSID[x]=1`,
  `PHPSESSID[x]=1; PHPSESSID=${known}`,
  `PHPSESSID=%61${known.slice(1)}`,
  `PHP%53ESSID=${known}`,
  'PHPSESSID=ab%2Ccd-EF',
  'PHPSESSID=ab,cd-EF',
  'PHPSESSID=',
  'PHPSESSID',
  'PHPSESSID=a+b',
  'PHPSESSID=a%20b',
  'PHPSESSID=a%0Ab',
  "PHPSESSID=a'b",
  'PHPSESSID=a%22b',
  'PHPSESSID=a<b',
  'PHPSESSID=a%5Cb',
  'PHPSESSID=a.b',
  'PHPSESSID=a_b',
  'PHPSESSID=a|b',
  'PHPSESSID=../../etc/passwd',
  'PHPSESSID=a:b',
  'PHPSESSID=%C3%A9',
  `PHPSESSID=${'a'.repeat(256)}`,
  `PHPSESSID=${'a'.repeat(257)}`,
];
const rows = { [known]: alice, 'ab,cd-EF': alice };
for (const cookie of sent) {
  for (const strict of [0, 1]) {
    add(cookie, 'changes a value', { 'session.use_strict_mode': strict }, { cookie, rows });
  }
}
for (const cookie of [
  'php.sid',
  'php_sid',
  'php sid',
  'php[sid',
  'php[s]id',
  'php.sid=x; php_sid',
  ' php_sid',
  'PHP_SID',
]) {
  add(
    `${cookie}=…`,
    'changes a value',
    { 'session.name': 'php_sid', 'session.use_strict_mode': 1 },
    {
      cookie: `${cookie}=${known}`,
      rows,
    },
  );
}

// Ids in links, which Node takes in strict mode only.
const linked = { 'session.use_only_cookies': 0, 'session.use_strict_mode': 1 };
for (const handler of [
  'only reads',
  'changes a value',
  'moves',
  'splits',
  'destroys',
  'starts again',
  'reads and closes',
]) {
  for (const id of [known, unknown]) add(`a link with ${id[0]}`, handler, linked, { query: `?PHPSESSID=${id}`, rows });
}
for (const query of [
  `?PHPSESSID=${unknown}&PHPSESSID=${known}`,
  `?a=1&PHPSESSID=${known}`,
  '?PHPSESSID=',
  `?PHPSESSID[]=${known}`,
]) {
  add(`a link ${query}`, 'changes a value', linked, { query, rows });
}
for (const cookie of [`PHPSESSID=${known}`, `PHPSESSID=${unknown}`, 'PHPSESSID=']) {
  add(`a link, and ${cookie}`, 'changes a value', linked, { query: `?PHPSESSID=${known}`, cookie, rows });
}
add('a link', 'changes a value', { 'session.use_strict_mode': 1 }, { query: `?PHPSESSID=${known}`, rows });
