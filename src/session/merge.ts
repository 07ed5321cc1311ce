import {
  decodeSession,
  encodeSession,
  isPhpArray,
  isPhpEnum,
  isPhpObject,
  isPhpReference,
  PhpArray,
  type PhpKey,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
  serialize,
  unserialize,
} from '../codec/index.ts';
import { isSameBytes } from '../codec/php/text.ts';
import { isObject } from '../codec/values.ts';
import { PhpSessionError } from '../errors.ts';

/** A value that two requests changed. `undefined`: it is not there. */
export interface MergeConflict {
  /** Keys from the session down to the value. */
  readonly path: readonly string[];
  /** What this request read. */
  readonly base: unknown;
  /** What this request makes of it. */
  readonly mine: unknown;
  /** What another request has stored meanwhile. */
  readonly theirs: unknown;
}

/**
 * What becomes of a value that two requests changed, each in its own way: this request's, the one that is stored,
 * `ERR_SESSION_CONFLICT`, or what a function returns (`undefined` deletes it). A function is also asked where both made the same
 * change, as two that count from 5 to 6 do.
 */
export type ConflictRule = 'mine' | 'theirs' | 'error' | ((conflict: MergeConflict) => unknown);

export interface Merged {
  readonly data: Uint8Array;
  /** The paths of the conflicts that the rule decided. */
  readonly conflicts: readonly (readonly string[])[];
}

type Codec = SessionDecodeOptions & SessionEncodeOptions;

/** For parts of sessions, which are within the limits as a whole. */
const unlimited = { maxBytes: Infinity, maxDepth: Infinity, maxElements: Infinity };

/** A part of the session that is taken from one side as a whole. */
interface Piece {
  readonly path: readonly string[];
  readonly key: PhpKey;
  /** Where it is, or would be, in what is stored. */
  readonly place: PhpArray;
  readonly base: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
  /** Pieces that belong together have one, in the end. */
  group: Group;
}

type Side = 'base' | 'mine' | 'theirs';

interface Group {
  /** Leads to the group that this one has become a part of. */
  parent: Group | undefined;
}

/**
 * Puts the changes of one request on what others have stored since it read the session: three ways, down through maps whose
 * keys are all strings. Lists, maps with numbers for keys, objects and values are taken as a whole; parts that share an object
 * or a PHP reference are one whole, so that they share it afterwards too.
 *
 * What a session held that others have emptied since is not put back, and a function is not asked about it: only what this request has
 * added is stored.
 *
 * Works on the exact view, where references and the identity of objects are values of their own: so what comes from either side
 * gets its numbers anew.
 *
 * @throws PhpSessionError `ERR_SESSION_CONFLICT` with the `path`, by the rule `error`; what `decodeSession` and
 *   `encodeSession` throw
 */
export function merge(
  base: Uint8Array,
  mine: Uint8Array,
  theirs: Uint8Array,
  rule: ConflictRule,
  codec: Codec,
): Merged {
  if (isSameBytes(mine, base)) return { data: theirs, conflicts: [] };
  if (isSameBytes(theirs, base)) return { data: mine, conflicts: [] };
  const read = (bytes: Uint8Array) => decodeSession(bytes, { ...codec, view: 'exact' });
  const result = read(theirs);
  const before = read(base);
  // It was logged out, or a login has moved it to another id: what it held does not come back.
  const wasEmptied = result.size === 0 && before.size > 0;
  const decidedBy = wasEmptied && rule !== 'error' ? 'theirs' : rule;
  const pieces: Piece[] = [];
  split([], before, read(mine), result, pieces);
  // What is in the two sessions may be in the merged one.
  const classes = new Set<string>();
  for (const side of ['base', 'mine', 'theirs'] as const) join(pieces, side, classes);

  const options = { ...unlimited, classes: [...classes] };
  const bytesOf = (value: unknown) =>
    value === undefined ? '' : Buffer.from(serialize(value, options)).toString('latin1');
  /** By their bytes: 1 and 1.0 differ in PHP, and the order of keys counts. */
  const differs = (a: unknown, b: unknown) => a !== b && bytesOf(a) !== bytesOf(b);
  const conflicts: (readonly string[])[] = [];
  for (const group of groups(pieces)) {
    const [baseOf, mineOf, theirsOf] = [together(group, 'base'), together(group, 'mine'), together(group, 'theirs')];
    if (!differs(mineOf, baseOf)) continue;
    const haveBothChanged = differs(theirsOf, baseOf);
    // The same change twice is no conflict to a rule, but a function may be counting: then 6 of 5 twice makes 7.
    const isContested = (piece: Piece) =>
      differs(piece.mine, piece.theirs) || (typeof decidedBy === 'function' && differs(piece.mine, piece.base));
    const contested = new Set(haveBothChanged ? group.filter(isContested) : []);
    // Both may have changed what the pieces share, and nothing else.
    if (haveBothChanged && contested.size === 0 && differs(mineOf, theirsOf))
      for (const piece of group) contested.add(piece);
    for (const piece of group) {
      if (contested.has(piece)) {
        conflicts.push(piece.path);
        put(piece, decide(piece, decidedBy));
      } else if (contested.size === 0 || decidedBy !== 'theirs') {
        put(piece, piece.mine);
      }
    }
  }
  return { data: encodeSession(result, { ...codec, classes: [...(codec.classes ?? []), ...classes] }), conflicts };
}

