/** A part of the text, by offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A session in the format php_serialize, and what only igbinary can say of it. */
export interface Translation {
  readonly text: Uint8Array;
  /** Whether a string stands for an earlier one by its number. With `igbinary.compact_strings = 0` none does. */
  readonly usesIds: boolean;
  /** Arrays in the text that igbinary has only as the number of an equal one. There are no references in them. */
  readonly copies: readonly Span[];
  /**
   * Empty arrays in objects, as class and key, that are no number of another empty array and that no other is a number of. PHP makes such an
   * array for some of its own classes, as for `ArrayObject`. All other empty arrays are one.
   */
  readonly loneArrays: ReadonlySet<string>;
  /** Whether an object is in places with and without a PHP reference. The exact view joins them, as `serialize()` does. */
  readonly isSplit: boolean;
  /** Where objects start that have properties without a value, and the positions of these among all properties. */
  readonly gaps: ReadonlyMap<number, readonly number[]>;
}

/** Of a session without bytes. */
export const nothing: Omit<Translation, 'text'> = {
  usesIds: true,
  copies: [],
  loneArrays: new Set(),
  isSplit: false,
  gaps: new Map(),
};

/** The place of an empty array, in `loneArrays`. */
export function lonePlace(className: string, key: number | bigint): string {
  return `${key} ${className}`;
}
