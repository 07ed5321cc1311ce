import type { ByteWriter } from '../php/byte-writer.ts';
import { floatText } from '../php/float-text.ts';
import type { WriteRules } from '../rules.ts';
import { isMap } from '../source/origins.ts';
import { originOf } from '../source/source.ts';
import { isIntKey } from '../values.ts';

/** `Writer` writes deeper values, because it has a stack of its own. It also handles values over the limit. */
const deepest = 100;

/** Instead of a number of values. */
const other = -1;

/**
 * Writes a new value of types that JSON has too. Most new values are like that, and need no rule. This is a second way to write them,
 * only for speed: `Writer` can do all of it, and reports what is wrong.
 *
 * @param levels how many arrays and objects are around it
 * @returns how many values it is, as PHP numbers them. -1 if it contains anything else: then the caller must drop what was written
 */
export function writeJsonLike(out: ByteWriter, value: unknown, rules: WriteRules, levels: number): number {
  return write(out, value, rules, Math.min(deepest, rules.maxDepth - levels));
}

/** @param left how many more levels are allowed */
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
  // A list with names or holes needs the rules. (V8 counts values faster than keys.)
  if (Object.values(list).length !== length) return other;
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
