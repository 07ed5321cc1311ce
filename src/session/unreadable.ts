import { type DetectedFormat, detectSessionFormat } from '../codec/detect.ts';
import type { SessionEncoding } from '../codec/encodings.ts';
import { nameOf } from '../codec/formats/index.ts';
import type { LimitOptions, SessionDecodeOptions, SessionFormat, SessionFormatName } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';

/** See `SessionOptions.onUnreadable`. */
export type UnreadableRule = 'error' | 'new' | ((data: Uint8Array, error: PhpSessionError) => 'error' | 'new');

/**
 * Whether a row that cannot be read is to count as none.
 *
 * @throws TypeError when the function returns something else, and what it throws
 */
export function countsAsNone(data: Uint8Array, rule: UnreadableRule, error: unknown): boolean {
  if (!(error instanceof PhpSessionError)) return false;
  const chosen = typeof rule === 'function' ? rule(data, error) : rule;
  if (chosen === 'error' || chosen === 'new') return chosen === 'new';
  throw new TypeError("onUnreadable() must return 'error' or 'new'");
}

/**
 * Says of a row that cannot be read what it holds, and which option reads it. Nothing of the row gets into the message.
 *
 * @param options with which it was read
 * @param error what `decodeSession` said
 */
export function explain(data: Uint8Array, options: SessionDecodeOptions, error: unknown): unknown {
  // Of a limit it says enough: the row is in the right format.
  if (!(error instanceof PhpSessionError) || error.code !== 'ERR_PHP_SYNTAX') return error;
  const { format = 'php', maxBytes, maxDepth, maxElements } = options;
  const limits = { ...(maxBytes && { maxBytes }), ...(maxDepth && { maxDepth }), ...(maxElements && { maxElements }) };
  const message = `The row cannot be read as a session in PHP's format ${nameOf(format)}: ${content(data, format, limits, error.offset)}`;
  const { offset, excerpt } = error;
  return new PhpSessionError(error.code, message, {
    ...(offset !== undefined && { offset }),
    ...(excerpt !== undefined && { excerpt }),
  });
}

function content(
  data: Uint8Array,
  format: SessionFormatName | SessionFormat,
  limits: LimitOptions,
  offset: number | undefined,
): string {
  if (typeof format !== 'string' && format.recognize?.(data)) return damage(data, offset);
  const found = detectSessionFormat(data, limits);
  const [other] = found.possible;
  if (other !== undefined)
    return `it is one in the format ${other}: give serializeHandler what session.serialize_handler is in PHP`;
  if (found.encoding === nameOf(format)) return damage(data, offset);
  const encoding = nameEncoding(found);
  if (encoding !== undefined) return `it is ${encoding}${whatReads(found)}`;
  return typeof format === 'string' ? textDamage(data, offset!) : damage(data, offset);
}

/** @returns in words how bytes hold a session that are in none of PHP's formats; `undefined` if that is not known */
export function nameEncoding({
  encoding,
  inner,
}: DetectedFormat<SessionFormatName | SessionFormat>): string | undefined {
  if (encoding !== 'base64') return encoding && names[encoding];
  const [format] = inner!.possible;
  if (format === undefined) return `base64 of ${nameEncoding(inner!)}`;
  const whose = format === 'php_serialize' ? 'Laravel stores' : 'Magento and Roundcube store';
  return `base64 of a session in the format ${nameOf(format)}, as ${whose} it`;
}

const names: Record<Exclude<SessionEncoding, 'base64'>, string> = {
  igbinary: "a session of PHP's extension igbinary",
  msgpack: "a session of PHP's extension msgpack",
  json: 'JSON, as OpenCart stores a session',
  'laravel-encrypted': 'what Laravel has encrypted',
  gzip: 'what gzip has compressed',
  zlib: 'what zlib has compressed',
};

/** The formats that are no option's names, and where they are. */
const formats: Partial<Record<SessionEncoding, string>> = {
  igbinary: 'igbinary of php-session-bridge/igbinary',
  msgpack: 'msgpack() of php-session-bridge/msgpack',
  json: 'json of php-session-bridge/formats',
};

/** @returns the rest of a sentence about a row: with which options it is read */
function whatReads({ encoding, inner }: DetectedFormat<SessionFormatName | SessionFormat>): string {
  const format = formats[encoding!];
  if (format !== undefined) return `: give serializeHandler ${format}`;
  if (encoding === 'laravel-encrypted') return ': the preset laravel({ key, encrypt: true }) reads it';
  if (encoding !== 'base64') return ', which no option reads';
  const { possible, encoding: within } = inner!;
  const handler = possible[0] === undefined ? formats[within!] : nameOf(possible[0]);
  if (handler === undefined) return ', which no option reads';
  const presets = possible[0] === 'php_serialize' ? ', or the preset laravel()' : '';
  return `: give mysqlStore the encoding base64 of php-session-bridge/encoded, and serializeHandler ${handler}${presets}`;
}

/** The sizes of columns at which MySQL cuts off without an error, if it is not in strict mode. */
const columns: Record<number, string> = { 255: 'TINYBLOB or VARCHAR(255)', 65535: 'BLOB or TEXT' };

function textDamage(bytes: Uint8Array, offset: number): string {
  const { length } = bytes;
  const rest = new TextDecoder('latin1').decode(bytes.subarray(offset, offset + 40));
  const column = cutBy(length);
  const string = /^(?:[sSOCE]:)?(\d{1,10}):"/.exec(rest);
  const there = string === null ? 0 : length - offset - string[0].length;
  if (string !== null && there < Number(string[1]) + 2)
    return `it was cut off after ${length} bytes${column}: at byte ${offset} begins a string of ${string[1]} bytes, of which ${Math.max(there, 0)} are there`;
  if (length - offset < 40 && beginning.test(rest)) return `it was cut off after ${length} bytes${column}`;
  if (offset === 0) return 'it does not begin as one, so it is something else, or encrypted';
  if (!bytes.subarray(offset).includes(BAR))
    return `${length - offset} of its ${length} bytes, from byte ${offset} on, are no variable: it was cut off there, or something was added`;
  return damage(bytes, offset);
}

function cutBy(length: number): string {
  return columns[length] === undefined ? '' : `, as many as a column ${columns[length]} holds`;
}

function damage({ length }: Uint8Array, offset: number | undefined): string {
  return `it is damaged${offset === undefined ? '' : ` at byte ${offset}`} of ${length}${cutBy(length)}`;
}

const BAR = 0x7c;

/** How a value begins. */
const beginning = /^(?:[bidsSOCEaNrR]|[bidsSOCEarR]:[-+\d.E]*:?|\d+:?|":?|:)?$/;
