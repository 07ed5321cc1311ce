import { PhpSessionError } from '../../errors.ts';
import { Classes } from '../classes.ts';
import { writeLimitError } from '../php/errors.ts';
import { asBytes, copyOf, isSameBytes } from '../php/text.ts';
import { parseValue } from '../read/parse.ts';
import { readExact } from '../read/session.ts';
import type { Limits, ReadRules, WriteRules } from '../rules.ts';
import { inputBytes } from '../serialize.ts';
import { Source } from '../source/source.ts';
import { isBytes, isObject, isPhpArray } from '../values.ts';
import { checkSession, writeSession } from '../write/session.ts';
import type { SessionFormat } from './format.ts';
import type { SessionFormatName } from './framing.ts';
import { framingOf } from './index.ts';

// The exact view translates other formats to php_serialize and back, so the rest of the codec knows only framings. A translation from
// bytes to bytes would be faster, but each format would have to number values as PHP does.

/** The source for bytes in any format. */
export function sourceOf(bytes: Uint8Array, format: SessionFormatName | SessionFormat, rules: ReadRules): Source {
  const input = inputBytes(bytes, rules);
  const framing = framingOf(format);
  if (typeof format === 'string') return new Source(input, framing, rules, parseValue);
  const source = new Source(toSerialized(input, format, rules), framing, rules, parseValue);
  source.original = { format, bytes: input };
  return source;
}

/** The values of a translation were read, so any class is allowed. Nothing is instantiated. */
class AllClasses extends Classes {
  override has(): boolean {
    return true;
  }
}

const translated: Omit<WriteRules, keyof Limits> = { precision: -1, classes: new AllClasses([]), allowsEnums: true };

function toSerialized(bytes: Uint8Array, format: SessionFormat, limits: Limits): Uint8Array {
  if (bytes.length === 0) return bytes;
  const session: unknown = format.decode(bytes, limits);
  if (!isObject(session) || !isPhpArray(session))
    throw new TypeError(`${format.name}: decode() must return a PhpArray`);
  const framing = framingOf(format);
  try {
    return checkSession(writeSession(session, false, framing, { ...limits, ...translated }), framing, limits);
  } catch (error) {
    throw error instanceof PhpSessionError ? ofBytes(error, format) : error;
  }
}

/** Turns an error about values to write into an error about the bytes that they came from. */
function ofBytes({ code }: PhpSessionError, { name }: SessionFormat): PhpSessionError {
  return code === 'ERR_PHP_LIMIT'
    ? new PhpSessionError(
        code,
        `The data (${name}) go over maxBytes, maxDepth or maxElements; raise it if you trust the data`,
      )
    : new PhpSessionError('ERR_PHP_SYNTAX', `The data (${name}) are no session that PHP serializes`);
}

/** @param source what the session was read from. If the session did not change, its original bytes are the result */
export function fromSerialized(
  bytes: Uint8Array,
  format: SessionFormat,
  limits: Limits,
  source: Source | undefined,
): Uint8Array {
  const { original } = source ?? {};
  if (original?.format === format && isSameBytes(bytes, source!.bytes)) return copyOf(original.bytes);
  const rules = { ...limits, ignoresRest: false };
  const encoded: unknown = format.encode(readExact(new Source(bytes, framingOf(format), rules, parseValue), rules));
  if (!isObject(encoded) || !isBytes(encoded)) throw new TypeError(`${format.name}: encode() must return bytes`);
  if (encoded.length > limits.maxBytes) throw writeLimitError('maxBytes', limits.maxBytes);
  return copyOf(asBytes(encoded));
}
