// The contestants: for each kind of work all packages that can do it, on the same data, from bytes and to bytes.
import { deserialize, serialize as toV8 } from 'node:v8';

/**
 * @typedef {import('./corpora.mjs').Corpus} Corpus
 * @typedef {import('./peers.mjs').Peer} Peer
 * @typedef {import('./php.mjs').Php} Php
 * @typedef {Awaited<ReturnType<typeof import('./check.mjs').findWrong>>} Wrong
 *
 * @typedef {'ours' | 'old' | 'packed' | 'peer' | 'other'} Group `old`: another build of ours; `packed`: ours, in the format of an extension
 * @typedef {{ name: string, group: Group, wrong?: string } & import('./measure.mjs').Contestant} Entrant
 *
 * @typedef {object} Field
 * @property {any[]} codecs ours, and perhaps that of another build
 * @property {{ peer: Peer, wrong: Wrong }[]} peers and what is wrong with what they make of this corpus
 * @property {Record<string, import('../dist/formats.js').SessionFormat>} formats those of PHP's extensions
 * @property {Php} php
 *
 * @typedef {'decode' | 'encode' | 'counter' | 'key'} Kind
 */

export const json = 'JSON';
export const phpSession = "PHP's session functions";

/** @type {Record<Kind, (corpus: Corpus, field: Field) => Entrant[]>} */
export const kinds = {
  /** All of a session, every key of it. */
  decode: ({ name, session, serialized, data, json: text, packed }, { codecs, peers, formats, php }) => [
    ...ours(codecs, 'decodeSession, every key', (codec) => readAll(codec.decodeSession(session))),
    ...ours(codecs, 'unserialize', (codec) => codec.unserialize(serialized)),
    other(json, () => JSON.parse(text.toString())),
    other('v8.deserialize', v8Reader(data)),
    inPhp(php, 'PHP unserialize', 'unserialize', `${name} serialized`),
    inPhp(php, 'PHP session_decode', 'session_decode', `${name} session`),
    ...Object.entries(packed).flatMap(([format, bytes]) => [
      entrant('packed', `decodeSession, ${format}`, () =>
        readAll(codecs[0].decodeSession(bytes, { format: formats[format] })),
      ),
      inPhp(php, `PHP ${format}_unserialize`, `${format}_unserialize`, `${name} ${format}`),
    ]),
    ...peers.flatMap(({ peer, wrong }) => [
      ...from(peer.decode, (decode) => entrant('peer', peer.name, () => decode(serialized), wrong.decode)),
      ...from(peer.decodeSession, (decode) =>
        entrant('peer', `${peer.name}, session`, () => decode(session), wrong.decodeSession),
      ),
    ]),
  ],

  /** Plain data that no codec has seen before. */
  encode: ({ name, data, packed }, { codecs, peers, formats, php }) => [
    ...ours(codecs, 'encodeSession', (codec) => codec.encodeSession(data)),
    ...ours(codecs, 'serialize', (codec) => codec.serialize(data)),
    other(json, () => Buffer.from(JSON.stringify(data))),
    other('v8.serialize', () => toV8(data)),
    inPhp(php, 'PHP serialize', 'serialize', `${name} serialized`),
    inPhp(php, 'PHP session_encode', 'session_encode', `${name} session`),
    ...Object.keys(packed).flatMap((format) => [
      entrant('packed', `encodeSession, ${format}`, () => codecs[0].encodeSession(data, { format: formats[format] })),
      inPhp(php, `PHP ${format}_serialize`, `${format}_serialize`, `${name} ${format}`),
    ]),
    ...peers.flatMap(({ peer, wrong }) =>
      from(peer.encode, (encode) => {
        const value = peer.prepare?.(data) ?? data;
        return entrant('peer', peer.name, () => encode(value), wrong.encode);
      }),
    ),
  ],

  /** What most requests do: read a session, look at one key, count, write it back. */
  counter: ({ name, session, serialized, json: text, key }, { codecs, peers, php }) => [
    ...ours(codecs, 'decodeSession, encodeSession', (codec) => countInSession(codec, session, key)),
    other(json, () => {
      const read = JSON.parse(text.toString());
      read.counter = (read.counter ?? 0) + 1;
      return Buffer.from(JSON.stringify(read));
    }),
    inPhp(php, phpSession, 'counter', `${name} session`, key),
    ...peers.flatMap(({ peer: { name, decode, encode, prepare }, wrong }) => {
      if (decode === undefined || encode === undefined || prepare !== undefined) return [];
      const run = () => {
        const read = /** @type {any} */ (decode(serialized));
        read.counter = (read.counter ?? 0) + 1;
        return encode(read);
      };
      return [entrant('peer', name, run, wrong.decode ?? wrong.encode)];
    }),
  ],

  /** One key of a session, and nothing else of it. */
  key: ({ name, session, json: text, key }, { codecs, php }) => [
    ...ours(codecs, 'decodeSession, one key', (codec) => codec.decodeSession(session)[key]),
    other(json, () => JSON.parse(text.toString())[key]),
    inPhp(php, phpSession, 'one key', `${name} session`, key),
  ],
};

/**
 * @param {any} codec
 * @param {Buffer} session
 * @param {string} key
 * @returns {Uint8Array}
 */
export function countInSession({ decodeSession, encodeSession }, session, key) {
  const read = decodeSession(session);
  void read[key];
  read.counter = (read.counter ?? 0) + 1;
  return encodeSession(read);
}

/** @param {Record<string, unknown>} session */
function readAll(session) {
  for (const key of Object.keys(session)) void session[key];
  return session;
}

/** @param {Group} group @param {string} name @param {() => unknown} run @param {string} [wrong] @returns {Entrant} */
function entrant(group, name, run, wrong) {
  return { group, name, run, wrong };
}

const other = (/** @type {string} */ name, /** @type {() => unknown} */ run) => entrant('other', name, run);

/**
 * @param {Field['codecs']} codecs
 * @param {string} name
 * @param {(codec: any) => unknown} run
 */
function ours(codecs, name, run) {
  return codecs.map((codec, i) => entrant(i === 0 ? 'ours' : 'old', name, () => run(codec)));
}

/** @param {Php} php @param {string} name @param {string} operation @param {string} bytes @param {string} [key] @returns {Entrant} */
function inPhp(php, name, operation, bytes, key) {
  return { group: 'other', name, elsewhere: (count) => php.ask('measure', operation, { bytes, count, key }) };
}

function v8Reader(/** @type {unknown} */ data) {
  const bytes = toV8(data);
  return () => deserialize(bytes);
}

/**
 * @template T
 * @param {T | undefined} offered
 * @param {(offered: T) => Entrant} make
 */
function from(offered, make) {
  return offered === undefined ? [] : [make(offered)];
}
