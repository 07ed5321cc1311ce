import type { Framing } from '../formats/framing.ts';
import { ByteWriter } from '../php/byte-writer.ts';
import { copyOf } from '../php/text.ts';
import { validate } from '../read/validate.ts';
import type { Limits, WriteRules } from '../rules.ts';
import { noToken, sessionToken } from '../source/origins.ts';
import { isUnread } from '../source/session-object.ts';
import { originOf, type Source } from '../source/source.ts';
import { isObject, isPhpArray, normalKey, type PhpArray, type PhpKey } from '../values.ts';
import { type Entries, entriesOf, ofMap } from './entries.ts';
import { writeJsonLike } from './json-like.ts';
import { checkWritten } from './limits.ts';
import { matchSource } from './match-source.ts';
import { type WriteStrategy, writeByStrategies } from './strategy.ts';
import { Writer } from './writer.ts';

/**
 * Writes a session that did not come from `decodeSession`.
 *
 * @param isNew whether it has no origin at all: it is not a part of a session either
 */
export function writeSession(
  session: PhpArray | Record<string, unknown>,
  isNew: boolean,
  framing: Framing,
  rules: WriteRules,
): Uint8Array {
  const plain = isNew ? writeJsonLikeSession(session as Record<string, unknown>, framing, rules) : undefined;
  return plain ?? writeAny(session, framing, rules);
}

/** Writes a session of new values that are like JSON. `undefined` for any other session. */
function writeJsonLikeSession(
  session: Record<string, unknown>,
  framing: Framing,
  rules: WriteRules,
): Uint8Array | undefined {
  const out = new ByteWriter(0);
  const keys = Object.keys(session);
  framing.writeStart(out, keys.length);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    framing.writeKey(out, normalKey(key), index);
    if (writeJsonLike(out, session[key], rules, framing.isArray ? 1 : 0) < 0) {
      out.discard();
      return undefined;
    }
  }
  framing.writeEnd(out);
  return out.finish();
}

function writeAny(session: PhpArray | Record<string, unknown>, framing: Framing, rules: WriteRules): Uint8Array {
  const { keys, values, tokens, places } = entriesOf(session, undefined, noToken)!;
  const names = isPhpArray(session) ? (keys as readonly PhpKey[]) : (keys as readonly string[]).map(normalKey);
  const top: Entries = { keys: names, values, source: originOf(session)?.source, tokens, places, kind: 'session' };
  const write = (out: ByteWriter, strategy: WriteStrategy) => {
    const writer = new Writer(out, rules, top, strategy, framing.isArray);
    framing.writeStart(out, names.length);
    for (let index = 0; index < names.length; index++) {
      framing.writeKey(out, names[index]!, index);
      writer.write(index);
    }
    framing.writeEnd(out);
  };
  return writeByStrategies(
    0,
    top.source?.hasReferences ? ['references'] : ['number', 'references'],
    write,
    rules.maxBytes,
  );
}

/** Stands for the value of a variable that the application did not read. */
const unread: unique symbol = Symbol('unread');

/**
 * Writes a session from `decodeSession`. Without references no value depends on another, so unchanged values are copied. References are
 * numbers, and each number depends on all values before it. So with references all values are written, unless no number can change.
 */
export function patchSession(
  session: Record<string, unknown>,
  source: Source,
  framing: Framing,
  rules: WriteRules,
): Uint8Array {
  const isSameFraming = framing.name === source.framing!.name;
  const isWhole = framing.isArray || source.bytes.length === (source.variables.at(-1)?.end ?? 0);
  const { hasReferences } = source;
  if (hasReferences && isSameFraming && isWhole && !source.wasAccessed && isUnchanged(session, source)) {
    return copyOf(source.bytes);
  }
  const isPatched = !hasReferences || (isSameFraming && keepsNumbers(session, source));

  // In an array each value is one level deeper. That may be too deep for PHP, so nothing is copied unchecked.
  const mayCopy = !framing.isArray || source.framing!.isArray;
  const strategies: WriteStrategy[] = hasReferences ? ['references'] : ['number', 'references'];
  if (isPatched) strategies.unshift('patch');
  const bytes = writeByStrategies(source.bytes.length + 1024, strategies, (out, strategy) => {
    const top = variablesOf(session, source, mayCopy && strategy === 'patch');
    const writer = new Writer(out, rules, top, strategy, framing.isArray);
    framing.writeStart(out, top.keys.length);
    for (let index = 0; index < top.keys.length; index++) {
      const variable = source.variableAt(top.tokens[index] ?? noToken);
      if (variable === undefined) framing.writeKey(out, normalKey(top.keys[index]!), index);
      else if (isSameFraming) out.copy(source.bytes, variable.from, variable.start);
      else framing.writeKey(out, variable.key, index);
      if (top.values[index] === unread) out.copy(source.bytes, variable!.start, variable!.end);
      else writer.write(index);
    }
    framing.writeEnd(out);
  });
  // Bytes that PHP would not write, such as a name that comes twice, stay as long as no value changes. Bytes that PHP 8 could not
  // read do not stay.
  const isOther = bytes.length !== source.bytes.length && isSameFraming && isWhole && !hasReferences;
  return isOther && isUnchanged(session, source) ? copyOf(source.bytes) : bytes;
}

interface Top extends Entries {
  readonly keys: readonly string[];
}

/** @param mayCopy whether variables that the application did not read are `unread` here */
function variablesOf(session: Record<string, unknown>, source: Source, mayCopy: boolean): Top {
  const read = (key: string) => (mayCopy && isUnread(session, key, source) ? unread : session[key]);
  return { ...ofMap(session, { source, at: sessionToken }, read), kind: 'session' };
}

/**
 * Whether the values of a session with references have kept their numbers, and no value is in two variables. That is so if the
 * application read no variable, and only replaced scalars by scalars, or added variables after all others.
 */
function keepsNumbers(session: Record<string, unknown>, source: Source): boolean {
  if (source.wasAccessed) return false;
  const { keys, tokens } = source.nodeAt(sessionToken);
  const now = variablesOf(session, source, true);
  return keys.every((key, index) => {
    if (now.keys[index] !== key) return false;
    const value = now.values[index];
    return value === unread || (source.isStandaloneScalar(tokens[index]!) && !isObject(value));
  });
}

/** Whether all variables are still there, with their old values. */
function isUnchanged(session: Record<string, unknown>, source: Source): boolean {
  const { index } = source.nodeAt(sessionToken);
  const keys = Object.keys(session);
  return (
    keys.length === index.size &&
    keys.every((key) => {
      const start = index.get(key);
      if (start === undefined) return false;
      return isUnread(session, key, source) || matchSource(source, start, session[key], Infinity) >= 0;
    })
  );
}

/**
 * @param source from which parts of the bytes may have been copied
 * @throws PhpSessionError `ERR_PHP_LIMIT` for bytes that could not be read again
 */
export function checkSession(bytes: Uint8Array, framing: Framing, limits: Limits, source?: Source): Uint8Array {
  return checkWritten(bytes, limits, source, (tokens) => {
    framing.read(tokens, () => validate(tokens, framing.isArray ? 1 : 0));
  });
}
