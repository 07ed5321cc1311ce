import { PhpSessionError } from '../../errors.ts';
import { floatText } from '../php/float-text.ts';
import { isList, isPhpArray, isPhpFloat, type PhpArray } from '../values.ts';
import type { EncodeRules, SessionFormat } from './format.ts';
import { JSON_DEPTH, JsonReader } from './json-reader.ts';
import { sessionFormat } from './translate.ts';

/**
 * Sessions as `json_encode($_SESSION, JSON_PRESERVE_ZERO_FRACTION)` writes them: OpenCart, and Laravel with `serialization` `json`. Without
 * that flag PHP writes the float 1.0 as the int 1; both are read.
 *
 * What `json_decode($text, true)` would not give back is `ERR_PHP_UNREPRESENTABLE`: objects, references, text that is no UTF-8, infinite
 * floats, more than 511 levels. (With one such byte anywhere, Laravel stores an empty session.)
 */
export const json: SessionFormat = /* @__PURE__ */ sessionFormat({
  name: 'json',
  recognize: ([first]) => first === 0x7b || first === 0x5b,
  decode: (bytes, limits) => new JsonReader(bytes, limits).session(),
  encode: (session, rules) => new TextEncoder().encode(writeJson(session, rules)),
});

type JsonRules = Pick<EncodeRules, 'serializePrecision'>;

/**
 * Writes a value of the exact view.
 *
 * @param path of the value, for errors
 * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE` with a `path`
 */
export function writeJson(value: unknown, rules: JsonRules, path: string[] = []): string {
  if (isPhpArray(value)) return writeArray(value, rules, path);
  if (typeof value === 'string') return writeText(value, path);
  if (isPhpFloat(value)) return writeFloat(value.value, rules, path);
  if (value === null || ['boolean', 'number', 'bigint'].includes(typeof value)) return String(value);
  throw lost(value instanceof Uint8Array ? 'Text that is no UTF-8' : 'What is no array, text, number or boolean', path);
}

function writeArray(array: PhpArray, rules: JsonRules, path: string[]): string {
  if (path.length >= JSON_DEPTH) throw lost(`An array in ${JSON_DEPTH} others`, path);
  const asList = isList([...array.keys()]);
  const parts: string[] = [];
  for (const [key, value] of array) {
    path.push(String(key));
    parts.push(
      asList ? writeJson(value, rules, path) : `${writeText(String(key), path)}:${writeJson(value, rules, path)}`,
    );
    path.pop();
  }
  return asList ? `[${parts.join()}]` : `{${parts.join()}}`;
}

function writeText(text: string, path: readonly string[]): string {
  // A byte that is no UTF-8 is half of a surrogate pair in a key.
  if (/\p{Surrogate}/u.test(text)) throw lost('Text that is no UTF-8', path);
  return JSON.stringify(text).replace(/[/\x80-\uffff]/g, (unit) =>
    unit === '/' ? '\\/' : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function writeFloat(value: number, { serializePrecision }: JsonRules, path: readonly string[]): string {
  if (!Number.isFinite(value)) throw lost('A float that is no finite number', path);
  const text = floatText(value, serializePrecision).replace('E', 'e');
  return text.includes('.') ? text : `${text}.0`;
}

function lost(what: string, path: readonly string[]): PhpSessionError {
  return new PhpSessionError('ERR_PHP_UNREPRESENTABLE', `${what} would be lost in JSON; nothing was written`, {
    path: [...path],
  });
}
