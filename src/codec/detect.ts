import { PhpSessionError } from '../errors.ts';
import { fromBase64, recognizeEncoding, type SessionEncoding } from './encodings.ts';
import type { SessionFormat } from './formats/format.ts';
import type { SessionFormatName } from './formats/framing.ts';
import { formatNames } from './formats/index.ts';
import { sourceOf } from './formats/translate.ts';
import { type LimitOptions, readRules } from './options.ts';
import { References } from './read/references.ts';
import { readVariables } from './read/session.ts';
import { validate } from './read/validate.ts';
import type { ReadRules } from './rules.ts';
import type { Source } from './source/source.ts';

/** What is over a limit fits no format. */
export interface DetectOptions<F extends SessionFormat = SessionFormat> extends LimitOptions {
  /** Formats to be tried besides PHP's own. Default none. */
  formats?: readonly F[];
}

/**
 * What `detectSessionFormat` found.
 *
 * @typeParam F what a format is told by: its name, or the value that was given
 */
export interface DetectedFormat<F = SessionFormatName> {
  /** The only format that fits, or the likeliest of several; `undefined` if none does, or if any could be meant. */
  format: F | undefined;
  /**
   * - `sure`: PHP would read these bytes in one format only
   * - `likely`: in several, but in the others names would hold what looks like serialized data
   * - `none`: nothing can be said
   */
  certainty: 'sure' | 'likely' | 'none';
  /** All formats in which PHP 8 would read these bytes as a session, the likeliest first. */
  possible: readonly F[];
  /** If none is possible: how the bytes hold a session, or something else, where that can be recognized. Text of more than 1 MB is not looked at. */
  encoding?: SessionEncoding;
  /** With the encoding `base64`: what is found in it. */
  inner?: DetectedFormat<F>;
  /** If none is possible: what is wrong in the format that fits furthest, with `offset`. */
  error?: PhpSessionError;
}

/**
 * Finds out in which format (php.ini's `session.serialize_handler`) a session was written. This is for tools that look at rows of
 * somebody else; whoever writes sessions has to know the format, as the others in the table do.
 *
 * Most sessions fit one format. Where strings hold `|` or serialized data, two may fit: `a` = `|s:0:"` is in php_binary
 * `\x01as:6:"|s:0:"";`, which PHP also reads in the format php, with a name of nine odd characters. No bytes at all are an
 * empty session in all three.
 *
 * @param options limits as for `decodeSession`, and formats that are not PHP's own
 */
export function detectSessionFormat<F extends SessionFormat = never>(
  bytes: Uint8Array,
  options: DetectOptions<F> = {},
): DetectedFormat<SessionFormatName | F> {
  const rules = readRules(options);
  const fits: { format: SessionFormatName | F; oddities: number }[] = [];
  let furthest: PhpSessionError | undefined;
  for (const format of [...formatNames, ...(options.formats ?? [])]) {
    try {
      fits.push({ format, oddities: oddities(sourceOf(bytes, format, rules), rules) });
    } catch (error) {
      if (!(error instanceof PhpSessionError)) throw error;
      if (furthest === undefined || (error.offset ?? 0) > (furthest.offset ?? 0)) furthest = error;
    }
  }
  fits.sort((a, b) => a.oddities - b.oddities);
  const possible = fits.map(({ format }) => format);
  const [first, second] = fits;
  if (first === undefined) {
    return { format: undefined, certainty: 'none', possible, ...otherwise(bytes, options), error: furthest! };
  }
  if (second === undefined) return { format: first.format, certainty: 'sure', possible };
  if (first.oddities < second.oddities) return { format: first.format, certainty: 'likely', possible };
  return { format: undefined, certainty: 'none', possible };
}

/** What these bytes are that no format fits. */
function otherwise<F extends SessionFormat>(
  bytes: Uint8Array,
  options: DetectOptions<F>,
): Pick<DetectedFormat<SessionFormatName | F>, 'encoding' | 'inner'> {
  const encoding = recognizeEncoding(bytes);
  if (encoding !== 'base64') return encoding === undefined ? {} : { encoding };
  const inner = detectSessionFormat(fromBase64(bytes)!, options);
  // Any word of four, eight or twelve letters is base64 of something.
  return inner.possible.length > 0 || inner.encoding !== undefined ? { encoding, inner } : {};
}

/** How much would be odd if this were a session. Throws if it is none. */
function oddities(source: Source, rules: ReadRules): number {
  if (readVariables(source, rules, (tokens, levels) => validate(tokens, levels))) checkTargets(source);
  const { bytes, variables } = source;
  const odd = variables.filter(({ key }) => looksSerialized.test(String(key))).length;
  // Only php_serialize leaves a rest: what is behind the end of the array. With no element in it, other formats fit only if there is one.
  const end = (variables.at(-1)?.end ?? 0) + 1;
  return odd + (end < bytes.length ? 1 : 0);
}

/** No names that an application gives, but what names are if they begin or end at the wrong byte. */
const looksSerialized = /[^\x20-\x7e\x80-\u{10ffff}]|[|";{}]/u;

/** PHP reads a reference of which only its numbering is unknown here (`ERR_PHP_REFERENCE`), so the format fits. */
function checkTargets({ bytes, variables, framing }: Source): void {
  try {
    new References(bytes, variables, framing!.isArray);
  } catch (error) {
    if ((error as PhpSessionError).code !== 'ERR_PHP_REFERENCE') throw error;
  }
}
