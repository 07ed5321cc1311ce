import type { Classes } from './classes.ts';

// The options of a call, checked and with their defaults. Readers and writers follow these.

/**
 * - `plain`: numbers, strings, arrays and objects as an application wants them. The codec remembers what plain JavaScript cannot
 *   express, and writes it again with the value
 * - `exact`: `PhpArray`, `PhpFloat`, `PhpReference` and so on. Each value shows all that PHP has
 */
export type View = 'plain' | 'exact';

/** The most that may be read or written. */
export interface Limits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
}

export interface ReadRules extends Limits {
  /** Whether bytes after the last variable of a session are ignored, as in PHP 7. */
  readonly ignoresRest: boolean;
}

export interface WriteRules extends Limits {
  readonly precision: -1 | 17;
  readonly classes: Classes;
  readonly allowsEnums: boolean;
}
