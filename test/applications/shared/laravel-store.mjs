/**
 * Calls of Laravel's session, to be made in PHP and in Node.
 *
 * @typedef {object} Case
 * @property {'php' | 'json'} serialization
 * @property {string} start the session before, in base64
 * @property {[method: string, args: any[]][]} calls
 */

/**
 * @typedef {object} Codec
 * @property {typeof import('../../../src/codec/index.ts').decodeSession} decodeSession
 * @property {typeof import('../../../src/codec/index.ts').encodeSession} encodeSession
 * @property {typeof import('../../../src/forms/laravel.ts').laravelSession} laravelSession
 * @property {readonly string[]} laravelClasses
 * @property {import('../../../src/codec/index.ts').SessionFormat} json
 */

const keys = [
  'a',
  'b',
  'a.b',
  'a.b.c',
  'list.0',
  'list.5',
  'x.y',
  'n',
  '__proto__',
  'a.__proto__',
  'length',
  'list.length',
];
const texts = ['', 'x', 'é😀', 'O:8:"stdClass":0:{}', 'a:1:{i:0;b:1;}', '<b>', "'; --", '0'];

/**
 * @param {number} seed
 * @param {number} count
 * @param {'php' | 'json'} serialization
 * @param {Codec} codec
 * @param {{ dots?: boolean }} [options] without dots in names of messages: Laravel 8 forgets only some of them (`Arr::forget()`)
 * @returns {Case[]}
 */
export function randomCases(seed, count, serialization, codec, { dots = true } = {}) {
  let state = seed;
  const below = (/** @type {number} */ n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  const pick = (/** @type {any[]} */ list) => list[below(list.length)];
  /** @returns {any} */
  const value = () =>
    pick([
      null,
      true,
      false,
      7,
      -1,
      ...texts,
      [],
      ['p', 'q'],
      { k: 1, l: ['m'] },
      { 3: 'z' },
      { ['__proto__']: 'own' },
    ]);
  const flashes = keys.filter((key) => dots || !key.includes('.'));
  const messages = () =>
    Object.fromEntries(
      ['email', 'code', 'a.0']
        .slice(below(3))
        .map((key) => [key, pick([texts, 'Wrong.', ['One.', 'Two.', 'One.'], []])]),
    );
  const calls = [
    () => ['put', [pick(keys), value()]],
    () => ['flash', [pick(flashes), value()]],
    () => ['now', [pick(flashes), value()]],
    () => ['reflash', []],
    () => ['keep', [pick(flashes), pick(flashes)]],
    () => ['forget', [pick(keys)]],
    () => ['pull', [pick(keys)]],
    () => [
      'flashInput',
      [{ email: pick(texts), password: 'geheim', tags: ['a', 'b'], user: { password: 'stays', ['__proto__']: 'x' } }],
    ],
    () => ['withErrors', [messages(), pick(['default', 'login', '__proto__'])]],
    () => ['setPreviousUrl', [`http://127.0.0.1/${pick(texts)}`]],
  ];
  return Array.from({ length: count }, () => {
    const start = {
      _token: 'T'.repeat(40),
      _flash: { old: pick([[], ['a'], dots ? ['errors', 'x.y'] : ['errors']]), new: pick([[], ['b'], ['a', 'b']]) },
      a: value(),
      list: pick([[], ['p', 'q'], { 0: 'p', 2: 'r' }]),
      'x.y': value(),
      x: { y: value() },
    };
    return {
      serialization,
      start: toBase64(codec.encodeSession(start, { format: formatOf(serialization, codec) })),
      calls: /** @type {any} */ (Array.from({ length: 1 + below(6) }, () => pick(calls)())),
    };
  });
}

/**
 * What Node makes of it, in base64.
 *
 * @param {Case} one
 * @param {Codec} codec
 */
export function runInNode({ serialization, start, calls }, codec) {
  const options = { format: formatOf(serialization, codec), classes: codec.laravelClasses };
  const data = codec.decodeSession(Buffer.from(start, 'base64'), options);
  /** @type {any} */
  const session = codec.laravelSession(data, { serialization });
  for (const [method, args] of calls) session[method](...structuredClone(args));
  session.ageFlashData();
  return toBase64(codec.encodeSession(data, options));
}

/**
 * A session to be compared: names, types and values of all that is in it. Not the order, as what is set again stays at its place in Node. Lists
 * of `_flash` are compared by their values: `array_diff()` leaves gaps in the keys.
 *
 * @param {string} bytes in base64
 * @param {'php' | 'json'} serialization
 * @param {Codec} codec
 */
export function comparable(bytes, serialization, codec) {
  const data = codec.decodeSession(Buffer.from(bytes, 'base64'), {
    format: formatOf(serialization, codec),
    view: 'exact',
  });
  const flash = /** @type {any} */ (data.get('_flash'));
  data.delete('_flash');
  return [...['old', 'new'].map((age) => [...flash.get(age).values()]), sorted(data)];
}

/** @param {any} value @returns {any} */
function sorted(value) {
  if (typeof value !== 'object' || value === null) return value;
  const { className = 'array', properties = value } = value;
  return [className, ...[...properties].map(([key, of]) => [`${typeof key} ${key}`, sorted(of)]).sort()];
}

/** @param {'php' | 'json'} serialization @param {Codec} codec */
function formatOf(serialization, { json }) {
  return serialization === 'json' ? json : /** @type {const} */ ('php_serialize');
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  return Buffer.from(bytes).toString('base64');
}
