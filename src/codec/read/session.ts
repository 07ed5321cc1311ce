import type { Variable } from '../formats/framing.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { ReadRules, View } from '../rules.ts';
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
  if (!source.classes.hasMappings) {
    if (source.bytes.length <= smallSession) {
      const session = createSessionObject(source);
      // Of two variables with one name the last wins, at the position of the first, as in PHP.
      const isBuilt = build(source, rules, (key, value) => {
        session[key] = value;
      });
      if (isBuilt) return session;
    } else if (attempt(source, rules, (tokens, levels) => validate(tokens, levels, true))) {
      return lazySession(source);
    }
    if (buildWithReferences(source, rules)) return lazySession(source);
  }
  checkAll(source, rules);
  return lazySession(source);
}

export function readExact(source: Source, rules: ReadRules): PhpArray {
  checkAll(source, rules);
  const entries = source.variables.map(({ key, start }): [PhpKey, unknown] => [key, source.parse(start, 'exact')]);
  const session = new PhpArray(entries, { literalKeys: !source.framing.isArray });
  tagOrigin(session, source, exactToken(sessionToken));
  return session;
}

/** Reads the only variable of a source. */
export function readSingle(source: Source, rules: ReadRules, view: View): unknown {
  if (view === 'plain' && !source.classes.hasMappings) {
    const tokens = new Tokenizer(source.bytes, 0, rules);
    try {
      const value = parseValue(source, tokens, view);
      const end = tokens.at;
      source.variables.push({ key: '', from: 0, start: 0, end });
      if (end === source.bytes.length) return value;
    } catch (error) {
      if (error !== needsReferences) throw error;
    }
    if (buildWithReferences(source, rules)) return source.peekVariable(source.variables[0]!);
  }
  checkAll(source, rules);
  return source.parse(0, view);
}

/** Reads the next value, a variable. */
type ReadValue = (tokens: Tokenizer, levels: number, key: PhpKey) => void;

/** Checks and builds all variables in one pass. False if it needs all references of the source before. */
function build(
  source: Source,
  rules: ReadRules,
  put: (key: string, value: unknown) => void,
  backReferences?: BackReferences,
): boolean {
  return attempt(source, rules, (tokens, levels, key) => {
    put(String(key), parseValue(source, tokens, 'plain', levels, backReferences));
  });
}

/**
 * As `build`, for a source with references: to check references alone would take nearly as long. The variables of a session still are
 * accessors, because those that the application does not read need not be written again.
 */
function buildWithReferences(source: Source, rules: ReadRules): boolean {
  const backReferences = new BackReferences();
  const { isArray } = source.framing;
  // The array around all variables has the number 1.
  if (isArray) backReferences.add(noToken, undefined);
  const values = new Map<string, unknown>();
  const isBuilt = build(source, rules, (key, value) => values.set(key, value), backReferences);
  if (!isBuilt || (isArray && values.size < source.variables.length)) return false;
  source.setParsed(values, backReferences.shared);
  return true;
}

function attempt(source: Source, rules: ReadRules, value: ReadValue): boolean {
  try {
    readVariables(source, rules, value);
    return true;
  } catch (error) {
    if (error !== needsReferences) throw error;
    return false;
  }
}

/** The session of a checked source. Large variables are built when the application reads them: they are accessors. */
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
  return source.classes.hasMappings ? isScalar(source.bytes[start]!) : isSmall;
}

function isScalar(token: number): boolean {
  return token !== 0x61 && token !== 0x4f;
}

/** Checks all variables, and finds out what references mean. */
export function checkAll(source: Source, rules: ReadRules): void {
  if (readVariables(source, rules, (tokens, levels) => validate(tokens, levels))) source.findReferences();
}

/**
 * Finds the variables of a source.
 *
 * @returns whether there are references, which are not checked yet
 */
function readVariables(source: Source, rules: ReadRules, value: ReadValue): boolean {
  const { framing } = source;
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
