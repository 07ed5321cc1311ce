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

/** In bytes. All variables of a session up to this size are built when it is read, because there is little to save. */
const smallSession = 1024;
/** In bytes. In a larger session, variables up to this size are. */
const smallValue = 128;

export function readPlain(source: Source, rules: ReadRules): object {
  if (!source.classes?.hasMappings) {
    const isSmall = source.bytes.length <= smallSession;
    const session =
      attempt(isSmall ? readEagerly : readLazily, source, rules) ?? attempt(readWithReferences, source, rules);
    if (session !== undefined) return session;
  }
  checkAll(source, rules);
  return lazySession(source);
}

/** A quick way to read. `undefined` if it needs all references of the source before. */
function attempt(
  read: (source: Source, rules: ReadRules) => object,
  source: Source,
  rules: ReadRules,
): object | undefined {
  try {
    return read(source, rules);
  } catch (error) {
    if (error !== needsReferences) throw error;
    return undefined;
  }
}

/** Checks and builds all variables. */
function readEagerly(source: Source, rules: ReadRules): object {
  const session = createSessionObject(source);
  readVariables(source, rules, (tokens, levels, key) => {
    // Of two variables with one name the last wins, at the position of the first, as in PHP.
    session[String(key)] = parseValue(source, tokens, 'plain', levels);
  });
  return session;
}

/** Checks all variables, and builds the small ones. Large ones are built when the application reads them. */
function readLazily(source: Source, rules: ReadRules): object {
  readVariables(source, rules, (tokens, levels) => validate(tokens, levels, true));
  return lazySession(source);
}

/**
 * Checks and builds all variables of a session with references: to check references alone would take nearly as long. The variables
 * still are accessors, because those that the application does not read need not be written again.
 */
function readWithReferences(source: Source, rules: ReadRules): object {
  const backReferences = new BackReferences();
  const { isArray } = source.framing!;
  // The array around all variables has the number 1.
  if (isArray) backReferences.add(noToken, undefined);
  const values = new Map<string, unknown>();
  readVariables(source, rules, (tokens, levels, key) => {
    values.set(String(key), parseValue(source, tokens, 'plain', levels, backReferences));
  });
  if (isArray && values.size < source.variables.length) throw needsReferences;
  source.setParsed(values, backReferences.shared);
  return lazySession(source);
}

/** The session of a checked source. Large variables are accessors. */
function lazySession(source: Source): object {
  const session = createSessionObject(source);
  for (const variable of source.variables) {
    // Of two variables with one name the last wins, at the position of the first.
    const key = String(variable.key);
    if (isParsedNow(source, variable)) session[key] = source.peekVariable(variable);
    else defineLazy(session, key, source, variable);
  }
  return session;
}

function isParsedNow(source: Source, variable: Variable): boolean {
  const { start, end } = variable;
  const isSmall = end - start <= smallValue;
  // With references, values depend on each other. Bytes wait, because nothing shows whether the application changes one of them.
  if (source.hasReferences)
    return isSmall && source.isStandaloneScalar(start) && !isObject(source.peekVariable(variable));
  // `fromPhp` of the application runs when it reads a variable.
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
 * Finds the variables of a session.
 *
 * @param value reads the next value
 * @returns whether there are references, which are not checked yet
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
