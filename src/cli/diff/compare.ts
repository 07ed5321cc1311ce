import { isPhpCustom, isPhpEnum, isPhpFloat, isPhpObject, isPhpReference } from '../../codec/index.ts';
import { isObject } from '../../codec/values.ts';
import { entriesOf, typeOf } from '../outline.ts';

/** A place where two sessions differ. */
export interface Difference {
  readonly path: readonly string[];
  /** `missing`: only the first has it; `added`: only the second; `order`: the same keys in another order. */
  readonly kind: 'missing' | 'added' | 'type' | 'value' | 'order';
  readonly first: unknown;
  readonly second: unknown;
}

/**
 * Where two sessions of the exact view differ, down to the smallest parts.
 *
 * @param around the pairs in which these two stand: a session may hold itself
 */
export function differences(
  first: unknown,
  second: unknown,
  path: readonly string[] = [],
  around: readonly (readonly [unknown, unknown])[] = [],
): Difference[] {
  if (isPhpReference(first)) return differences(first.value, second, path, around);
  if (isPhpReference(second)) return differences(first, second.value, path, around);
  if (around.some(([one, other]) => one === first && other === second)) return [];
  if (typeOf(first) !== typeOf(second)) return [{ path, kind: 'type', first, second }];
  const [one, other] = [entriesOf(first), entriesOf(second)];
  if (one === undefined || other === undefined || classOf(first) !== classOf(second)) {
    return scalar(first) === scalar(second) ? [] : [{ path, kind: 'value', first, second }];
  }
  const [before, after] = [new Map(one), new Map(other)];
  const deeper = [...around, [first, second] as const];
  const shared = [...before.keys()].filter((key) => after.has(key));
  const isReordered = [...after.keys()].filter((key) => before.has(key)).some((key, at) => key !== shared[at]);
  return [
    ...[...before].flatMap(([key, value]) => {
      const at = [...path, String(key)];
      if (after.has(key)) return differences(value, after.get(key), at, deeper);
      return [{ path: at, kind: 'missing' as const, first: value, second: undefined }];
    }),
    ...[...after]
      .filter(([key]) => !before.has(key))
      .map(([key, value]) => ({
        path: [...path, String(key)],
        kind: 'added' as const,
        first: undefined,
        second: value,
      })),
    ...(isReordered ? [{ path, kind: 'order' as const, first, second }] : []),
  ];
}

const classOf = (value: unknown): string | undefined =>
  isObject(value) && isPhpObject(value) ? value.className : undefined;

/** A text that differs where two values without parts do. */
function scalar(value: unknown): string {
  if (isPhpFloat(value)) return Object.is(value.value, -0) ? '-0' : String(value.value);
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  if (isPhpCustom(value)) return `${value.className}:${Buffer.from(value.data).toString('hex')}`;
  if (isObject(value) && isPhpObject(value)) return value.className;
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : `text ${String(value)}`;
}
