import { Classes, type ClassOption } from './classes.ts';
import type { SessionFormat } from './formats/format.ts';
import type { SessionFormatName } from './formats/framing.ts';
import { formatChoice, isFormat } from './formats/index.ts';
import type { Limits, ReadRules, View, WriteRules } from './rules.ts';
import type { Source } from './source/source.ts';

/**
 * Data over a limit are neither read nor written (`ERR_PHP_LIMIT`). A session or value that was read is written within the limits of
 * that read, unless options say otherwise. For new ones the defaults are the same as for reading.
 */
export interface LimitOptions {
  /** The most bytes; default 16,777,216 (the size of a MEDIUMBLOB). */
  maxBytes?: number;
  /** The most arrays and objects inside each other; default 4,096, as PHP's `unserialize_max_depth`. */
  maxDepth?: number;
  /** The most elements and properties, counted over all arrays and objects, `$_SESSION` too; default 1,048,576. */
  maxElements?: number;
}

export interface DecodeOptions extends LimitOptions {
  /** Default `'plain'`. */
  view?: View;
  /**
   * Whether an error about the data shows the bytes around its `offset`: in its property `excerpt`, which is not enumerable, and at the
   * end of its message. These bytes are personal data, so this is for development only. Default false.
   */
  excerpts?: boolean;
  /**
   * Mappings of PHP classes to classes of the application, for the plain view. The list may also contain names, so that one list
   * serves here and in `EncodeOptions`. Default none: every object is a `PhpObject`.
   */
  classes?: ClassOption;
}

export interface EncodeOptions extends LimitOptions {
  /** php.ini's `serialize_precision`. Default -1, as in PHP since 7.1. Floats that did not change keep their text. */
  serializePrecision?: -1 | 17;
  /**
   * Classes and enums that may be written although the session did not contain them. PHP instantiates what it reads, so a name from
   * outside must never get in. Mappings say how to write instances of the application's classes. Default: the classes that the
   * session was read with.
   */
  classes?: ClassOption;
  /**
   * The oldest PHP that has to read the result. Below 8.1 a new enum is an error, because an older PHP destroys a session with an
   * enum. Nothing else depends on the version from 7.2 on: ints have no leading zeros (7.2 would read octal), `r:` only means
   * objects, and only PHP 7.1 treats keys with `!` in another way. Unchanged parts are copied. Default: `'8.5'`.
   */
  phpVersion?: PhpVersion;
}

export type PhpVersion = '7.2' | '7.3' | '7.4' | '8.0' | '8.1' | '8.2' | '8.3' | '8.4' | '8.5' | '8.6';
const phpVersions: readonly PhpVersion[] = ['7.2', '7.3', '7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5', '8.6'];

export interface SessionDecodeOptions extends DecodeOptions {
  /** php.ini's `session.serialize_handler`: the name of a format of PHP, or another format as a value. Default `'php'`. */
  format?: SessionFormatName | SessionFormat;
  /**
   * The oldest PHP that reads and writes these sessions. In the format php, bytes may follow the last variable. PHP up to 7.4 ignores
   * them, PHP 8 destroys the session (php-src: `PS_SERIALIZER_DECODE_FUNC(php)`). With a version below 8.0 the codec ignores them too,
   * and does not write them again, so that PHP 8 can read the session. Default: an error, as in PHP 8.
   */
  phpVersion?: PhpVersion;
}

export interface SessionEncodeOptions extends EncodeOptions {
  /** Default: the format that the session was read in, or `'php'`. */
  format?: SessionFormatName | SessionFormat;
}

/** Nearly all reads have these, so they are made once. */
const defaultReadRules: ReadRules = {
  maxBytes: 16_777_216,
  maxDepth: 4096,
  maxElements: 1_048_576,
  ignoresRest: false,
};

export function readRules(options: SessionDecodeOptions): ReadRules {
  const ignoresRest = isBefore('8.0', options);
  const limits = limitsOf(options, defaultReadRules);
  return limits === defaultReadRules && !ignoresRest ? defaultReadRules : { ...limits, ignoresRest };
}

export function viewOption(options: DecodeOptions): View {
  const view = options.view ?? 'plain';
  if (view !== 'plain' && view !== 'exact') throw new TypeError(`view must be 'plain' or 'exact'`);
  return view;
}

export function formatOption({ format }: SessionDecodeOptions): SessionFormatName | SessionFormat | undefined {
  if (format !== undefined && !isFormat(format)) throw new TypeError(`format must be ${formatChoice}`);
  return format;
}

/** @param source what the value was read from. It gives the defaults of limits and classes */
export function writeRules(options: EncodeOptions, source?: Source): WriteRules {
  const precision = options.serializePrecision ?? -1;
  if (precision !== -1 && precision !== 17) throw new TypeError('serializePrecision must be -1 or 17');
  const classes = options.classes === undefined ? source?.classes : undefined;
  const { maxBytes, maxDepth, maxElements } = limitsOf(options, source?.limits ?? defaultReadRules);
  return {
    maxBytes,
    maxDepth,
    maxElements,
    precision,
    classes: classes ?? Classes.of(options.classes),
    allowsEnums: !isBefore('8.1', options),
  };
}

function isBefore(version: PhpVersion, { phpVersion }: { phpVersion?: PhpVersion }): boolean {
  if (phpVersion === undefined) return false;
  if (!phpVersions.includes(phpVersion)) throw new TypeError("phpVersion must be '7.2' to '8.6'");
  return phpVersion < version;
}

function limitsOf(options: LimitOptions, defaults: Limits): Limits {
  const { maxBytes, maxDepth, maxElements } = options;
  if (maxBytes === undefined && maxDepth === undefined && maxElements === undefined) return defaults;
  return {
    maxBytes: limitOption('maxBytes', maxBytes, defaults.maxBytes),
    maxDepth: limitOption('maxDepth', maxDepth, defaults.maxDepth),
    maxElements: limitOption('maxElements', maxElements, defaults.maxElements),
  };
}

function limitOption(name: keyof Limits, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${name} must be a number that is not negative`);
  return value;
}
