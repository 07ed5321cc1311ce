import { shared } from '../../shared.ts';
import { exactToken, isPlainObject, noToken, sessionToken } from '../source/origins.ts';
import { type Origin, originOf, type Source, type SourceNode } from '../source/source.ts';
import { isCommon, isMapObject, isPhpArray, isPhpObject, type PhpKey } from '../values.ts';

/** What is in an array, an object or a session, in the order in which it is to be written. */
export interface Entries {
  /** `undefined`: 0, 1, 2 and so on. */
  readonly keys: readonly PhpKey[] | undefined;
  readonly values: readonly unknown[];
  /** Where `tokens` are. */
  readonly source: Source | undefined;
  /** For each value the token of what stood at its place; `noToken`, or none, where nothing did. */
  readonly tokens: readonly number[];
  /**
   * `list`: the place says little about the value, as elements move. `session`: the values are variables. `exact`: what
   * the exact view read, which nothing is known about but itself.
   */
  readonly kind: 'map' | 'list' | 'session' | 'exact';
  /** Where `tokens` do not tell, as of what the exact view read: the tokens of the places, if their numbers matter (`Numbering`). */
  readonly places?: readonly number[] | undefined;
  /** Whether it was a list of nothing but floats. */
  readonly allFloats?: boolean;
}

/** What stood at the place of a value, or `noToken`. */
export function tokenAt(entries: Entries, index: number): number {
  return entries.tokens[index] ?? noToken;
}

export function keyAt(entries: Entries, index: number): PhpKey {
  return entries.keys === undefined ? index : entries.keys[index]!;
}

/** Lists that `asList` made of all elements of a map. */
export const renumbered: WeakMap<object, Origin> = shared('renumbered', () => new WeakMap());

const none: readonly number[] = [];
const isIndex = /^(?:0|[1-9][0-9]*)$/;

/**
 * What is in a container. Here, and in `Writer`, stand the rules by which the plain view keeps what JavaScript cannot say:
 *
 * - a container knows its own origin, wherever it was moved to; a map that the application made anew takes the one that
 *   stood at its place (`token` of `source`), a list never does
 * - keys that were there keep their order, new ones go last
 * - a property that is `undefined` is not written, as in JSON; a hole in a list is a missing key, as after PHP's `unset`
 *
 * @returns `undefined` for a value that PHP has no container for
 */
export function entriesOf(container: object, source: Source | undefined, token: number): Entries | undefined {
  const from = originOf(container);
  // A session may be a value too: of another one, or by itself.
  const own = from !== undefined && (from.at >= 0 || from.at === sessionToken) ? from : undefined;
  if (Array.isArray(container)) return ofList(container, own ?? renumbered.get(container));
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
  if (isExact) return { keys, values, source: undefined, tokens: none, kind: 'exact', places: placesOf(keys, from) };
  return { keys, values, source: from?.source, tokens: tokensFor(keys, from), kind: 'map' };
}

/** What stood at these keys of something that the exact view read, if numbers matter there. */
function placesOf(keys: readonly PhpKey[], from: Origin | undefined): readonly number[] | undefined {
  if (from?.source.references?.numbered === undefined) return undefined;
  const { source } = from;
  const at = exactToken(from.at);
  // Keys of properties are the only ones that `Node` has as they are.
  return tokensFor(at >= 0 && source.bytes[at] === 0x4f ? keys : keys.map(String), { source, at });
}

/** @param read what a key holds */
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
  // What PHP calls an array may have gained names here. On an array that JavaScript made they are metadata of its maker
  // (`index` and `input` of a RegExp match), and it is not known whether they are to be kept.
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

/** The keys that there are now: those that were there before in the order of then, new ones last. */
function keysInOrder(map: object, before: SourceNode): string[] {
  const keys = Object.keys(map);
  if (isPrefix(before.keys, keys)) return keys;
  const { index } = before;
  return [
    ...([...index.keys()] as string[]).filter((key) => Object.hasOwn(map, key)),
    ...keys.filter((key) => !index.has(key)),
  ];
}

/** What stood at the places of these keys. */
function tokensFor(keys: readonly PhpKey[], from: Origin | undefined): readonly number[] {
  if (from === undefined) return none;
  const node = from.source.nodeAt(from.at);
  return isPrefix(node.keys, keys) ? node.tokens : keys.map((key) => node.index.get(key) ?? noToken);
}

/** Whether what was there is there still, in its order. (A duplicate key makes this false, as `keys` has none.) */
function isPrefix(before: readonly PhpKey[], keys: readonly PhpKey[]): boolean {
  if (before.length > keys.length) return false;
  for (let index = 0; index < before.length; index++) if (before[index] !== keys[index]) return false;
  return true;
}
