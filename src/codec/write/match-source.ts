import { Tokenizer } from '../php/tokenizer.ts';
import { isFrom, isMap } from '../source/origins.ts';
import type { Source } from '../source/source.ts';
import { isObject, type PhpKey, type PhpObject } from '../values.ts';
import { isWholeEnum, isWholeObject } from './strays.ts';

/** Instead of the offset of an end. */
const changed = -1;

/** An array or object during the comparison. `left` keys still come. */
interface Frame {
  readonly list: readonly unknown[] | undefined;
  readonly map: Record<string, unknown> | undefined;
  /** For an object. */
  readonly properties: Iterator<[PhpKey, unknown]> | undefined;
  left: number;
}

/**
 * Compares a value of the plain view with its bytes, so that these can be copied if they are the same. An application does not change
 * most of what it reads. A value with a `C:` or a reference in it never matches.
 *
 * @param levels how many levels it may have: the application may have moved it deeper
 * @param objects gets the tokens of the objects and enums in it
 * @returns where the bytes of the value end, or a negative number if it has changed
 */
export function matchSource(
  source: Source,
  token: number,
  value: unknown,
  levels: number,
  objects: number[] = [],
): number {
  const tokens = new Tokenizer(source.bytes, token);
  const open: Frame[] = [];
  for (let current = value; ; ) {
    const at = tokens.at;
    switch (tokens.peek()) {
      case 0x73: // s
      case 0x53: // S
        if (typeof current !== 'string' || !tokens.isString(current)) return changed;
        break;
      case 0x61: {
        // a
        if (!isObject(current) || !isFrom(current, source, at) || open.length >= levels) return changed;
        const left = tokens.array();
        const list = Array.isArray(current) ? current : undefined;
        // `Writer` handles an object that has another prototype now.
        if (Object.keys(current).length !== left || (list === undefined && !isMap(current))) return changed;
        const map = list === undefined ? (current as Record<string, unknown>) : undefined;
        open.push({ list, map, properties: undefined, left });
        break;
      }
      case 0x4f: {
        // O
        if (!isObject(current) || !isFrom(current, source, at) || open.length >= levels) return changed;
        if (!isWholeObject(current, tokens.className())) return changed;
        const left = tokens.objectCount();
        const { properties } = current as PhpObject;
        if (properties.size !== left) return changed;
        objects.push(at);
        open.push({ list: undefined, map: undefined, properties: properties[Symbol.iterator](), left });
        break;
      }
      case 0x45: // E
        if (!isObject(current) || !isFrom(current, source, at)) return changed;
        if (!isWholeEnum(current, tokens.enumCase())) return changed;
        objects.push(at);
        break;
      case 0x72: // r
      case 0x52: // R
        return changed;
      default:
        // What a `C:` gives is a new object, and never the same.
        if (!Object.is(tokens.scalar(), current)) return changed;
    }

    let frame = open.at(-1);
    while (frame?.left === 0) {
      tokens.close();
      open.pop();
      frame = open.at(-1);
    }
    if (frame === undefined) return tokens.at;
    frame.left--;
    const key = tokens.key();
    if (frame.list !== undefined) {
      // A list from `asList` has the origin of a map.
      if (key !== frame.list.length - frame.left - 1) return changed;
      current = frame.list[key];
    } else if (frame.map !== undefined) {
      current = frame.map[typeof key === 'bigint' ? String(key) : key];
    } else {
      const property = frame.properties!.next().value as [PhpKey, unknown];
      if (property[0] !== key) return changed;
      current = property[1];
    }
  }
}
