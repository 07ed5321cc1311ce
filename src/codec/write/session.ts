import type { Framing } from '../formats/framing.ts';
import { ByteWriter } from '../php/byte-writer.ts';
import { copyOf } from '../php/text.ts';
import type { WriteRules } from '../rules.ts';
import { noToken, sessionToken } from '../source/origins.ts';
import { isUnread } from '../source/session-object.ts';
import type { Source } from '../source/source.ts';
import { isObject, isPhpArray, normalKey, type PhpArray, type PhpKey } from '../values.ts';
import { type Entries, entriesOf, keyAt, ofMap, tokenAt } from './entries.ts';
import { keyError } from './errors.ts';
import { writeJsonLike } from './json-like.ts';
import { matchSource } from './match-source.ts';
import { escalate, type WriteStrategy } from './strategy.ts';
import { Writer } from './writer.ts';

/**
 * Writes a session that did not come from `decodeSession`.
 *
 * @param source what it is a part of
 */
export function writeSession(
  session: PhpArray | Record<string, unknown>,
  source: Source | undefined,
  framing: Framing,
  rules: WriteRules,
): Uint8Array {
  const isExact = isPhpArray(session);
  const plain = isExact || source !== undefined ? undefined : writeJsonLikes(session, framing, rules);
  if (plain !== undefined) return plain;
  const { keys, values, tokens } = entriesOf(session, undefined, noToken)!;
  const names = isExact ? keys : (keys as readonly string[]).map(normalKey);
  return writeVariables({ keys: names, values, source, tokens, kind: 'session' }, framing, rules);
}

/** Writes new variables that are like JSON. `undefined` for any others. */
function writeJsonLikes(
  variables: Record<string, unknown>,
  framing: Framing,
  rules: WriteRules,
): Uint8Array | undefined {
  const out = new ByteWriter(0);
  const keys = Object.keys(variables);
  if (framing.isArray) out.openArray(keys.length);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    writeKey(out, framing, normalKey(key), index);
    if (writeJsonLike(out, variables[key], rules, framing.isArray ? 1 : 0) < 0) {
      out.discard();
      return undefined;
    }
  }
  if (framing.isArray) out.byte(0x7d);
  return out.finish();
}

/** Writes variables. Nothing is copied from their source, because they are no variables of it. */
export function writeVariables(top: Entries, framing: Framing, rules: WriteRules): Uint8Array {
  return writeByStrategies(0, rules, strategiesFor(top.source), (out, strategy) => {
    writeFramed(out, top, framing, rules, strategy, (writer, index) => {
      writeKey(out, framing, keyAt(top, index), index);
      writer.write(index);
    });
  });
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
  const { bytes, hasReferences } = source;
  const isSameFraming = framing === source.framing;
  const isWhole = framing.isArray || bytes.length === (source.variables.at(-1)?.end ?? 0);
  if (hasReferences && isSameFraming && isWhole && !source.wasAccessed && isUnchanged(session, source)) {
    return copyOf(bytes);
  }
  const isPatched = !hasReferences || (isSameFraming && keepsNumbers(session, source));

  // In an array each value is one level deeper. That may be too deep for PHP, so nothing is copied unchecked.
  const mayCopy = !framing.isArray || source.framing.isArray;
  const strategies = [...(isPatched ? ['patch' as const] : []), ...strategiesFor(source)];
  const written = writeByStrategies(bytes.length + 1024, rules, strategies, (out, strategy) => {
    const top = variablesOf(session, source, mayCopy && strategy === 'patch');
    writeFramed(out, top, framing, rules, strategy, (writer, index) => {
      const variable = source.variableAt(tokenAt(top, index));
      if (variable !== undefined && isSameFraming) out.copy(bytes, variable.from, variable.start);
      else writeKey(out, framing, variable?.key ?? normalKey(top.keys[index]!), index);
      if (top.values[index] === unread) out.copy(bytes, variable!.start, variable!.end);
      else writer.write(index);
    });
  });
  // Bytes that PHP would not write, such as a name that comes twice, stay as long as no value changes. Bytes that PHP 8 could not
  // read do not stay.
  const isOther = written.length !== bytes.length && isSameFraming && isWhole && !hasReferences;
  return isOther && isUnchanged(session, source) ? copyOf(bytes) : written;
}

function writeFramed(
  out: ByteWriter,
  top: Entries,
  framing: Framing,
  rules: WriteRules,
  strategy: WriteStrategy,
  writeVariable: (writer: Writer, index: number) => void,
): void {
  const { length } = top.values;
  if (framing.isArray) out.openArray(length);
  const writer = new Writer(out, rules, top, strategy, framing);
  for (let index = 0; index < length; index++) writeVariable(writer, index);
  if (framing.isArray) out.byte(0x7d);
}

/** @throws PhpSessionError `ERR_PHP_KEY` for a key that the format cannot hold */
function writeKey(out: ByteWriter, framing: Framing, key: PhpKey, index: number): void {
  const wrong = framing.writeKey(out, key);
  if (wrong !== undefined) throw keyError(framing.name, key, index, wrong);
}

/** The strategies for values of which none is copied unchecked, in the order to try them. The last one is always enough. */
function strategiesFor(source: Source | undefined): readonly WriteStrategy[] {
  return source?.hasReferences ? ['references'] : ['number', 'references'];
}

/**
 * Writes by the first strategy that knows enough.
 *
 * @param size an estimate of the number of bytes
 * @throws PhpSessionError
 */
function writeByStrategies(
  size: number,
  { maxBytes }: WriteRules,
  strategies: readonly WriteStrategy[],
  write: (out: ByteWriter, strategy: WriteStrategy) => void,
): Uint8Array {
  for (const strategy of strategies) {
    const out = new ByteWriter(size, maxBytes);
    try {
      write(out, strategy);
      return out.finish();
    } catch (error) {
      out.discard();
      if (error !== escalate) throw error;
    }
  }
  throw new Error('The last strategy was not enough');
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
