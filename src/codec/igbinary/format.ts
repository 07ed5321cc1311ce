import type { SessionFormat } from '../formats/format.ts';
import { limitsOf } from '../formats/translate.ts';
import { copyOf, isSameBytes } from '../php/text.ts';
import type { Limits } from '../rules.ts';
import { decodeSession, encodeSession } from '../session.ts';
import { fromPhpSerialize, type Original } from './from-php-serialize.ts';
import { readPlain } from './read-plain.ts';
import { toPhpSerialize } from './to-php-serialize.ts';
import { nothing } from './translation.ts';
import { writePlain } from './write-plain.ts';

/** What sessions were read from, by their text in php_serialize. */
const originals: WeakMap<Uint8Array, Original> = new WeakMap();

/**
 * `session.serialize_handler = igbinary`, of PHP's extension igbinary: as `serializeHandler` of `phpSession()`, and as `format` of
 * `decodeSession()` and `encodeSession()`. It reads versions 1 and 2, and writes version 2, as PHP does.
 *
 * From bytes to bytes, without values: so the codec needs to know nothing of igbinary.
 */
export const igbinary: SessionFormat = {
  name: 'igbinary',

  recognize([a, b, c, version]) {
    return a === 0 && b === 0 && c === 0 && (version === 1 || version === 2);
  },

  toSerialized(bytes, limits) {
    const translation = bytes.length === 0 ? { ...nothing, text: bytes } : toPhpSerialize(bytes, limits);
    originals.set(translation.text, { ...translation, bytes });
    return translation.text;
  },

  fromSerialized(text, limits, before) {
    const original = before && originals.get(before);
    if (original === undefined) return fromPhpSerialize(text, limits);
    const isUnchanged = isSameBytes(text, before!) || (original.isSplit && isSameBytes(text, joined(before!, limits)));
    return isUnchanged ? copyOf(original.bytes) : fromPhpSerialize(text, limits, original);
  },

  readPlain: (bytes, rules, classes) => readPlain(bytes, rules, igbinary, classes),
  writePlain,
};

/** A session as the exact view writes it. */
function joined(text: Uint8Array, limits: Limits): Uint8Array {
  const options = { ...limitsOf(limits), format: 'php_serialize', view: 'exact' } as const;
  return encodeSession(decodeSession(text, options), options);
}
