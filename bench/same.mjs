// Whether a codec read what PHP reads. PHP describes the value (php.php, `describe`); this compares.

/**
 * - `['string', base64]`, `['int', decimal]`, `['float', number]`, `['value', true | false | null]`
 * - `['list' | 'map' | 'object', number, [key in base64, Description][]]`
 * - `['again', number]`: the array or object that has this number
 *
 * @typedef {[kind: string, content: any, entries?: [string, any][]]} Description
 */

/**
 * Compares a codec's value with PHP's. A codec may keep a PHP array as an array, an object or a Map, and an object in any form.
 * Numbers must be equal. All elements must be there, and no others, and one object in PHP must be one object.
 *
 * @param {Description} description
 * @param {any} value
 * @param {(value: any) => any} [simplify] turns a codec's own classes into values to compare
 * @returns {string | undefined} the first difference, or `undefined`
 */
export function difference(description, value, simplify = (any) => any) {
  const seen = new Map();
  return compare(description, value, '');

  /** @type {(description: Description, value: any, path: string) => string | undefined} */
  function compare([kind, content, entries], value, path) {
    // Without the contents of strings: this may be the row of a real user.
    const wrong = `${path || 'the value'}: PHP has ${kind}${kind === 'string' ? '' : ` ${content}`}`;
    if (kind === 'again') return seen.get(content) === value ? undefined : wrong;
    if (entries !== undefined) {
      if (typeof value !== 'object' || value === null) return wrong;
      seen.set(content, value);
      const elements = elementsOf(simplify(value));
      if (elements.size !== entries.length) return `${wrong} of ${entries.length}, not of ${elements.size}`;
      for (const [encoded, element] of entries) {
        const key = Buffer.from(encoded, 'base64').toString();
        if (!elements.has(key)) return `${path}/${key}: missing`;
        const found = compare(element, elements.get(key), `${path}/${key}`);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    return isScalar(kind, content, simplify(value)) ? undefined : wrong;
  }
}

/**
 * @param {string} kind
 * @param {any} content
 * @param {any} value
 */
function isScalar(kind, content, value) {
  switch (kind) {
    case 'string': {
      const bytes = Buffer.from(content, 'base64');
      return value instanceof Uint8Array ? bytes.equals(value) : value === bytes.toString() && isUtf8(bytes, value);
    }
    case 'int':
      return typeof value === 'bigint' ? value === BigInt(content) : value === Number(content);
    default:
      return value === content;
  }
}

/** @param {Buffer} bytes @param {string} text */
function isUtf8(bytes, text) {
  return bytes.equals(Buffer.from(text));
}

/**
 * @param {any} container
 * @returns {Map<string, unknown>}
 */
function elementsOf(container) {
  if (container instanceof Map) return new Map([...container].map(([key, value]) => [String(key), value]));
  return new Map(Object.entries(container));
}

/**
 * The value as plain data, as JSON has them: no bytes (they become text, a character a byte), nothing shared (`null` the second
 * time).
 *
 * @param {Description} description
 * @returns {any}
 */
export function plainData([kind, content, entries]) {
  switch (kind) {
    case 'string': {
      const bytes = Buffer.from(content, 'base64');
      return isUtf8(bytes, bytes.toString()) ? bytes.toString() : bytes.toString('latin1');
    }
    case 'int':
      return Number(content);
    case 'again':
      return null;
    case 'list':
      return (entries ?? []).map(([, value]) => plainData(value));
    case 'map':
    case 'object':
      return Object.fromEntries(
        (entries ?? []).map(([key, value]) => [Buffer.from(key, 'base64').toString(), plainData(value)]),
      );
    default:
      return content;
  }
}
