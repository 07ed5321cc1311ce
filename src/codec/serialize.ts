import { build } from './build.ts';
import { fromByteString, toByteString } from './bytes.ts';
import { Classes, readObject } from './classes.ts';
import { Grammar, syntax } from './grammar.ts';
import { type DecodeOptions, decodeLimits, type EncodeOptions, viewOption, writeRules } from './options.ts';
import { References } from './references.ts';
import { origin, Source } from './source.ts';
import { isBytes, isObject } from './values.ts';
import { Writer } from './write.ts';

/**
 * Reads one value, as PHP's `unserialize()` with every class unknown: nothing is instantiated.
 *
 * @param bytes what `serialize()` wrote, and nothing behind it
 * @throws PhpSessionError `ERR_PHP_SYNTAX` (with `offset`), `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function unserialize<T = unknown>(bytes: Uint8Array, options: DecodeOptions = {}): T {
  const view = viewOption(options);
  const text = inputText(bytes);
  const grammar = new Grammar(text, decodeLimits(options));
  const end = grammar.value(0);
  if (end !== text.length) throw syntax(end);
  const references = grammar.hasReferences ? new References(text, [{ key: '', start: 0 }], false) : undefined;
  const source = new Source(text, [0], references);
  source.classes = Classes.of(options.classes);
  return build(source, 0, view) as T;
}

/**
 * Writes one value, as PHP's `serialize()`: of the plain view, of the exact one, or both mixed.
 *
 * What `unserialize` read keeps what plain JavaScript cannot say: floats, order of keys, references.
 *
 * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_KEY`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
 *   `ERR_PHP_REFERENCE`; each with a `path`
 */
export function serialize(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const from = isObject(value) ? origin(readObject(value)) : undefined;
  const rules = writeRules(options, from?.source.classes);
  const top = { keys: [''], values: [value], source: from?.source, tokens: [from?.at ?? -1], kind: 'map' as const };
  return fromByteString(new Writer(rules, top, { counts: true }).write(0));
}

/** @throws TypeError for anything but bytes: a string has lost them already */
export function inputText(bytes: Uint8Array): string {
  if (typeof bytes !== 'object' || bytes === null || !isBytes(bytes)) {
    throw new TypeError('PHP data are bytes: a Uint8Array (a Buffer is one), not a string');
  }
  return toByteString(bytes);
}
