import {
  isPhpArray,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  type PhpKey,
} from '../codec/index.ts';
import { isList, isObject } from '../codec/values.ts';
import { printable } from './report.ts';

/** What a value is, without what it says; with `key` and `value` where that was asked for. */
export interface Outline {
  /** The name, or `key 1`: the first of its array or object. */
  readonly key: string;
  readonly type: PhpType;
  /** Elements of an array, properties of an object, bytes of a string. */
  readonly size?: number;
  /** Of an object. Shown where values are. */
  readonly className?: string;
  /** Of what has no parts, as JSON can hold it. */
  readonly value?: string | number | boolean | null;
  readonly parts?: readonly Outline[];
}

export type PhpType = 'null' | 'bool' | 'int' | 'float' | 'string' | 'array' | 'object' | 'enum';

/** @param value of the exact view */
export function typeOf(value: unknown): PhpType {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (isPhpFloat(value)) return 'float';
  if (isPhpArray(value)) return 'array';
  if (isPhpEnum(value)) return 'enum';
  return typeof value === 'string' || value instanceof Uint8Array ? 'string' : 'object';
}

interface How {
  readonly reveal: boolean;
  /** Levels of arrays and objects that are opened. */
  readonly depth: number;
}

/**
 * @param value of the exact view
 * @param around the objects in which it stands: a session may hold itself
 */
export function outlineOf(key: string, value: unknown, how: How, around: readonly unknown[] = []): Outline {
  if (isPhpReference(value)) return outlineOf(key, value.value, how, around);
  const base = { key, type: typeOf(value), ...sizeOf(value), ...(how.reveal && revealed(value)) };
  const entries = entriesOf(value);
  if (entries === undefined || how.depth <= 0 || around.includes(value)) return base;
  const deeper = { ...how, depth: how.depth - 1 };
  const isNumbered = isPhpArray(value) && isList(entries.map(([one]) => one));
  return {
    ...base,
    parts: entries.map(([one, inner], at) =>
      outlineOf(isNumbered ? `[${at}]` : nameOf(one, at, how.reveal), inner, deeper, [...around, value]),
    ),
  };
}

/** What a key is called: its position, unless names may be shown. */
export const nameOf = (key: PhpKey, at: number, reveal: boolean): string => (reveal ? String(key) : `key ${at + 1}`);

/** What has parts. */
export function entriesOf(value: unknown): [PhpKey, unknown][] | undefined {
  if (isPhpArray(value)) return [...value];
  return isObject(value) && isPhpObject(value) ? [...value.properties] : undefined;
}

/**
 * What stands at a path of keys.
 *
 * @param value of the exact view
 * @returns `undefined` where there is nothing
 */
export function valueAt(value: unknown, keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (isPhpReference(found)) found = found.value;
    if (isPhpArray(found)) found = found.get(key);
    else found = isObject(found) && isPhpObject(found) ? found.get(key) : undefined;
  }
  return isPhpReference(found) ? found.value : found;
}

function sizeOf(value: unknown): { size?: number } {
  if (typeof value === 'string') return { size: Buffer.byteLength(value) };
  if (value instanceof Uint8Array) return { size: value.length };
  if (isPhpArray(value)) return { size: value.size };
  if (isPhpObject(value)) return { size: value.properties.size };
  return isPhpCustom(value) ? { size: value.data.length } : {};
}

function revealed(value: unknown): Partial<Outline> {
  if (isPhpObject(value) || isPhpCustom(value)) return { className: value.className };
  if (isPhpEnum(value)) return { className: value.className, value: value.caseName };
  if (isPhpFloat(value)) return { value: Number.isFinite(value.value) ? value.value : String(value.value) };
  if (value instanceof Uint8Array) return { value: `0x${Buffer.from(value).toString('hex')}` };
  if (typeof value === 'bigint') return { value: String(value) };
  return isPhpArray(value) ? {} : { value: value as string | number | boolean | null };
}

/** A line for it and each of its parts. */
export function outlineLines(outline: Outline, indent = ''): string[] {
  const { key, parts = [] } = outline;
  const line = `${indent}${printable(key)}: ${inWords(outline)}`;
  return [line, ...parts.flatMap((part) => outlineLines(part, `${indent}  `))];
}

/** `string, 5 bytes`, and the value where it is shown. */
export function inWords({ type, size, className, value }: Omit<Outline, 'key'>): string {
  const unit = type === 'string' ? 'byte' : type === 'array' ? 'element' : 'property';
  const plural = unit === 'property' ? 'properties' : `${unit}s`;
  return [
    [type, className && printable(className)].filter(Boolean).join(' '),
    ...(size === undefined ? [] : [`${size} ${size === 1 ? unit : plural}`]),
    ...(value === undefined ? [] : [printable(JSON.stringify(value))]),
  ].join(', ');
}
