import type { ByteWriter } from '../php/byte-writer.ts';
import { floatText } from '../php/float-text.ts';
import type { Source } from '../source/source.ts';
import type { Entries } from './entries.ts';
import { matchSource } from './match-source.ts';

// What stood at the place of a scalar decides how it is written. A float stays a float under the same key. In a list it stays one if
// the number at that index is the same, or if all elements were floats.

/**
 * @param token what stood at its place in `source`, or -1
 * @param list the list that holds it, if a list does
 */
export function writeNumber(
  out: ByteWriter,
  value: number,
  precision: -1 | 17,
  source: Source | undefined,
  token: number,
  list: Entries | undefined,
): void {
  let number = value;
  let isFloat = list?.allFloats === true;
  if (token >= 0) {
    const before = source!.letterAt(token);
    if (before === 0x64) {
      if (copyUnchanged(out, value, source!, token)) return;
      isFloat ||= list === undefined;
    } else if (before === 0x69 && value === 0) {
      number = 0; // -0 too: an int stays an int
    }
  }
  if (isFloat || !Number.isSafeInteger(number) || Object.is(number, -0)) out.float(floatText(number, precision));
  else writeInt(out, number, source, token);
}

/** An int that did not change keeps its text: `i:+5;`. */
export function writeInt(out: ByteWriter, value: number | bigint, source: Source | undefined, token: number): void {
  if (token >= 0 && copyUnchanged(out, value, source!, token)) return;
  out.int(value);
}

/** Copies the scalar that stood at a place, if it is the same value. */
export function copyUnchanged(out: ByteWriter, value: unknown, source: Source, token: number): boolean {
  const at = source.resolve(token);
  const end = matchSource(source, at, value, 0);
  if (end < 0) return false;
  out.copy(source.bytes, at, end);
  return true;
}
