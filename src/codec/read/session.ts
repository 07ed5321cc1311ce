import type { Variable } from '../formats/framing.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { ReadRules } from '../rules.ts';
import { exactToken, noToken, sessionToken, tagOrigin } from '../source/origins.ts';
import { createSessionObject, defineLazy } from '../source/session-object.ts';
import type { Source } from '../source/source.ts';
import { isObject, PhpArray, type PhpKey } from '../values.ts';
import { BackReferences, needsReferences } from './back-references.ts';
import { parseValue } from './parse.ts';
import { validate } from './validate.ts';

/** A session of at most so many bytes is built when it is read: there is little to save. */
const smallSession = 1024;
/** In a larger one, so are values of at most so many bytes. */
const smallValue = 128;

export function readPlain(source: Source, rules: ReadRules): object {
  if (!source.classes?.hasMappings) {
    const isSmall = source.bytes.length <= smallSession;
    for (const read of [isSmall ? readEagerly : readLazily, readWithReferences]) {
      try {
        return read(source, rules);
      } catch (error) {
        if (error !== needsReferences) throw error;
      }
    }
  }
  checkAll(source, rules);
  return lazySession(source);
}

/** Checks and builds in one go. */
function readEagerly(source: Source, rules: ReadRules): object {
  const session = createSessionObject(source);
  readVariables(source, rules, (tokens, levels, key) => {
    // Of two with one name the last counts, at the place of the first, as in PHP.
    session[String(key)] = parseValue(source, tokens, 'plain', levels);
  });
  return session;
}

/** Checks all of it, and builds small values now and large ones when they are looked at. */
function readLazily(source: Source, rules: ReadRules): object {
  readVariables(source, rules, (tokens, levels) => validate(tokens, levels, true));
  return lazySession(source);
}

/**
 * Checks and builds a session with references in one go: to check them alone would take nearly as long. What was built is shown
 * when somebody looks, as what nobody looked at need not be written anew.
 */
function readWithReferences(source: Source, rules: ReadRules): object {
  const backReferences = new BackReferences();
  const { isArray } = source.framing!;
  // The array around all has the number 1.
  if (isArray) backReferences.add(noToken, undefined);
  const values = new Map<string, unknown>();
  readVariables(source, rules, (tokens, levels, key) => {
    values.set(String(key), parseValue(source, tokens, 'plain', levels, backReferences));
  });
  if (isArray && values.size < source.variables.length) throw needsReferences;
  source.setParsed(values, backReferences.shared);
  return lazySession(source);
}

/** The session of a source that was checked. */
function lazySession(source: Source): object {
  const session = createSessionObject(source);
  for (const variable of source.variables) {
    // Of two with one name the last counts, at the place of the first.
    const key = String(variable.key);
    if (isParsedNow(source, variable)) session[key] = source.peekVariable(variable);
    else defineLazy(session, key, source, variable);
  }
  return session;
}

function isParsedNow(source: Source, variable: Variable): boolean {
  const { start, end } = variable;
  const isSmall = end - start <= smallValue;
  // With references, values depend on each other. Bytes are left out, as it is not seen whether somebody changes one of them.
  if (source.hasReferences)
    return isSmall && source.isStandaloneScalar(start) && !isObject(source.peekVariable(variable));
  // What the application does with its classes, it does when it looks.
  return source.classes?.hasMappings ? isScalar(source.bytes[start]!) : isSmall;
}

function isScalar(token: number): boolean {
  return token !== 0x61 && token !== 0x4f;
}

export function readExact(source: Source, rules: ReadRules): PhpArray {
  checkAll(source, rules);
  const entries = source.variables.map(({ key, start }): [PhpKey, unknown] => [key, source.parse(start, 'exact')]);
  const session = new PhpArray(entries, { literalKeys: !source.framing!.isArray });
  tagOrigin(session, source, exactToken(sessionToken));
  return session;
}

function checkAll(source: Source, rules: ReadRules): void {
  if (readVariables(source, rules, (tokens, levels) => validate(tokens, levels))) source.findReferences();
}

/**
 * Finds the variables of a session, by a function that reads each value.
 *
 * @returns whether there are references, which remain to be checked
 */
export function readVariables(
  source: Source,
  rules: ReadRules,
  value: (tokens: Tokenizer, levels: number, key: PhpKey) => void,
): boolean {
  const framing = source.framing!;
  const tokens = new Tokenizer(source.bytes, 0, rules);
  const levels = framing.isArray ? 1 : 0;
  source.variables.length = 0;
  framing.read(tokens, (key, from) => {
    const start = tokens.at;
    value(tokens, levels, key);
    source.variables.push({ key, from, start, end: tokens.at });
  });
  return tokens.hasReferences;
}
