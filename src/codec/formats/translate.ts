import { PhpSessionError } from '../../errors.ts';
import { Classes } from '../classes.ts';
import { writeLimitError } from '../php/errors.ts';
import { asBytes, copyOf, isSameBytes } from '../php/text.ts';
import type { Limits } from '../rules.ts';
import { serialize, unserialize } from '../serialize.ts';
import { decodeSession, encodeSession } from '../session.ts';
import { isBytes, isObject, isPhpArray } from '../values.ts';
import type { FormatRules, SessionFormat } from './format.ts';

// The exact view translates other formats to php_serialize and back, so the rest of the codec knows only framings. A translation from
// bytes to bytes would be faster, but each format would have to number values as PHP does.

const format = 'php_serialize';

/** The values of a translation were read, so any class is allowed. Nothing is instantiated. */
class AllClasses extends Classes {
  override has(): boolean {
    return true;
  }
}

/**
 * Makes a format that is not one of PHP's own three.
 *
 * @throws TypeError if one of `name`, `decode` and `encode` is missing
 */
export function sessionFormat(rules: FormatRules): SessionFormat {
  const { name, decode, encode } = rules;
  if (typeof name !== 'string' || typeof decode !== 'function' || typeof encode !== 'function') {
    throw new TypeError('sessionFormat() needs a name, and the functions decode and encode');
  }
  /** The bytes of the format, by their translation. */
  const originals = new WeakMap<Uint8Array, Uint8Array>();
  return {
    name,
    recognize: rules.recognize?.bind(rules),

    toSerialized(bytes, limits) {
      const serialized = bytes.length === 0 ? bytes : translate(rules, bytes, limitsOf(limits));
      originals.set(serialized, bytes);
      return serialized;
    },

    fromSerialized(bytes, { precision, ...limits }, before) {
      const original = before && originals.get(before);
      if (original !== undefined && isSameBytes(bytes, before!)) return copyOf(original);
      const session = decodeSession(bytes, { ...limitsOf(limits), format, view: 'exact' });
      const encoded: unknown = rules.encode(session, { serializePrecision: precision, read: original });
      if (!isObject(encoded) || !isBytes(encoded)) throw new TypeError(`${name}: encode() must return bytes`);
      if (encoded.length > limits.maxBytes) throw writeLimitError('maxBytes', limits.maxBytes);
      return copyOf(asBytes(encoded));
    },
  };
}

function translate(rules: FormatRules, bytes: Uint8Array, limits: Limits): Uint8Array {
  const session: unknown = rules.decode(bytes, limits);
  if (!isObject(session) || !isPhpArray(session)) throw new TypeError(`${rules.name}: decode() must return a PhpArray`);
  try {
    return encodeSession(session, { ...limits, format, classes: new AllClasses([]) });
  } catch (error) {
    throw error instanceof PhpSessionError ? ofBytes(error, rules.name) : error;
  }
}

/**
 * Turns one value of the exact view, which a format has read, into one of the plain view.
 *
 * @throws PhpSessionError `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`, `ERR_PHP_SYNTAX`
 */
export function plainValue(value: unknown, name: string, limits: Limits): unknown {
  const options = limitsOf(limits);
  try {
    return unserialize(serialize(value, { ...options, classes: new AllClasses([]) }), options);
  } catch (error) {
    throw error instanceof PhpSessionError ? ofBytes(error, name) : error;
  }
}

/** The limits alone: what has them may have more, which are options of other names. */
export function limitsOf({ maxBytes, maxDepth, maxElements }: Limits): Limits {
  return { maxBytes, maxDepth, maxElements };
}

/** Turns an error about values to write into an error about the bytes that they came from. */
function ofBytes({ code }: PhpSessionError, name: string): PhpSessionError {
  const what = {
    ERR_PHP_LIMIT: 'go over maxBytes, maxDepth or maxElements; raise it if you trust the data',
    ERR_PHP_REFERENCE: 'have references beside an object that serialized itself (C:), which cannot be followed',
    ERR_PHP_SYNTAX: 'are no session that PHP serializes',
  };
  const known = code in what ? (code as keyof typeof what) : 'ERR_PHP_SYNTAX';
  return new PhpSessionError(known, `The data (${name}) ${what[known]}`);
}
