import { build } from './build.ts';
import type { Variable } from './formats/framing.ts';
import type { ReadRules } from './rules.ts';
import { createSessionObject, defineLater } from './session-object.ts';
import { skip } from './skip.ts';
import { needsReferences, Slots } from './slots.ts';
import type { Source } from './source.ts';
import { exactly, noToken, sessionToken, stamp } from './stamps.ts';
import { Tokens } from './tokens.ts';
import { isObject, PhpArray, type PhpKey } from './values.ts';

/** A session of at most so many bytes is built when it is read: there is little to save. */
const smallSession = 1024;
/** In a larger one, so are values of at most so many bytes. */
const smallValue = 128;

export function readPlain(source: Source, rules: ReadRules): object {
  if (!source.classes?.hasMappings) {
    const isSmall = source.bytes.length <= smallSession;
    for (const read of [isSmall ? readAtOnce : readInParts, readShared]) {
      try {
        return read(source, rules);
      } catch (error) {
        if (error !== needsReferences) throw error;
      }
    }
  }
  check(source, rules);
  return inParts(source);
}

/** Checks and builds in one go. */
function readAtOnce(source: Source, rules: ReadRules): object {
  const session = createSessionObject(source);
  readVariables(source, rules, (tokens, levels, key) => {
    // Of two with one name the last counts, at the place of the first, as in PHP.
    session[String(key)] = build(source, tokens, 'plain', levels);
  });
  return session;
}

/** Checks all of it, and builds small values now and large ones when they are looked at. */
function readInParts(source: Source, rules: ReadRules): object {
  readVariables(source, rules, (tokens, levels) => skip(tokens, levels, true));
  return inParts(source);
}

/**
 * Checks and builds a session with references in one go: to check them alone would take nearly as long. What was built is shown
 * when somebody looks, as what nobody looked at need not be written anew.
 */
function readShared(source: Source, rules: ReadRules): object {
  const slots = new Slots();
  const { isArray } = source.framing!;
  // The array around all has the number 1.
  if (isArray) slots.add(noToken, undefined);
  const values = new Map<string, unknown>();
  readVariables(source, rules, (tokens, levels, key) => {
    values.set(String(key), build(source, tokens, 'plain', levels, slots));
  });
  if (isArray && values.size < source.variables.length) throw needsReferences;
  source.setBuilt(values, slots.shared);
  return inParts(source);
}

/** The session of a source that was checked. */
function inParts(source: Source): object {
  const session = createSessionObject(source);
  for (const variable of source.variables) {
    // Of two with one name the last counts, at the place of the first.
    const key = String(variable.key);
    if (isBuiltNow(source, variable)) session[key] = source.peek(variable);
    else defineLater(session, key, source, variable);
  }
  return session;
}

function isBuiltNow(source: Source, variable: Variable): boolean {
  const { start, end } = variable;
  const isSmall = end - start <= smallValue;
  // With references, values depend on each other. Bytes are left out, as it is not seen whether somebody changes one of them.
  if (source.hasReferences) return isSmall && source.isApart(start) && !isObject(source.peek(variable));
  // What the application does with its classes, it does when it looks.
  return source.classes?.hasMappings ? isScalar(source.bytes[start]!) : isSmall;
}

function isScalar(token: number): boolean {
  return token !== 0x61 && token !== 0x4f;
}

export function readExact(source: Source, rules: ReadRules): PhpArray {
  check(source, rules);
  const entries = source.variables.map(({ key, start }): [PhpKey, unknown] => [key, source.build(start, 'exact')]);
  const session = new PhpArray(entries, { literalKeys: !source.framing!.isArray });
  stamp(session, source, exactly(sessionToken));
  return session;
}

function check(source: Source, rules: ReadRules): void {
  if (readVariables(source, rules, (tokens, levels) => skip(tokens, levels))) source.findReferences();
}

/**
 * Finds the variables of a session, by a function that reads each value.
 *
 * @returns whether there are references, which remain to be checked
 */
export function readVariables(
  source: Source,
  rules: ReadRules,
  value: (tokens: Tokens, levels: number, key: PhpKey) => void,
): boolean {
  const framing = source.framing!;
  const tokens = new Tokens(source.bytes, 0, rules);
  const levels = framing.isArray ? 1 : 0;
  source.variables.length = 0;
  framing.read(tokens, (key, from) => {
    const start = tokens.at;
    value(tokens, levels, key);
    source.variables.push({ key, from, start, end: tokens.at });
  });
  return tokens.hasReferences;
}
