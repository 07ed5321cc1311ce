import { isPhpArray, isPhpFloat, isPhpObject, isPhpReference } from '../../src/codec/index.ts';

/** As PHP writes objects of classes that it does not know: all names of properties are strings. */
export function asPhpWrites<T>(value: T, seen: Set<unknown> = new Set()): T {
  if (typeof value !== 'object' || value === null || seen.has(value)) return value;
  seen.add(value);
  if (isPhpReference(value)) asPhpWrites(value.value, seen);
  if (isPhpArray(value)) for (const element of value.values()) asPhpWrites(element, seen);
  if (isPhpObject(value)) {
    const entries = [...value.properties];
    value.properties.clear();
    for (const [key, element] of entries) value.properties.set(String(key), asPhpWrites(element, seen));
  }
  return value;
}

/** A value of the exact view as describe() in oracle.php sees it in a PHP that knows no classes but its own. Not for values that contain themselves. */
export function described(value: unknown): unknown {
  if (typeof value === 'string') return ['s', base64(value)];
  if (typeof value === 'number' || typeof value === 'bigint') return ['i', String(value)];
  if (typeof value !== 'object' || value === null) return value;
  if (isPhpReference(value)) return described(value.value);
  if (value instanceof Uint8Array) return ['s', Buffer.from(value).toString('base64')];
  if (isPhpFloat(value)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value.value);
    return ['d', bytes.toString('base64')];
  }
  if (isPhpArray(value)) {
    return ['a', Array.from(value, ([key, element]) => [describedKey(key), described(element)])];
  }
  if (isPhpObject(value)) {
    const entries = Array.from(value.properties, ([key, element]) => [describedKey(String(key)), described(element)]);
    // PHP keeps the name of a class that it does not know as a property.
    if (value.className.toLowerCase() !== 'stdclass') {
      entries.unshift([describedKey('__PHP_Incomplete_Class_Name'), described(value.className)]);
    }
    return ['o', entries];
  }
  throw new Error('describe() does not know this');
}

function describedKey(key: unknown): string {
  return typeof key === 'string' ? `s${base64(key)}` : `i${key}`;
}

/** Keys that are no UTF-8 have their bytes in lone surrogates. */
function base64(text: string): string {
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character);
  });
  return Buffer.concat(parts).toString('base64');
}
