// Whether a peer is right about a corpus, found out in a process of its own: some never come back, and some end the process.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { unwatch, watch } from '../tools/services/lifeline.mjs';
import { countInSession } from './contestants.mjs';
import { loadPeer } from './peers.mjs';
import { difference } from './same.mjs';

/**
 * @typedef {import('./corpora.mjs').Corpus} Corpus
 * @typedef {import('./peers.mjs').Peer} Peer
 * @typedef {'decode' | 'decodeSession' | 'encode'} Ability
 */

/** The longest that a peer may think about a megabyte; PHP needs milliseconds. */
const patience = 15_000;
const self = fileURLToPath(import.meta.url);

/**
 * A peer's mistakes with a corpus, for each kind of work that it supports; empty if there are none.
 *
 * @param {Peer} peer
 * @param {Corpus} corpus
 * @param {import('./php.mjs').Php} php
 * @returns {Promise<Partial<Record<Ability, string>>>}
 */
export async function findWrong(peer, corpus, php) {
  /** @type {Partial<Record<Ability, string>>} */
  const wrong = {};
  for (const ability of /** @type {const} */ (['decode', 'decodeSession', 'encode'])) {
    if (peer[ability] === undefined) continue;
    let { fault, written } = await tryElsewhere(peer.name, ability, corpus);
    if (written !== undefined) {
      fault = difference(await php.ask('describe', written.toString('base64')), corpus.data);
    }
    if (fault !== undefined) wrong[ability] = fault;
  }
  return wrong;
}

/**
 * The same for the codec itself. What it may not be is wrong.
 *
 * @param {any} codec
 * @param {Corpus} corpus
 * @param {import('./php.mjs').Php} php
 */
export async function checkOurs({ decodeSession, encodeSession, isPhpObject, serialize, unserialize }, corpus, php) {
  const { name, description, session, serialized, data, key } = corpus;
  const simplify = (/** @type {any} */ value) =>
    typeof value === 'object' && value !== null && isPhpObject(value) ? value.properties : value;
  const check = (/** @type {string} */ what, /** @type {string | undefined} */ fault) => {
    if (fault !== undefined) throw new Error(`${what} is wrong about ${name}: ${fault}`);
  };
  const base64 = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString('base64');
  check('decodeSession()', difference(description, decodeSession(session), simplify));
  check('unserialize()', difference(description, unserialize(serialized), simplify));
  check('serialize()', difference(await php.ask('describe', base64(serialize(data))), data));
  check('encodeSession()', difference((await php.ask('row', base64(encodeSession(data)))).value, data));
  const counted = countInSession({ decodeSession, encodeSession }, session, key);
  check('a counter', base64(counted) === (await php.ask('counted', base64(session))) ? undefined : 'other bytes');
}

/**
 * @param {string} name
 * @param {Ability} ability
 * @param {Corpus} corpus
 * @returns {Promise<{ fault?: string, written?: Buffer }>}
 */
function tryElsewhere(name, ability, corpus) {
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 'ignore', 'ignore', 'ipc']);
  const child = fork(self, ['check'], { stdio, serialization: 'advanced', timeout: patience, detached: true });
  const { pid = 0 } = child;
  watch('group', pid);
  child.send({ name, ability, corpus });
  return new Promise((resolve) => {
    child.once('exit', () => unwatch('group', pid));
    child.once('message', (answer) => {
      child.kill();
      resolve(/** @type {any} */ (answer));
    });
    child.once('exit', (_code, signal) =>
      resolve({ fault: signal === 'SIGTERM' ? `no answer in ${patience / 1000} s` : `the process ended (${signal})` }),
    );
  });
}

/** @param {{ name: string, ability: Ability, corpus: Corpus }} question */
function answer({ name, ability, corpus }) {
  const peer = loadPeer(name);
  try {
    if (ability === 'encode') return { written: peer.encode?.(peer.prepare?.(corpus.data) ?? corpus.data) };
    const value = peer[ability]?.(ability === 'decode' ? corpus.serialized : corpus.session);
    return { fault: difference(corpus.description, value, peer.simplify) };
  } catch (error) {
    return { fault: `throws ${String(error instanceof Error ? error.message : error).slice(0, 50)}` };
  }
}

if (process.argv[2] === 'check' && process.send !== undefined) {
  process.once('message', (question) => process.send?.(answer(/** @type {any} */ (question))));
}
