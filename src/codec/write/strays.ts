import type { PhpSessionErrorCode } from '../../errors.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { exactToken } from '../source/origins.ts';
import { type Origin, originOf } from '../source/source.ts';
import {
  isMapObject,
  isPhpEnum,
  isPhpObject,
  kindOf,
  type PhpCustom,
  type PhpEnum,
  type PhpObject,
} from '../values.ts';
import { unrepresentable } from './errors.ts';

// An application can put onto one of PHP's values what PHP has no place for: `session.user.name = 'x'` where `user` is a
// `PhpObject`. It would be lost in silence, so it is an error when the session is written. (A frozen value would not help: it loses
// what is assigned in silence too, in sloppy code.) What JavaScript itself does not take for data, symbols as keys and properties
// that are not enumerable, is an error on the session itself. On the values in it it is left out, as in JSON: libraries mark values
// so, and to look for it takes longer than to write most values.

/** What is wrong with a value, as an error says it. */
export interface Fault {
  readonly code: PhpSessionErrorCode;
  readonly what: string;
  /** The property that is meant. */
  readonly key?: string;
}

/** Whether a `PhpObject` that was read holds nothing but what is written of it, and has the name that it was read with. */
export function isWholeObject(value: object, className: string): boolean {
  if (!isPhpObject(value) || value.className !== className) return false;
  const { properties } = value;
  return (
    properties instanceof Map &&
    strayIn(properties) === undefined &&
    strayIn(value, 'className', 'properties') === undefined
  );
}

/** As `isWholeObject`, for an enum. */
export function isWholeEnum(value: object, { className, caseName }: { className: string; caseName: string }): boolean {
  const isSame = isPhpEnum(value) && value.className === className && value.caseName === caseName;
  return isSame && strayIn(value, 'className', 'caseName') === undefined;
}

/** What would be lost if one of PHP's values were written, or is wrong about it itself. What is in it is not looked at. */
export function faultOf(value: object): Fault | undefined {
  switch (kindOf(value)) {
    case 'float':
      return stray(value, 'PhpFloat', 'set its `value`', 'value');
    case 'array':
      return stray(value, 'PhpArray', 'use set()');
    case 'object':
      return faultOfObject(value as PhpObject);
    case 'reference':
      return stray(value, 'PhpReference', 'set its `value`', 'value');
    case 'enum':
      return faultOfNames(value as PhpEnum) ?? stray(value, 'PhpEnum', 'make a new one', 'className', 'caseName');
    case 'custom':
      return faultOfNames(value as PhpCustom) ?? stray(value, 'PhpCustom', 'change its `data`', 'className', 'data');
    default:
      return undefined;
  }
}

function faultOfObject(value: PhpObject): Fault | undefined {
  const properties: unknown = value.properties;
  const fault = faultOfNames(value) ?? stray(value, 'PhpObject', 'use set()', 'className', 'properties');
  if (fault !== undefined) return fault;
  if (isMapObject(properties)) return stray(properties, 'Map of properties', 'use set()');
  return { code: unrepresentable, what: 'A PhpObject whose `properties` are no Map', key: 'properties' };
}

/** @param instead what to do */
function stray(value: object, what: string, instead: string, one?: string, other?: string): Fault | undefined {
  const key = strayIn(value, one, other);
  if (key === undefined) return undefined;
  return {
    code: unrepresentable,
    what: `A ${what} with a property that PHP has no place for (${instead} instead)`,
    key,
  };
}

/** A property of its own, besides these two. */
function strayIn(value: object, one?: string, other?: string): string | undefined {
  // By far the fastest way, as V8 keeps the list of keys.
  for (const key in value) if (key !== one && key !== other && Object.hasOwn(value, key)) return key;
  return undefined;
}

/** PHP instantiates what it reads: what was read stays what it was. */
function faultOfNames(value: { className: string; caseName?: string }): Fault | undefined {
  const { className, caseName } = value;
  const code = 'ERR_PHP_CLASS';
  if (typeof className !== 'string') return { code, what: 'A `className` that is no string' };
  if (isPhpEnum(value) && typeof caseName !== 'string') return { code, what: 'A `caseName` that is no string' };
  const from = originOf(value);
  if (from === undefined) return undefined;
  const before = namesAt(from);
  if (before.className === className && before.caseName === caseName) return undefined;
  return { code, what: 'A value whose `className` or `caseName` was changed after it was read (make a new one)' };
}

function namesAt({ source, at }: Origin): { className: string; caseName?: string } {
  const tokens = new Tokenizer(source.bytes, at < 0 ? exactToken(at) : at);
  return tokens.peek() === 0x45 ? tokens.enumCase() : { className: tokens.className() };
}
