// The packages that the codec is measured against. All get a Buffer and give a Buffer, as a database driver wants it; each
// is given its input in the form that it reads fastest.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * @typedef {object} Peer
 * @property {string} name of its package
 * @property {(bytes: Buffer) => unknown} [decode] reads what `serialize()` wrote
 * @property {(bytes: Buffer) => object} [decodeSession] reads what `session_encode()` wrote
 * @property {(value: any) => Uint8Array} [encode] writes what `unserialize()` reads
 * @property {(value: any) => any} [simplify] makes of its own classes what can be compared
 * @property {(value: unknown) => unknown} [prepare] makes of plain data what `encode` wants; not measured
 */

/** @type {Record<string, () => Omit<Peer, 'name'>>} */
const load = {
  'php-serialize': () => {
    const { serialize, unserialize } = require('php-serialize');
    return {
      // Not strict, as it refuses every class otherwise.
      decode: (bytes) => unserialize(bytes, {}, { strict: false }),
      encode: (value) => Buffer.from(serialize(value)),
    };
  },
  phpunserialize: () => {
    const unserialize = require('phpunserialize');
    return { decode: (bytes) => unserialize(bytes.toString()) };
  },
  'php-unserialize': () => {
    const { unserialize, unserializeSession } = require('php-unserialize');
    return {
      decode: (bytes) => unserialize(bytes.toString()),
      decodeSession: (bytes) => unserializeSession(bytes.toString()),
    };
  },
  'serialize-php': () => {
    const { serialize, unserialize } = require('serialize-php');
    return {
      decode: (bytes) => unserialize(bytes.toString()),
      encode: (value) => Buffer.from(serialize(value)),
    };
  },
  'php-serialization': () => {
    const { Class, serialize, unserialize } = require('php-serialization');
    return {
      decode: (bytes) => unserialize(bytes.toString()),
      encode: (value) => Buffer.from(serialize(value, 'array')),
      prepare: (value) => prepareForPhpSerialization(Class, value),
      simplify: simplifyPhpSerialization,
    };
  },
  locutus: () => {
    const { serialize } = require('locutus/php/var/serialize');
    const { unserialize } = require('locutus/php/var/unserialize');
    return {
      decode: (bytes) => unserialize(bytes.toString(), 'throw'),
      encode: (value) => Buffer.from(serialize(value)),
    };
  },
};

export const peerNames = Object.keys(load);

/**
 * @param {string} name one of `peerNames`
 * @returns {Peer}
 */
export function loadPeer(name) {
  return { name, .../** @type {() => Omit<Peer, 'name'>} */ (load[name])() };
}

/**
 * It writes instances of its own class, which say the type of every value.
 *
 * @param {new (name: string) => any} Class
 * @param {any} value
 * @returns {any}
 */
function prepareForPhpSerialization(Class, value) {
  if (typeof value !== 'object' || value === null) return value;
  const made = new Class('');
  const keyType = Array.isArray(value) ? 'integer' : 'string';
  for (const [key, element] of Object.entries(value)) {
    made.__addAttr__(key, keyType, prepareForPhpSerialization(Class, element), typeForPhpSerialization(element));
  }
  return made;
}

/** Its properties are not enumerable, and its floats are objects. */
function simplifyPhpSerialization(/** @type {any} */ value) {
  if (typeof value?.doubleValue === 'function') return value.doubleValue();
  return value?.__attr__ === undefined
    ? value
    : Object.fromEntries(Object.keys(value.__attr__).map((key) => [key, value[key]]));
}

/** @param {unknown} value */
function typeForPhpSerialization(value) {
  if (value === null) return 'null';
  if (typeof value === 'object') return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'float') : typeof value;
}
