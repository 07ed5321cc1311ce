import { readFileSync } from 'node:fs';
import { plainData } from './same.mjs';

/**
 * @typedef {object} Corpus
 * @property {string} name
 * @property {Buffer} session what `session_encode()` wrote
 * @property {Buffer} serialized the same as one array, as `serialize()` wrote it
 * @property {import('./same.mjs').Description} description what PHP sees
 * @property {Record<string, unknown>} data the same as plain data
 * @property {Buffer} json of these
 * @property {string} key a variable of the session
 * @property {Record<string, Buffer>} packed the session in the formats of PHP's extensions, see packed.mjs
 */

/** Which variable is read where only one is. */
const keys = { login: 'name', application: '_sf2_meta', big: 'user', references: 'user_id' };

/**
 * @param {import('./php.mjs').Php} php
 * @param {string | undefined} row a file: a session that an application left in its table
 * @returns {Promise<Corpus[]>}
 */
export async function loadCorpora(php, row) {
  const corpora = [];
  for (const name of await php.ask('names')) corpora.push(fromPhp(await php.ask('corpus', name)));
  if (row !== undefined) corpora.push(fromPhp(await php.ask('row', readFileSync(row).toString('base64'))));
  for (const { name, session, serialized } of corpora) {
    await php.ask('load', `${name} session`, session.toString('base64'));
    await php.ask('load', `${name} serialized`, serialized.toString('base64'));
  }
  return corpora;
}

/** @param {any} answer @returns {Corpus} */
function fromPhp({ name, session, serialized, value }) {
  const json = Buffer.from(JSON.stringify(plainData(value)));
  // As JSON.parse() makes them, objects are as V8 likes them best.
  const data = JSON.parse(json.toString());
  return {
    name,
    session: Buffer.from(session, 'base64'),
    serialized: Buffer.from(serialized, 'base64'),
    description: value,
    data,
    json,
    packed: {},
    key: keys[/** @type {keyof typeof keys} */ (name)] ?? Object.keys(data)[0],
  };
}
