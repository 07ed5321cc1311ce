import type { SourceNode } from '../source/nodes.ts';
import { isPlainObject, noToken, sessionToken } from '../source/origins.ts';
import { type Origin, originOf, type Source } from '../source/source.ts';
import { isCommon, isMapObject, isPhpArray, isPhpObject, type PhpKey } from '../values.ts';

/** The keys and values of an array, an object or a session, in the order of writing. */
export interface Entries {
  /** `undefined` for 0, 1, 2 and so on. */
  readonly keys: readonly PhpKey[] | undefined;
  readonly values: readonly unknown[];
  /** The source of `tokens`. */
  readonly source: Source | undefined;
  /** For each value the token that stood at its place. `noToken`, or no entry, if its place is new. */
  readonly tokens: readonly number[];
  /**
   * `list`: elements move, so a place does not identify its value. `session`: the values are variables. `exact`: from the exact view,
   * where a place means nothing.
   */
  readonly kind: 'map' | 'list' | 'session' | 'exact';
  /** Whether it was a list of floats only. */
  readonly allFloats?: boolean;
}

/** The token that stood at the place of a value, or `noToken`. */
export function tokenAt(entries: Entries, index: number): number {
  return entries.tokens[index] ?? noToken;
}

export function keyAt(entries: Entries, index: number): PhpKey {
  return entries.keys === undefined ? index : entries.keys[index]!;
}

const none: readonly number[] = [];
const isIndex = /^(?:0|[1-9][0-9]*)$/;

/**
 * The entries of a container. This file and `scalars.ts` have the rules by which the plain view keeps what JavaScript cannot express:
 *
 * - A container keeps its origin wherever the application moves it. A new map takes the origin of the array that stood at its place
 *   (`token` of `source`). A new list takes none, except from `asList`.
 * - Old keys keep their order. New keys go last.
 * - A property that is `undefined` is not written, as in JSON. A hole in a list is a missing key, as after PHP's `unset`.
 *
 * @returns `undefined` for a value that is no container in PHP
 */
export function entriesOf(container: object, source: Source | undefined, token: number): Entries | undefined {
  const from = originOf(container);
  // A session may be a value too, in another session or by itself.
  const own = from !== undefined && (from.at >= 0 || from.at === sessionToken) ? from : undefined;
  if (Array.isArray(container)) return ofList(container, own);
  if (!isCommon(container)) {
    if (isPhpObject(container)) {
      const { properties } = container;
      return isMapObject(properties) ? ofPairs(properties, from, own === undefined && from !== undefined) : undefined;
    }
    if (isPhpArray(container)) return ofPairs(container, from, true);
  }
  return isPlainObject(container) ? ofMap(container, own ?? arrayAt(source, token)) : undefined;
}

function arrayAt(source: Source | undefined, token: number): Origin | undefined {
  if (source === undefined || token < 0) return undefined;
  const at = source.resolve(token);
  return source.bytes[at] === 0x61 ? { source, at } : undefined;
}

function ofPairs(pairs: Iterable<[PhpKey, unknown]>, from: Origin | undefined, isExact: boolean): Entries {
  const keys: PhpKey[] = [];
  const values: unknown[] = [];
  for (const [key, value] of pairs) {
    if (value === undefined) continue;
    keys.push(key);
    values.push(value);
  }
  if (isExact) return { keys, values, source: undefined, tokens: none, kind: 'exact' };
  return { keys, values, source: from?.source, tokens: tokensFor(keys, from), kind: 'map' };
}

/** @param read gives the value of a key */
export function ofMap(
  map: Record<string, unknown>,
  from: Origin | undefined,
  read: (key: string) => unknown = (key) => map[key],
): Entries & { readonly keys: readonly string[] } {
  let keys = from === undefined ? Object.keys(map) : keysInOrder(map, from.source.nodeAt(from.at));
  let values = keys.map(read);
  if (values.includes(undefined)) {
    keys = keys.filter((_, index) => values[index] !== undefined);
    values = values.filter((value) => value !== undefined);
  }
  return { keys, values, source: from?.source, tokens: tokensFor(keys, from), kind: 'map' };
}

function ofList(list: readonly unknown[], from: Origin | undefined): Entries | undefined {
  const node = from?.source.nodeAt(from.at);
  const tokens = node === undefined ? none : node.isList ? node.tokens : [...node.index.values()];
  const allFloats = tokens.length > 0 && tokens.every((token) => from!.source.letterAt(token) === 0x64);
  const entries = { source: from?.source, tokens, kind: 'list' as const, allFloats };
  const keys = Object.keys(list);
  if (keys.length === list.length && !list.includes(undefined)) return { ...entries, keys: undefined, values: list };
  // A list that was read may get names: PHP's arrays can have both. On a new list, names may be metadata (`index` and `input` of a
  // RegExp match), so it is unclear whether to write them.
  const indexes = keys.filter((key) => isIndex.test(key) && Number(key) < list.length).map(Number);
  const named = keys.slice(indexes.length);
  if (named.length > 0 && from === undefined) return undefined;
  const properties = list as unknown as Record<string, unknown>;
  const written = named.filter((key) => properties[key] !== undefined);
  return {
    ...entries,
    keys: [...indexes, ...written],
    values: [...indexes.map((index) => list[index] ?? null), ...written.map((key) => properties[key])],
    tokens: indexes.map((index) => tokens[index] ?? noToken),
  };
}

/** The keys of a map: old ones in their old order, new ones last. */
function keysInOrder(map: object, before: SourceNode): string[] {
  const keys = Object.keys(map);
  if (isPrefix(before.keys, keys)) return keys;
  const { index } = before;
  return [
    ...([...index.keys()] as string[]).filter((key) => Object.hasOwn(map, key)),
    ...keys.filter((key) => !index.has(key)),
  ];
}

/** The tokens that stood at these keys. */
function tokensFor(keys: readonly PhpKey[], from: Origin | undefined): readonly number[] {
  if (from === undefined) return none;
  const node = from.source.nodeAt(from.at);
  return isPrefix(node.keys, keys) ? node.tokens : keys.map((key) => node.index.get(key) ?? noToken);
}

/** Whether all old keys are still there, in their order. (False if the bytes have a key twice, as `keys` never has.) */
function isPrefix(before: readonly PhpKey[], keys: readonly PhpKey[]): boolean {
  if (before.length > keys.length) return false;
  for (let index = 0; index < before.length; index++) if (before[index] !== keys[index]) return false;
  return true;
}
