import { type ByteString, decodeKey, decodeUtf8, fromByteString } from './bytes.ts';
import { InstanceReader } from './classes.ts';
import type { View } from './options.ts';
import { enumName, type Source, stamp } from './source.ts';
import { parseFloatText, Tokens } from './tokens.ts';
import {
  createPlainMap,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
} from './values.ts';

type Container = unknown[] | Record<string, unknown> | PhpArray | PhpObject;

/** An array or object that is being filled. */
interface Frame {
  kind: 'list' | 'map' | 'array' | 'object';
  container: Container;
  /** What the place gets when it is full: the container, or in the exact view a reference to it. */
  result: unknown;
  /** The token. */
  at: number;
  left: number;
  key: PhpKey;
}

/**
 * Makes the value whose token is at `at`, with a stack of its own, as PHP's depth of 4,096 is more than JavaScript's stack
 * is sure to hold.
 *
 * Where the source has references, its values must be built in the order of the text, as they share what was built.
 */
export function build(source: Source, at: number, view: View): unknown {
  const tokens = new Tokens(source.text, at);
  const exact = view === 'exact';
  const { references, classes } = source;
  const instances = !exact && classes?.hasMappings ? new InstanceReader(source, classes) : undefined;
  const open: Frame[] = [];
  for (;;) {
    const start = tokens.at;
    const token = tokens.peek();
    let value: unknown;
    let frame: Frame | undefined;
    switch (token) {
      case 0x73: // s
      case 0x53: // S
        value = text(tokens.string());
        break;
      case 0x69: // i
        value = tokens.int();
        break;
      case 0x61: // a
        frame = openArray(source, tokens, exact);
        break;
      case 0x4e: // N
        tokens.skip(2);
        value = null;
        break;
      case 0x62: // b
        value = source.text.charCodeAt(start + 2) === 0x31;
        tokens.skip(4);
        break;
      case 0x64: {
        // d
        const number = parseFloatText(tokens.floatText());
        value = exact ? new PhpFloat(number) : number;
        break;
      }
      case 0x4f: {
        // O
        const container = new PhpObject(decodeKey(tokens.className()));
        const left = tokens.braceCount();
        frame = { kind: 'object', container, result: container, at: start, left, key: '' };
        stamp(container, source, exact ? -1 : start);
        instances?.begin(container);
        break;
      }
      case 0x43: {
        // C
        const name = decodeKey(tokens.className());
        const size = tokens.braceCount();
        value = new PhpCustom(name, fromByteString(source.text.slice(tokens.at, tokens.at + size)));
        tokens.skip(size + 1);
        stamp(value as PhpCustom, source, -1);
        break;
      }
      case 0x45: {
        // E
        const { className, caseName } = enumName(tokens.enumCase());
        value = new PhpEnum(className, caseName);
        stamp(value as PhpEnum, source, -1);
        break;
      }
      default: {
        // r, R
        tokens.reference();
        value = source.built.get(references!.targets.get(start)!);
        if (token === 0x72 && value instanceof PhpReference) value = value.value;
        if (open.length > 0) instances?.refer(value, open.at(-1)!.container, open.at(-1)!.key);
      }
    }

    if (references?.shared.has(start)) {
      const made = frame === undefined ? value : frame.container;
      const result = exact && references.tied.has(start) ? new PhpReference(made) : made;
      source.built.set(start, result);
      if (frame === undefined) value = result;
      else frame.result = result;
    }

    if (frame === undefined) {
      if (open.length === 0) return value;
      add(source, open.at(-1)!, value);
    } else {
      open.push(frame);
    }
    for (frame = open.at(-1)!; frame.left === 0; frame = open.at(-1)!) {
      tokens.skip(1);
      open.pop();
      if (instances !== undefined && frame.kind === 'object') {
        frame.result = instances.end(frame.container as PhpObject, frame.at);
      }
      if (open.length === 0) return frame.result;
      add(source, open.at(-1)!, frame.result);
    }
    frame.left--;
    const key = tokens.key();
    frame.key = typeof key === 'string' ? decodeKey(key) : key;
  }
}

function openArray(source: Source, tokens: Tokens, exact: boolean): Frame {
  const at = tokens.at;
  const left = tokens.arrayCount();
  if (exact) {
    const container = new PhpArray();
    stamp(container, source, -1);
    return { kind: 'array', container, result: container, at, left, key: '' };
  }
  const { references } = source;
  // Most arrays whose first key is 0 are lists. Where one turns out not to be, `add` makes it a map; where references
  // may already point to it, it was found out before.
  const isList =
    references === undefined ? left === 0 || source.text.startsWith('i:0;', tokens.at) : references.lists.has(at);
  const container = isList ? [] : createPlainMap();
  stamp(container, source, at);
  return { kind: isList ? 'list' : 'map', container, result: container, at, left, key: '' };
}

function add(source: Source, frame: Frame, value: unknown): void {
  const { container, key } = frame;
  if (frame.kind === 'list') {
    const list = container as unknown[];
    if (key === list.length) {
      list.push(value);
      return;
    }
    const map = createPlainMap();
    stamp(map, source, frame.at);
    for (let i = 0; i < list.length; i++) map[i] = list[i];
    frame.kind = 'map';
    frame.container = frame.result = map;
    map[String(key)] = value;
  } else if (frame.kind === 'map') {
    (container as Record<string, unknown>)[String(key)] = value;
  } else if (frame.kind === 'array') {
    (container as PhpArray).set(key, value);
  } else {
    (container as PhpObject).properties.set(key, value);
  }
}

/** Valid UTF-8 is a string, other bytes are bytes: either way PHP's bytes come back. */
function text(bytes: ByteString): string | Uint8Array {
  return decodeUtf8(bytes) ?? fromByteString(bytes);
}
