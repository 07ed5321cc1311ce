import type { Classes } from './classes.ts';

// What the options of a call come to: whoever reads and writes goes by these.

/**
 * - `plain`: numbers, strings, arrays and objects as an application wants them; what plain JavaScript cannot say is
 *   remembered and comes back when the value is written
 * - `exact`: `PhpArray`, `PhpFloat`, `PhpReference` and so on: nothing is left to a rule
 */
export type View = 'plain' | 'exact';

/** How much is read, or written. */
export interface Limits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
}

/** What is read, and how much of it. */
export interface ReadRules extends Limits {
  /** Whether what is behind the last variable of a session is none of its business. */
  readonly ignoresRest: boolean;
}

/** How values are written, and how much of them. */
export interface WriteRules extends Limits {
  readonly precision: -1 | 17;
  readonly classes: Classes;
  readonly allowsEnums: boolean;
}