/** Finds the pieces: a map that both sides have is gone into. */
function split(
  path: readonly string[],
  base: PhpArray | undefined,
  mine: PhpArray,
  place: PhpArray,
  pieces: Piece[],
): void {
  for (const key of new Set([...place.keys(), ...mine.keys(), ...(base?.keys() ?? [])])) {
    const values = { base: base?.get(key), mine: mine.get(key), theirs: place.get(key) };
    const inner = [...path, String(key)];
    if (
      isStringMap(values.mine) &&
      isStringMap(values.theirs) &&
      (values.base === undefined || isStringMap(values.base))
    ) {
      split(inner, values.base, values.mine, values.theirs, pieces);
    } else {
      pieces.push({ path: inner, key, place, ...values, group: { parent: undefined } });
    }
  }
}

function isStringMap(value: unknown): value is PhpArray {
  return isObject(value) && isPhpArray(value) && [...value.keys()].every((key) => typeof key === 'string');
}

/** Makes one group of the pieces in which one side has the same object or reference. Gathers the classes on the way. */
function join(pieces: readonly Piece[], side: Side, classes: Set<string>): void {
  const owners = new Map<object, Piece>();
  for (const piece of pieces) {
    const rest: unknown[] = [piece[side]];
    const seen = new Set<object>();
    while (rest.length > 0) {
      const value = rest.pop();
      if (!isObject(value) || seen.has(value)) continue;
      seen.add(value);
      if (isPhpArray(value)) {
        for (const element of value.values()) rest.push(element);
        continue;
      }
      if ('className' in value) classes.add(String(value.className));
      if (isPhpEnum(value)) continue; // a value: the case is the same object wherever it stands
      if (isPhpReference(value)) rest.push(value.value);
      else if (isPhpObject(value)) for (const property of value.properties.values()) rest.push(property);
      const owner = owners.get(value);
      if (owner === undefined) owners.set(value, piece);
      else if (rootOf(owner.group) !== rootOf(piece.group)) rootOf(piece.group).parent = rootOf(owner.group);
    }
  }
}

function rootOf(group: Group): Group {
  let root = group;
  while (root.parent !== undefined) root = root.parent;
  return root;
}

function groups(pieces: readonly Piece[]): Iterable<readonly Piece[]> {
  const found = new Map<Group, Piece[]>();
  for (const piece of pieces) {
    const root = rootOf(piece.group);
    const group = found.get(root);
    if (group === undefined) found.set(root, [piece]);
    else group.push(piece);
  }
  return found.values();
}

/** What one side has in a group. What its pieces share shows only there. */
function together(group: readonly Piece[], side: Side): unknown {
  return group.length === 1 ? group[0]![side] : new PhpArray(group.map((piece, index) => [index, piece[side]]));
}

function decide(piece: Piece, rule: ConflictRule): unknown {
  const { path, base, mine, theirs } = piece;
  if (rule === 'mine') return mine;
  if (rule === 'theirs') return theirs;
  if (rule === 'error') {
    throw new PhpSessionError(
      'ERR_SESSION_CONFLICT',
      'this request and another one changed the same part of the session',
      {
        path,
      },
    );
  }
  const conflict: MergeConflict = { path, base: plain(base), mine: plain(mine), theirs: plain(theirs) };
  const decision = rule(conflict);
  // What is taken as it is keeps what it shares with others.
  if (Object.is(decision, conflict.mine)) return mine;
  if (Object.is(decision, conflict.theirs)) return theirs;
  return decision;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : unserialize(serialize(value, unlimited), unlimited);
}

function put({ place, key }: Piece, value: unknown): void {
  if (value === undefined) place.delete(key);
  else place.set(key, value);
}
