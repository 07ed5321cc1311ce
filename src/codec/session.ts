import { PhpSessionError } from '../errors.ts';
import { Classes } from './classes.ts';
import { withExcerpts } from './excerpt.ts';
import type { SessionFormat } from './formats/format.ts';
import type { SessionFormatName } from './formats/framing.ts';
import { framingOf } from './formats/index.ts';
import {
  formatOption,
  readRules,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
  viewOption,
  writeRules,
} from './options.ts';
import { parseValue } from './read/parse.ts';
import { readExact, readPlain } from './read/session.ts';
import type { ReadRules } from './rules.ts';
import { inputBytes } from './serialize.ts';
import { isPlainObject, sessionToken } from './source/origins.ts';
import { hiddenKey } from './source/session-object.ts';
import { originOf, Source } from './source/source.ts';
import { isObject, isPhpArray, type PhpArray } from './values.ts';
import { unrepresentable } from './write/errors.ts';
import { checkWritten } from './write/limits.ts';
import { patchSession, writeSession } from './write/session.ts';
import { type Fault, faultOf } from './write/strays.ts';

/** The type of a session whose variables the application did not declare. */
export type SessionData = Record<string, unknown>;

/**
 * Reads a session as PHP's `session_decode()` does. It checks all bytes now, so no later access finds damaged bytes. It
 * builds large variables at their first access.
 *
 * @param bytes are kept, not copied: do not change them while the session is in use
 * @returns in the plain view `$_SESSION` as an object that remembers its bytes: give it to `encodeSession` to write it back. In the
 *   exact view a `PhpArray`
 * @throws PhpSessionError `ERR_PHP_SYNTAX` (with `offset`), `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function decodeSession(bytes: Uint8Array, options: SessionDecodeOptions & { view: 'exact' }): PhpArray;
export function decodeSession<T extends object = SessionData>(bytes: Uint8Array, options?: SessionDecodeOptions): T;
export function decodeSession(bytes: Uint8Array, options: SessionDecodeOptions = {}): object {
  return withExcerpts(options, bytes, decode);
}

function decode(bytes: Uint8Array, options: SessionDecodeOptions): object {
  const view = viewOption(options);
  const format = formatOption(options) ?? 'php';
  const rules = readRules(options);
  const classes = Classes.of(options.classes);
  if (view === 'plain' && typeof format !== 'string' && !classes.hasMappings) {
    const session = format.readPlain?.(inputBytes(bytes, rules), rules, classes);
    if (session !== undefined) return session;
  }
  const source = sourceOf(bytes, format, rules);
  source.classes = classes;
  try {
    return view === 'exact' ? readExact(source, rules) : readPlain(source, rules);
  } catch (error) {
    if (typeof format === 'string' || !(error instanceof PhpSessionError)) throw error;
    // Its offset in the translation says nothing about the bytes.
    throw new PhpSessionError(
      error.code,
      `A reference that PHP does not write in ${format.name}, or that cannot be kept`,
    );
  }
}

/** The source for bytes in any format. The codec knows only framings, so a format that is not PHP's own is translated. */
export function sourceOf(bytes: Uint8Array, format: SessionFormatName | SessionFormat, rules: ReadRules): Source {
  const input = inputBytes(bytes, rules);
  const framed = typeof format === 'string' ? input : format.toSerialized(input, rules);
  const source = new Source(framed, framingOf(format), rules, parseValue);
  source.format = format;
  return source;
}

/**
 * Writes a session as PHP's `session_encode()` does. A session from `decodeSession` is patched: all parts that did not change are
 * copied byte for byte.
 *
 * @param session from `decodeSession`, or any plain object or `PhpArray`
 * @returns in Node a Buffer in memory of its own, at most twice its size. It may be transferred to another thread
 * @throws PhpSessionError `ERR_PHP_KEY`, `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
 *   `ERR_PHP_REFERENCE`, `ERR_PHP_LIMIT` for too many levels; each with a `path`. `ERR_PHP_LIMIT` for too many bytes or elements
 */
export function encodeSession(session: object, options: SessionEncodeOptions = {}): Uint8Array {
  if (!isObject(session)) throw new TypeError(noSession);
  refuse(faultOf(session));
  const from = originOf(session);
  const source = from?.at === sessionToken ? from.source : undefined;
  const rules = writeRules(options, from?.source);
  const format = formatOption(options) ?? source?.format ?? 'php';
  const framing = framingOf(format);
  const isArray = isPhpArray(session);
  if (!isArray && !isPlainObject(session)) throw new TypeError(noSession);
  if (!isArray) refuse(hiddenFault(session));
  if (from === undefined && !isArray && typeof format !== 'string') {
    const written = format.writePlain?.(session as SessionData, rules);
    if (written !== undefined) return written;
  }
  const bytes =
    source === undefined
      ? writeSession(session, from?.source, framing, rules)
      : patchSession(session as SessionData, source, framing, rules);
  checkWritten(bytes, framing, rules, source);
  return typeof format === 'string' ? bytes : format.fromSerialized(bytes, rules, from?.source.bytes);
}

function refuse(fault: Fault | undefined): void {
  if (fault === undefined) return;
  const path = fault.key === undefined ? [] : [fault.key];
  throw new PhpSessionError(fault.code, `${fault.what} cannot be written to a PHP session; nothing was written`, {
    path,
  });
}

/**
 * Symbols and properties that are not enumerable. Values lose them in silence, as in JSON. On the session itself an application that
 * sets one means a variable of `$_SESSION`, so it is an error.
 */
function hiddenFault(session: object): Fault | undefined {
  const key = hiddenKey(session);
  if (key === undefined) return undefined;
  return typeof key === 'string'
    ? { code: unrepresentable, what: 'A property of the session that is not enumerable', key }
    : { code: unrepresentable, what: 'A symbol as key of the session' };
}

const noSession = 'A session must come from decodeSession(), or be a plain object or a PhpArray';
