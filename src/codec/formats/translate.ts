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

// A format that is no framing is translated to php_serialize and back, by the exact view. So all else knows framings alone. From bytes
// to bytes would be faster, but each format would have to number values as PHP does.

/** Bytes that are to be read, in any format. */
export function sourceOf(bytes: Uint8Array, format: SessionFormatName | SessionFormat, rules: ReadRules): Source {
  const input = inputBytes(bytes, rules);
  const framing = framingOf(format);
  if (typeof format === 'string') return new Source(input, framing, rules, parseValue);
  const source = new Source(toSerialized(input, format, rules), framing, rules, parseValue);
  source.original = { format, bytes: input };
  return source;
}

/** What is translated was read: it may be of any class. Nothing of it is instantiated. */
class AllClasses extends Classes {
  override has(): boolean {
    return true;
  }
}

const asItIs: Omit<WriteRules, keyof Limits> = { precision: -1, classes: new AllClasses([]), allowsEnums: true };

function toSerialized(bytes: Uint8Array, format: SessionFormat, limits: Limits): Uint8Array {
  if (bytes.length === 0) return bytes;
  const session: unknown = format.decode(bytes, limits);
  if (!isObject(session) || !isPhpArray(session))
    throw new TypeError(`${format.name}: decode() must return a PhpArray`);
  const framing = framingOf(format);
  try {
    return checkSession(writeSession(session, false, framing, { ...limits, ...asItIs }), framing, limits);
  } catch (error) {
    throw error instanceof PhpSessionError ? ofBytes(error, format) : error;
  }
}

/** What was said of values that are to be written, about the bytes that they were read from. */
function ofBytes({ code }: PhpSessionError, { name }: SessionFormat): PhpSessionError {
  return code === 'ERR_PHP_LIMIT'
    ? new PhpSessionError(
        code,
        `The data (${name}) go over maxBytes, maxDepth or maxElements; raise it if they are to be trusted`,
      )
    : new PhpSessionError('ERR_PHP_SYNTAX', `The data (${name}) are no session that PHP serializes`);
}

/** @param source what the session was read from: as long as it says the same, its own bytes are given */
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
