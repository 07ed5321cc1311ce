import type { Tokenizer } from '../php/tokenizer.ts';
import type { View } from '../rules.ts';
import { InstanceReader } from '../source/instances.ts';
import { createMap, exactToken, tagOrigin } from '../source/origins.ts';
import type { Source } from '../source/source.ts';
import {
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
  propertyKey,
} from '../values.ts';
import { type BackReferences, needsReferences } from './back-references.ts';
import { checkDepth } from './validate.ts';

/** An array or object that is being filled. */
interface Frame {
  kind: 'list' | 'map' | 'array' | 'object';
  container: unknown[] | Record<string, unknown> | PhpArray | PhpObject;
  /** The value for its place: the container, in the exact view perhaps a reference to it, for a mapped class an instance. */
  result: unknown;
  /** Its token. */
  readonly at: number;
  /** Its number in `BackReferences`. */
  number: number;
  left: number;
  key: PhpKey;
  readonly outer: Frame | undefined;
}

/**
 * Checks and builds the next value. It has a stack of its own, because PHP allows 4,096 levels, and JavaScript's stack may be too small
 * for them.
 *
 * With references, values share parts. So they must be built in the order of the text. `source.references` knows the targets before, or
 * `backReferences` finds them during the pass.
 *
 * @param levels how many arrays and objects are around it
 * @param backReferences only in the plain view, and if no class is mapped
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`
 * @throws `needsReferences`
 */
export function parseValue(
  source: Source,
  tokens: Tokenizer,
  view: View,
  levels: number = 0,
  backReferences?: BackReferences,
): unknown {
  const exact = view === 'exact';
  const { references, classes } = source;
  const instances = !exact && classes.hasMappings ? new InstanceReader(source, classes) : undefined;
  let frame: Frame | undefined;
  let depth = levels;
  for (;;) {
    const start = tokens.at;
    const token = tokens.peek();
    let value: unknown;
    let opened: Frame | undefined;
    switch (token) {
      case 0x73: // s
      case 0x53: // S
        value = tokens.string();
        break;
      case 0x69: // i
        value = tokens.int();
        break;
      case 0x61: // a
        opened = openArray(source, tokens, exact, frame);
        checkDepth(tokens, depth, opened.left > 0, start);
        break;
      case 0x4f: {
        // O
        const container = new PhpObject(tokens.className());
        const left = tokens.objectCount();
        checkDepth(tokens, depth, true, start);
        opened = { kind: 'object', container, result: container, at: start, number: 0, left, key: '', outer: frame };
        tagOrigin(container, source, exact ? exactToken(start) : start);
        instances?.begin(container);
        break;
      }
      case 0x43: {
        // C
        const { className, dataStart, dataEnd } = tokens.custom();
        if (references === undefined && (tokens.hasReferences || backReferences !== undefined)) throw needsReferences;
        value = new PhpCustom(className, new Uint8Array(tokens.bytes.subarray(dataStart, dataEnd)));
        tagOrigin(value as PhpCustom, source, exact ? exactToken(start) : start);
        break;
      }
      case 0x45: {
        // E
        const { className, caseName } = tokens.enumCase();
        value = new PhpEnum(className, caseName);
        tagOrigin(value as PhpEnum, source, exact ? exactToken(start) : start);
        break;
      }
      case 0x72: // r
      case 0x52: {
        // R
        const number = tokens.reference();
        if (backReferences !== undefined) {
          value = token === 0x52 ? backReferences.shareAt(number) : backReferences.objectAt(number);
          break;
        }
        if (references === undefined) throw needsReferences;
        value = source.shared.get(references.targets.get(start)!);
        if (token === 0x72 && value instanceof PhpReference) value = value.value;
        if (frame !== undefined) instances?.refer(value, frame.container, frame.key);
        break;
      }
      default:
        value = tokens.scalar();
        if (exact && token === 0x64) value = new PhpFloat(value as number); // d
    }

    if (references?.shared.has(start)) {
      const made = opened === undefined ? value : opened.container;
      const result = exact && references.inSets.has(start) ? new PhpReference(made) : made;
      source.shared.set(start, result);
      if (opened === undefined) value = result;
      else opened.result = result;
    }

    if (opened !== undefined) {
      if (backReferences !== undefined) opened.number = backReferences.add(start, opened.container);
      frame = opened;
      depth++;
    } else {
      if (token !== 0x52) backReferences?.add(start, value);
      if (frame === undefined) return value;
      add(source, frame, value, backReferences);
    }
    while (frame.left === 0) {
      tokens.close();
      depth--;
      const full: Frame = frame;
      if (instances !== undefined && full.kind === 'object') {
        full.result = instances.end(full.container as PhpObject, full.at);
      }
      if (full.outer === undefined) return full.result;
      frame = full.outer;
      add(source, frame, full.result, backReferences);
    }
    frame.left--;
    frame.key = tokens.key();
  }
}

function openArray(source: Source, tokens: Tokenizer, exact: boolean, outer: Frame | undefined): Frame {
  const at = tokens.at;
  const left = tokens.array();
  if (exact) {
    const container = new PhpArray();
    tagOrigin(container, source, exactToken(at));
    return { kind: 'array', container, result: container, at, number: 0, left, key: '', outer };
  }
  // Most arrays whose first key is 0 are lists. If this one is not, `add` turns it into a map. With references that would be too late.
  const isList = source.references === undefined ? left === 0 || startsWithZero(tokens) : source.nodeAt(at).isList;
  if (!isList) {
    const container = createMap(source, at);
    return { kind: 'map', container, result: container, at, number: 0, left, key: '', outer };
  }
  const container: unknown[] = [];
  tagOrigin(container, source, at);
  return { kind: 'list', container, result: container, at, number: 0, left, key: '', outer };
}

/** Whether `i:0;` comes next. */
function startsWithZero({ bytes, at }: Tokenizer): boolean {
  return bytes[at] === 0x69 && bytes[at + 2] === 0x30 && bytes[at + 3] === 0x3b;
}

function add(source: Source, frame: Frame, value: unknown, backReferences: BackReferences | undefined): void {
  const { container, key } = frame;
  if (frame.kind === 'list') {
    const list = container as unknown[];
    if (key === list.length) {
      list.push(value);
      return;
    }
    const map = createMap(source, frame.at);
    for (let i = 0; i < list.length; i++) map[i] = list[i];
    backReferences?.replace(frame.number, map);
    frame.kind = 'map';
    frame.container = frame.result = map;
    addToMap(map, key, value, backReferences);
  } else if (frame.kind === 'map') {
    addToMap(container as Record<string, unknown>, key, value, backReferences);
  } else if (frame.kind === 'array') {
    (container as PhpArray).set(key, value);
  } else {
    const { properties } = container as PhpObject;
    // For PHP a number and its digits are the same property. Here they are two keys.
    if (backReferences !== undefined && (typeof key !== 'string' || properties.has(key))) throw needsReferences;
    properties.set(propertyKey(properties, key), value);
  }
}

function addToMap(
  map: Record<string | number, unknown>,
  key: PhpKey,
  value: unknown,
  backReferences: BackReferences | undefined,
): void {
  const name = typeof key === 'bigint' ? String(key) : key;
  if (backReferences !== undefined && name in map) throw needsReferences;
  map[name] = value;
}
