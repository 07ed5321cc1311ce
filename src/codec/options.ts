import { isClassName } from './grammar.ts';

/** How PHP frames the variables of a session (php.ini's `session.serialize_handler`). More formats will follow. */
export type SessionFormatName = 'php';

/**
 * - `plain`: numbers, strings, arrays and objects as an application wants them; what plain JavaScript cannot say is
 *   remembered and comes back when the value is written
 * - `exact`: `PhpArray`, `PhpFloat`, `PhpReference` and so on: nothing is left to a rule
 */
export type View = 'plain' | 'exact';

export interface DecodeOptions {
  /** Default `'plain'`. */
  view?: View;
  /** The most bytes to read; default 16,777,216 (the size of a MEDIUMBLOB). */
  maxBytes?: number;
  /** The most arrays and objects inside each other; default 4,096, as PHP's `unserialize_max_depth`. */
  maxDepth?: number;
  /** The most elements and properties, counted over all arrays and objects; default 4,194,304. */
  maxElements?: number;
}

export interface EncodeOptions {
  /** php.ini's `serialize_precision`; default -1, PHP's own since 7.1. Floats that were read and not changed keep their text. */
  serializePrecision?: -1 | 17;
  /**
   * Classes and enums that may be written although they were not read: PHP instantiates what it reads, so a name that
   * comes from outside must never get in. Default none.
   */
  classes?: Iterable<string>;
}

export interface SessionDecodeOptions extends DecodeOptions {
  /** Default `'php'`. */
  format?: SessionFormatName;
}

export interface SessionEncodeOptions extends EncodeOptions {
  /** Default `'php'`. */
  format?: SessionFormatName;
}

export interface Limits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
}

export function decodeLimits(options: DecodeOptions): Limits {
  return {
    maxBytes: limit('maxBytes', options.maxBytes, 16_777_216),
    maxDepth: limit('maxDepth', options.maxDepth, 4096),
    maxElements: limit('maxElements', options.maxElements, 4_194_304),
  };
}

export function viewOption(options: DecodeOptions): View {
  const view = options.view ?? 'plain';
  if (view !== 'plain' && view !== 'exact') throw new TypeError(`view must be 'plain' or 'exact'`);
  return view;
}

export function formatOption(options: { format?: SessionFormatName }): SessionFormatName {
  const format = options.format ?? 'php';
  if (format !== 'php') throw new TypeError(`format must be 'php'`);
  return format;
}

export interface WriteRules {
  readonly precision: -1 | 17;
  readonly classes: ReadonlySet<string>;
}

export function writeRules(options: EncodeOptions): WriteRules {
  const precision = options.serializePrecision ?? -1;
  if (precision !== -1 && precision !== 17) throw new TypeError('serializePrecision must be -1 or 17');
  const classes = new Set(options.classes ?? []);
  for (const name of classes) {
    if (!isClassName(name)) throw new TypeError('classes must be names of PHP classes, without a leading backslash');
  }
  return { precision, classes };
}

function limit(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!(value >= 0)) throw new TypeError(`${name} must be a number that is not negative`);
  return value;
}
