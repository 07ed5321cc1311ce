// The formats of PHP's extensions, which are measured beside the extensions themselves.
import { isDeepStrictEqual } from 'node:util';
import { importEntry, ownBuild } from './builds.mjs';

/** @typedef {import('../dist/formats.js').SessionFormat} SessionFormat */

/** @returns {Promise<Record<string, SessionFormat>>} by name. PHP's functions are `NAME_serialize` and `NAME_unserialize` */
export async function loadFormats() {
  const { igbinary } = await importEntry(ownBuild, 'igbinary');
  const { msgpack } = await importEntry(ownBuild, 'msgpack');
  return { igbinary, msgpack: msgpack() };
}

/**
 * Puts a corpus into these formats, and gives the bytes to PHP. A format that cannot hold its references is left out.
 *
 * @param {any} codec
 * @param {Record<string, SessionFormat>} formats
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {import('./php.mjs').Php} php
 */
export async function pack({ decodeSession, encodeSession }, formats, corpus, php) {
  for (const [name, format] of Object.entries(formats)) {
    let bytes;
    try {
      bytes = encodeSession(decodeSession(corpus.session), { format });
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code !== 'ERR_PHP_REFERENCE') throw error;
      continue;
    }
    const base64 = bytes.toString('base64');
    const seen = await php.ask('describe', base64, `${name}_unserialize`);
    if (!isDeepStrictEqual(seen, corpus.description)) throw new Error(`${name} is wrong about ${corpus.name}`);
    await php.ask('load', `${corpus.name} ${name}`, base64);
    corpus.packed[name] = bytes;
  }
}
