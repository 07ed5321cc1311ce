import { Classes } from './classes.ts';
import { withExcerpts } from './excerpt.ts';
import { type DecodeOptions, type EncodeOptions, readRules, viewOption, writeRules } from './options.ts';
import { ByteWriter } from './php/byte-writer.ts';
import { limitError, syntaxError } from './php/errors.ts';
import { asBytes } from './php/text.ts';
import { Tokenizer } from './php/tokenizer.ts';
import { BackReferences, needsReferences } from './read/back-references.ts';
import { parseValue } from './read/parse.ts';
import { validate } from './read/validate.ts';
import type { ReadRules } from './rules.ts';
import { originalObject } from './source/instances.ts';
import { noToken } from './source/origins.ts';
import { originOf, Source } from './source/source.ts';
import { isBytes, isObject, isPhpObject } from './values.ts';
import { writeJsonLike } from './write/json-like.ts';
import { checkWritten } from './write/limits.ts';
import { dereference } from './write/reference-sets.ts';
import { writeByStrategies } from './write/strategy.ts';
import { Writer } from './write/writer.ts';

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
  const source = new Source(inputBytes(bytes, rules), undefined, rules, parseValue);
  source.variables.push({ key: '', from: 0, start: 0, end: bytes.length });
  source.classes = Classes.of(options.classes);
  if (view === 'plain' && !source.classes.hasMappings) {
    for (const followsReferences of [false, true]) {
      const backReferences = followsReferences ? new BackReferences() : undefined;
      try {
        const value = read(source, rules, (tokens) => parseValue(source, tokens, view, 0, backReferences));
        if (backReferences !== undefined) source.setParsed(new Map(), backReferences.shared);
        return value;
      } catch (error) {
        if (error !== needsReferences) throw error;
      }
    }
  }
  read(source, rules, (tokens) => {
    validate(tokens);
    if (tokens.hasReferences) source.findReferences();
  });
  const value = source.parse(0, view);
  // As in PHP: the object, and no reference to it. An array stays a reference, which alone shows that the array contains itself.
  const target = dereference(value);
  return isObject(target) && isPhpObject(target) ? target : value;
}

/** Reads the one value of a source. Nothing may follow it. */
function read<T>(source: Source, rules: ReadRules, value: (tokens: Tokenizer) => T): T {
  const tokens = new Tokenizer(source.bytes, 0, rules);
  const result = value(tokens);
  if (tokens.at !== source.bytes.length) throw syntaxError(tokens.at);
  return result;
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
  const top = { keys: [''], values: [value], source, tokens: [token], places: [0], kind: 'map' as const };
  const out = new ByteWriter(0);
  let bytes: Uint8Array;
  if (writeJsonLike(out, value, rules, 0) >= 0) {
    bytes = out.finish();
  } else {
    out.discard();
    bytes = writeByStrategies(0, source?.hasReferences ? ['references'] : ['number', 'references'], (out, strategy) => {
      new Writer(out, rules, top, strategy, false).write(0);
    });
  }
  return checkWritten(bytes, rules, undefined, validate);
}

/** @throws TypeError for anything but bytes: a string has already lost some. `ERR_PHP_LIMIT` for too many */
export function inputBytes(bytes: Uint8Array, rules: ReadRules): Uint8Array {
  if (typeof bytes !== 'object' || bytes === null || !isBytes(bytes)) {
    throw new TypeError('PHP data are bytes: a Uint8Array (a Buffer is one), not a string');
  }
  if (bytes.length > rules.maxBytes) throw limitError('maxBytes', rules, rules.maxBytes);
  return asBytes(bytes);
}
