import { PhpSessionError } from '../errors.ts';
import { fromBase64, recognizeEncoding, type SessionEncoding } from './encodings.ts';
import type { SessionFormat } from './formats/format.ts';
import type { SessionFormatName } from './formats/framing.ts';
import { formatNames } from './formats/index.ts';
import { type LimitOptions, readRules } from './options.ts';
import { checkAll } from './read/session.ts';
import type { ReadRules } from './rules.ts';
import { sourceOf } from './session.ts';
import type { Source } from './source/source.ts';

/** Bytes over a limit fit no format. */
export interface DetectOptions<F extends SessionFormat = SessionFormat> extends LimitOptions {
  /** Formats to try after PHP's own. Default none. */
  formats?: readonly F[];
}

/**
 * The answer of `detectSessionFormat`.
 *
 * @typeParam F how the answer names a format: by its name, or by the value that was given
 */
export interface DetectedFormat<F = SessionFormatName> {
  /** The only format that fits, or the likeliest one. `undefined` if none fits, or if several are equally likely. */
  format: F | undefined;
  /**
   * - `sure`: PHP would read these bytes in one format only
   * - `likely`: in several formats, but in the others the names would look like serialized data
   * - `none`: the bytes do not show it
   */
  certainty: 'sure' | 'likely' | 'none';
  /** All formats in which PHP 8 would read these bytes as a session, the likeliest first. */
  possible: readonly F[];
  /** If no format is possible: the encoding of the bytes, if it can be recognized. Text of more than 1 MB is not checked. */
  encoding?: SessionEncoding;
  /** With the encoding `base64`: the answer for the decoded bytes. */
  inner?: DetectedFormat<F>;
  /** If no format is possible: the error of the format that could read furthest, with `offset`. */
  error?: PhpSessionError;
}

/**
 * Finds the format (php.ini's `session.serialize_handler`) of a session. It is for tools that look at rows of other applications. An
 * application that writes sessions must know the format.
 *
 * Most sessions fit one format. If strings contain `|` or serialized data, two may fit: `a` = `|s:0:"` is in php_binary
 * `\x01as:6:"|s:0:"";`, which PHP also reads in the format php, with a name of nine odd characters. No bytes at all are an empty
 * session in all three.
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

/** For bytes that fit no format. */
function otherwise<F extends SessionFormat>(
  bytes: Uint8Array,
  options: DetectOptions<F>,
): Pick<DetectedFormat<SessionFormatName | F>, 'encoding' | 'inner'> {
  const encoding = recognizeEncoding(bytes);
  if (encoding !== 'base64') return encoding === undefined ? {} : { encoding };
  const inner = detectSessionFormat(fromBase64(bytes)!, options);
  // Base64 is an answer only if there is something in it: any word of four, eight or twelve letters is valid base64.
  return inner.possible.length > 0 || inner.encoding !== undefined ? { encoding, inner } : {};
}

/** How many things are odd if this is a session. Throws if it is none. */
function oddities(source: Source, rules: ReadRules): number {
  try {
    checkAll(source, rules);
  } catch (error) {
    // This is no misfit: PHP can read such a reference, only the codec cannot.
    if ((error as PhpSessionError).code !== 'ERR_PHP_REFERENCE') throw error;
  }
  const { bytes, variables } = source;
  const odd = variables.filter(({ key }) => looksSerialized.test(String(key))).length;
  // Only php_serialize ignores bytes, those after the end of the array. An empty array fits another format only if such bytes follow.
  const end = (variables.at(-1)?.end ?? 0) + 1;
  return odd + (end < bytes.length ? 1 : 0);
}

/** No application gives such names. They appear where a name begins or ends at the wrong byte. */
const looksSerialized = /[^\x20-\x7e\x80-\u{10ffff}]|[|";{}]/u;
