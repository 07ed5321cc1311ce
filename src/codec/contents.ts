import { type Origin, origin, type Source } from './source.ts';
import { parseFloatText, Tokens } from './tokens.ts';
import { isPhpArray, isPhpObject, isPlainObject, type PhpKey, type PhpObject } from './values.ts';

/** A place for a value, what is to be written there, and what stood there when it was read. */
export interface Place {
  readonly key: PhpKey;
  readonly value: unknown;
  /** What stood there: the token at `at` of this source. `at` is -1 where nothing did. */
  readonly source: Source | undefined;
  readonly at: number;
  /** Whether a number here is a float, even if it has no fraction. */
  readonly float: boolean;
  readonly inList: boolean;
  /** Whether it is a variable of the session itself. */
  readonly isVariable: boolean;
}

/**
 * What is in an array or object, in the order in which it is to be written. Here stand the rules by which the plain view
 * keeps what JavaScript cannot say:
 *
 * - a container knows its own origin, wherever it was moved to; a map that the application made anew takes the one that
 *   stood at its place, a list never does
 * - keys that were there keep their order, new ones go last
 * - what was a float stays one under the same key; in a list, where elements move, only if the number at that index is
 *   the same, or if all were floats
 * - a property that is `undefined` is not written, as in JSON; a hole in a list is a missing key, as after PHP's `unset`
 *
 * @returns `undefined` for a value that PHP has no container for
 */
export function contentsOf(container: object, place: Place): Place[] | undefined {
  if (isPhpObject(container)) return ofObject(container);
  if (isPhpArray(container)) return ofEntries(container, undefined);
  const from = originOf(container, place);
  if (Array.isArray(container)) return ofList(container, from);
  return isPlainObject(container) ? ofMap(container, from) : undefined;
}

function originOf(container: object, place: Place): Origin | undefined {
  const own = origin(container);
  if (own !== undefined && own.at >= 0) return own;
  const { source } = place;
  if (source === undefined || place.at < 0 || Array.isArray(container)) return undefined;
  const at = source.resolve(place.at);
  return tokenAt(source, at) === 'a' ? { source, at } : undefined;
}

function ofObject(object: PhpObject): Place[] {
  const from = origin(object);
  return ofEntries(object.properties, from === undefined || from.at < 0 ? undefined : from);
}

function ofEntries(entries: Iterable<[PhpKey, unknown]>, from: Origin | undefined): Place[] {
  const places: Place[] = [];
  const before = from?.source.node(from.at).entries;
  for (const [key, value] of entries) {
    if (value !== undefined) places.push(mapPlace(key, value, from?.source, before?.get(key) ?? -1));
  }
  return places;
}

function ofMap(map: Record<string, unknown>, from: Origin | undefined): Place[] {
  const places: Place[] = [];
  const before = from?.source.node(from.at).entries ?? new Map<PhpKey, number>();
  for (const [key, at] of before) {
    const name = key as string;
    if (Object.hasOwn(map, name) && map[name] !== undefined) {
      places.push(mapPlace(name, map[name], from?.source, at));
    }
  }
  for (const key of Object.keys(map)) {
    if (!before.has(key) && map[key] !== undefined) places.push(mapPlace(key, map[key], undefined, -1));
  }
  return places;
}

function ofList(list: unknown[], from: Origin | undefined): Place[] | undefined {
  const places: Place[] = [];
  const before = from === undefined ? [] : [...from.source.node(from.at).entries.values()];
  const source = from?.source;
  const allFloats = before.length > 0 && before.every((at) => tokenAt(source!, source!.resolve(at)) === 'd');
  for (let key = 0; key < list.length; key++) {
    const value = list[key] ?? null;
    if (value === null && !(key in list)) continue;
    const at = before[key] ?? -1;
    const float = typeof value === 'number' && (allFloats || (at >= 0 && isSameFloat(source!, at, value)));
    places.push({ key, value, source, at, float, inList: true, isVariable: false });
  }
  const keys = Object.keys(list);
  if (keys.length > places.length) {
    // What PHP calls an array may have gained names here. On an array that JavaScript made they are metadata of its maker
    // (`index` and `input` of a RegExp match), and it is not known whether they are to be kept.
    if (from === undefined) return undefined;
    for (const key of keys.slice(places.length)) {
      const value = (list as unknown as Record<string, unknown>)[key];
      if (value !== undefined) places.push(mapPlace(key, value, undefined, -1));
    }
  }
  return places;
}

function mapPlace(key: PhpKey, value: unknown, source: Source | undefined, at: number): Place {
  const float = source !== undefined && at >= 0 && tokenAt(source, source.resolve(at)) === 'd';
  return { key, value, source, at, float, inList: false, isVariable: false };
}

/** The place of a variable of the session, or of a value by itself. */
export function topPlace(key: PhpKey, value: unknown, source?: Source, at = -1): Place {
  return { ...mapPlace(key, value, source, at), isVariable: true };
}

function isSameFloat(source: Source, at: number, value: number): boolean {
  const token = source.resolve(at);
  return tokenAt(source, token) === 'd' && Object.is(floatAt(source, token), value);
}

export function floatAt(source: Source, at: number): number {
  return parseFloatText(new Tokens(source.text, at).floatText());
}

export function tokenAt(source: Source, at: number): string {
  return source.text[at]!;
}
