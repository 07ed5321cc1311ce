import type { PhpSessionErrorCode } from '../../errors.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { exactToken } from '../source/origins.ts';
import { type Origin, originOf } from '../source/source.ts';
import {
  isMapObject,
  isPhpArray,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  type PhpObject,
} from '../values.ts';
import { unrepresentable } from './errors.ts';

// A stray property is one that PHP has no place for: `session.user.name = 'x'` where `user` is a `PhpObject`. It would be lost in
// silence, so it is an error when the session is written. (To freeze values would not help: sloppy code loses assignments to them in
// silence too.) JavaScript hides symbols and properties that are not enumerable. On the session they are an error, in session.ts. On
// values they are left out, as in JSON: libraries mark values with them, and to look for them takes longer than to write most values.

/** An error about a value, without its place. */
export interface Fault {
  readonly code: PhpSessionErrorCode;
  readonly what: string;
  /** The wrong property. */
  readonly key?: string;
}

/** Whether a `PhpObject` that was read has no stray property, and still has its class name. */
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

/** What is wrong with one of PHP's values itself. It does not check the values inside. */
export function faultOf(value: object): Fault | undefined {
  if (isPhpObject(value)) return faultOfObject(value);
  if (isPhpFloat(value)) return stray(value, 'PhpFloat', 'set its `value`', 'value');
  if (isPhpArray(value)) return stray(value, 'PhpArray', 'use set()');
  if (isPhpReference(value)) return stray(value, 'PhpReference', 'set its `value`', 'value');
  if (isPhpEnum(value)) {
    return faultOfNames(value) ?? stray(value, 'PhpEnum', 'make a new one', 'className', 'caseName');
  }
  if (isPhpCustom(value)) {
    return faultOfNames(value) ?? stray(value, 'PhpCustom', 'change its `data`', 'className', 'data');
  }
  return undefined;
}

function faultOfObject(value: PhpObject): Fault | undefined {
  const properties: unknown = value.properties;
  const fault = faultOfNames(value) ?? stray(value, 'PhpObject', 'use set()', 'className', 'properties');
  if (fault !== undefined) return fault;
  if (isMapObject(properties)) return stray(properties, 'Map of properties', 'use set()');
  return { code: unrepresentable, what: 'A PhpObject whose `properties` are no Map', key: 'properties' };
}

/** @param instead the right way */
function stray(value: object, what: string, instead: string, one?: string, other?: string): Fault | undefined {
  const key = strayIn(value, one, other);
  if (key === undefined) return undefined;
  return {
    code: unrepresentable,
    what: `A ${what} with a property that PHP has no place for (${instead} instead)`,
    key,
  };
}

/** An own property besides these two. */
function strayIn(value: object, one?: string, other?: string): string | undefined {
  // By far the fastest way, because V8 caches the list of keys.
  for (const key in value) if (key !== one && key !== other && Object.hasOwn(value, key)) return key;
  return undefined;
}

/** PHP instantiates what it reads, so the names of a value that was read must not change. */
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
