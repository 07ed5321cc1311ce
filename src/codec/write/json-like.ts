import type { ByteWriter } from '../php/byte-writer.ts';
import { floatText } from '../php/float-text.ts';
import type { WriteRules } from '../rules.ts';
import { isMap } from '../source/origins.ts';
import { originOf } from '../source/source.ts';
import { isIntKey } from '../values.ts';
import { renumbered } from './entries.ts';

/** Deeper values are left to `Writer`, which has a stack of its own; so is what goes over the limit. */
const deepest = 100;

/** In place of a number of values. */
const other = -1;

/**
 * Writes a value of the kinds that JSON has too, and that was not read: most new values are, and nothing has to be known about
 * them. That is a second way to write them, for speed alone; `Writer` can do all of it, and says what is wrong.
 *
 * @param levels how many arrays and objects it is in
 * @returns how many values it is, as PHP numbers them, or -1 for a value with anything else in it; what was written of it is then
 *   to be dropped
 */
export function writeJsonLike(out: ByteWriter, value: unknown, rules: WriteRules, levels: number): number {
  return write(out, value, rules, Math.min(deepest, rules.maxDepth - levels));
}

/** @param left how many levels it may have */
function write(out: ByteWriter, value: unknown, rules: WriteRules, left: number): number {
  switch (typeof value) {
    case 'string':
      return out.string(value) ? 1 : other;
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.int(value);
      else out.float(floatText(value, rules.precision));
      return 1;
    case 'boolean':
      out.ascii(value ? 'b:1;' : 'b:0;');
      return 1;
    case 'object':
      if (value === null) {
        out.ascii('N;');
        return 1;
      }
      if (left <= 0 || originOf(value) !== undefined) return other;
      if (Array.isArray(value)) return writeList(out, value, rules, left);
      if (Object.getPrototypeOf(value) === Object.prototype || isMap(value)) {
        return writeMap(out, value as Record<string, unknown>, rules, left);
      }
      return other;
    default:
      return other;
  }
}

function writeList(out: ByteWriter, list: readonly unknown[], rules: WriteRules, left: number): number {
  const { length } = list;
  // With names or holes, or made by `asList`, there is something to know. (V8 counts values faster than keys.)
  if (Object.values(list).length !== length || renumbered.has(list)) return other;
  out.openArray(length);
  let count = 1;
  for (let index = 0; index < length; index++) {
    out.int(index);
    const written = write(out, list[index], rules, left - 1);
    if (written === other) return other;
    count += written;
  }
  out.byte(0x7d);
  return count;
}

function writeMap(out: ByteWriter, map: Record<string, unknown>, rules: WriteRules, left: number): number {
  const keys = Object.keys(map);
  out.openArray(keys.length);
  let count = 1;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (isIntKey(key)) out.ascii(`i:${key};`);
    else if (!out.key(key)) return other;
    const written = write(out, map[key], rules, left - 1);
    if (written === other) return other;
    count += written;
  }
  out.byte(0x7d);
  return count;
}
