import { Classes, type ClassOption } from './classes.ts';
import type { SessionFormat } from './formats/format.ts';
import type { SessionFormatName } from './formats/framing.ts';
import { formatChoice, isFormat } from './formats/index.ts';
import type { Limits, ReadRules, View, WriteRules } from './rules.ts';
import type { Source } from './source/source.ts';

/**
 * What is over one of these is neither read nor written (`ERR_PHP_LIMIT`). For writing, the default of each is what the session, or
 * the value, was read with; of what was not read it is the same as for reading.
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
   * Whether an error about the data shows the bytes around its `offset`: as `excerpt`, which is not enumerable, and at the end of its
   * message. Default false, as these bytes are somebody's data: for development only.
   */
  excerpts?: boolean;
  /**
   * Mappings of PHP classes to classes of the application, for the plain view; names may stand beside them, so that one value
   * serves here and in `EncodeOptions`. Default none: every object is a `PhpObject`.
   */
  classes?: ClassOption;
}

export interface EncodeOptions extends LimitOptions {
  /** php.ini's `serialize_precision`; default -1, PHP's own since 7.1. Floats that were read and not changed keep their text. */
  serializePrecision?: -1 | 17;
  /**
   * Classes and enums that may be written although they were not read: PHP instantiates what it reads, so a name that
   * comes from outside must never get in. Mappings say how instances of the application's classes are written. Default:
   * those that the session was read with.
   */
  classes?: ClassOption;
  /**
   * The lowest PHP that has to read the result. Below 8.1 a new enum is an error: an older PHP destroys a session in which it
   * meets one. Nothing else that is written differs from 7.2 on: ints have no leading zeros (7.2 would read octal), `r:` only
   * means objects, and keys with `!` are a matter of 7.1. What was read and not changed is copied as it stood. Default: `'8.5'`.
   */
  phpVersion?: PhpVersion;
}

export type PhpVersion = '7.2' | '7.3' | '7.4' | '8.0' | '8.1' | '8.2' | '8.3' | '8.4' | '8.5' | '8.6';
const phpVersions: readonly PhpVersion[] = ['7.2', '7.3', '7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5', '8.6'];

export interface SessionDecodeOptions extends DecodeOptions {
  /** php.ini's `session.serialize_handler`: one of PHP's own by its name, any other as a value. Default `'php'`. */
  format?: SessionFormatName | SessionFormat;
  /**
   * The lowest PHP that reads and writes these sessions. In the format php, PHP up to 7.4 ignores what is left behind the last
   * variable (php-src: `PS_SERIALIZER_DECODE_FUNC(php)`), and PHP 8 destroys the session. With a version below 8.0 it is
   * ignored here too, and gone when the session is written again, so that PHP 8 can read it. Default: an error, as in PHP 8.
   */
  phpVersion?: PhpVersion;
}

export interface SessionEncodeOptions extends EncodeOptions {
  /** Default: the one that the session was read in, or `'php'`. */
  format?: SessionFormatName | SessionFormat;
}

const defaultLimits: Limits = { maxBytes: 16_777_216, maxDepth: 4096, maxElements: 1_048_576 };

export function readRules(options: SessionDecodeOptions): ReadRules {
  return {
    maxBytes: limitOption('maxBytes', options.maxBytes, defaultLimits.maxBytes),
    maxDepth: limitOption('maxDepth', options.maxDepth, defaultLimits.maxDepth),
    maxElements: limitOption('maxElements', options.maxElements, defaultLimits.maxElements),
    ignoresRest: phpVersionOption(options) < '8.0',
  };
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

/** @param source what the value was read from: for options that are not given */
export function writeRules(options: EncodeOptions, source?: Source): WriteRules {
  const precision = options.serializePrecision ?? -1;
  if (precision !== -1 && precision !== 17) throw new TypeError('serializePrecision must be -1 or 17');
  const classes = options.classes === undefined ? source?.classes : undefined;
  const limits = source?.limits ?? defaultLimits;
  return {
    maxBytes: limitOption('maxBytes', options.maxBytes, limits.maxBytes),
    maxDepth: limitOption('maxDepth', options.maxDepth, limits.maxDepth),
    maxElements: limitOption('maxElements', options.maxElements, limits.maxElements),
    precision,
    classes: classes ?? Classes.of(options.classes),
    allowsEnums: phpVersionOption(options) >= '8.1',
  };
}

function phpVersionOption({ phpVersion }: { phpVersion?: PhpVersion }): PhpVersion {
  if (phpVersion === undefined) return '8.5';
  if (!phpVersions.includes(phpVersion)) throw new TypeError("phpVersion must be '7.2' to '8.6'");
  return phpVersion;
}

function limitOption(name: keyof Limits, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${name} must be a number that is not negative`);
  return value;
}
