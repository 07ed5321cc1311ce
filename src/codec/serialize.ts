import { Classes } from './classes.ts';
import { withExcerpts } from './excerpt.ts';
import { singleValue } from './formats/single.ts';
import { type DecodeOptions, type EncodeOptions, readRules, viewOption, writeRules } from './options.ts';
import { ByteWriter } from './php/byte-writer.ts';
import { limitError } from './php/errors.ts';
import { asBytes } from './php/text.ts';
import { parseValue } from './read/parse.ts';
import { readSingle } from './read/session.ts';
import type { ReadRules } from './rules.ts';
import { originalObject } from './source/instances.ts';
import { noToken } from './source/origins.ts';
import { originOf, Source } from './source/source.ts';
import { isBytes, isObject, isPhpObject } from './values.ts';
import { writeJsonLike } from './write/json-like.ts';
import { checkWritten } from './write/limits.ts';
import { dereference } from './write/reference-sets.ts';
import { writeVariables } from './write/session.ts';

/**
 * Reads one value as PHP's `unserialize()` does. It knows no class and instantiates nothing.
 *
 * @param bytes the output of `serialize()`, and nothing after it. They are kept, not copied: do not change them while the value is
 *   in use
 * @throws PhpSessionError `ERR_PHP_SYNTAX` (with `offset`), `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function unserialize<T = unknown>(bytes: Uint8Array, options: DecodeOptions = {}): T {
  return withExcerpts(options, bytes, unserializeBytes) as T;
}

function unserializeBytes(bytes: Uint8Array, options: DecodeOptions): unknown {
  const view = viewOption(options);
  const rules = readRules(options);
  const source = new Source(inputBytes(bytes, rules), singleValue, rules, parseValue);
  source.classes = Classes.of(options.classes);
  const value = readSingle(source, rules, view);
  if (view === 'plain') return value;
  // As in PHP: the object, and no reference to it. An array stays a reference, which alone shows that the array contains itself.
  const target = dereference(value);
  return isObject(target) && isPhpObject(target) ? target : value;
}

/**
 * Writes one value as PHP's `serialize()` does. It may be of the plain view, of the exact view, or both mixed. A value from
 * `unserialize` keeps what plain JavaScript cannot express: floats, the order of keys, references.
 *
 * @returns in Node a Buffer in memory of its own, as `encodeSession()` gives
 * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_KEY`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
 *   `ERR_PHP_REFERENCE`, `ERR_PHP_LIMIT` for too many levels; each with a `path`. `ERR_PHP_LIMIT` for too many bytes or elements
 */
export function serialize(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const target = dereference(value);
  const read = isObject(target) ? originalObject(target) : undefined;
  const from = read && originOf(read);
  const source = from?.source;
  const rules = writeRules(options, source);
  // An `R:` inside an object cannot mean the place of that object here, because it has none. It means the object, as in PHP.
  const token = from === undefined || isPhpObject(read!) ? noToken : from.at;
  const top = { keys: [''], values: [value], source, tokens: [token], kind: 'map' as const };
  const out = new ByteWriter(0);
  const isJsonLike = writeJsonLike(out, value, rules, 0) >= 0;
  if (!isJsonLike) out.discard();
  return checkWritten(isJsonLike ? out.finish() : writeVariables(top, singleValue, rules), singleValue, rules);
}

/** @throws TypeError for anything but bytes: a string has already lost some. `ERR_PHP_LIMIT` for too many */
export function inputBytes(bytes: Uint8Array, rules: ReadRules): Uint8Array {
  if (typeof bytes !== 'object' || bytes === null || !isBytes(bytes)) {
    throw new TypeError('PHP data are bytes: a Uint8Array (a Buffer is one), not a string');
  }
  if (bytes.length > rules.maxBytes) throw limitError('maxBytes', rules, rules.maxBytes);
  return asBytes(bytes);
}
