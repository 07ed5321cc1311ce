// What stays in memory of sessions that are gone: V8 makes a part of a long string a view of it, which keeps all of it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @typedef {typeof import('../../src/codec/index.ts')} Codec */

const sessions = 10_000;

/** Bytes for what is kept of one: a string of 30 characters has about 60 with its place in a list, a Uint8Array about 230. */
export const enough = 300;

// As `node --expose-gc` does, for this process alone.
setFlagsFromString('--expose-gc');
const collect = /** @type {() => void} */ (runInNewContext('gc'));

/** By name a function that takes one thing out of a session. The rest of the session is dropped. */
export const keepable = /** @type {Record<string, (session: any) => unknown>} */ ({
  'a string of 6 characters': ({ name }) => name,
  'a string of 30 characters': ({ email }) => email,
  'a string that is not ASCII': ({ title }) => title,
  'a string of bytes': ({ secret }) => secret,
  'a key of an array': ({ settings }) => Object.keys(settings)[0],
  'the name of a variable': (session) => Object.keys(session).at(-1),
});

/** @param {number} n @param {string} history the longest value */
function variables(n, history) {
  const id = String(n).padStart(5, '0');
  return {
    name: text(`u${id}`),
    email: text(`user.${id}@mail.example.net`.padStart(30, 'x')),
    title: text(`Größe von Bestellung ${id}`),
    secret: text(Buffer.concat([Buffer.alloc(24, 0xff), Buffer.from(id)])),
    settings: `a:1:{${text(`setting.of.user.${id}`)}b:1;}`,
    history,
    [`variable_of_user_${id}`]: 'N;',
  };
}

/** A PHP string, with a character for each byte. */
function text(/** @type {string | Buffer} */ value) {
  const bytes = Buffer.from(value);
  return `s:${bytes.length}:"${bytes.toString('latin1')}";`;
}

/** By name how such sessions are written and read. */
export const readers = {
  /** @param {Codec} codec @param {ReturnType<typeof variables>} all */
  decodeSession: (codec, all) => {
    const session = Object.entries(all).map(([key, value]) => `${key}|${value}`);
    return codec.decodeSession(Buffer.from(session.join(''), 'latin1'));
  },
  /** @param {Codec} codec @param {ReturnType<typeof variables>} all */
  unserialize: (codec, all) => {
    const elements = Object.entries(all).map(([key, value]) => text(key) + value);
    return codec.unserialize(Buffer.from(`a:${elements.length}:{${elements.join('')}}`, 'latin1'));
  },
};

/**
 * Decodes 10,000 sessions and keeps one thing of each.
 *
 * @param {Codec} codec
 * @param {keyof typeof readers} reader
 * @param {string} what a name in `keepable`
 * @param {number} size of the longest value, in bytes
 * @returns {number} bytes of memory for each that is kept
 */
export function memoryHeld(codec, reader, what, size) {
  const history = text('h'.repeat(size));
  const take = (/** @type {number} */ n) => keepable[what]?.(readers[reader](codec, variables(n, history)));
  // The code that V8 makes is not counted.
  for (let n = 0; n < 500; n++) take(n);
  const before = memory();
  const kept = Array.from({ length: sessions }, (_, n) => take(n));
  return (memory() - before) / kept.length;
}

/** What is in use, once what is not has been collected. One collection finds what the one before has set free. */
function memory() {
  let used = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    used = Math.min(used, heapUsed + arrayBuffers);
  }
  return used;
}
