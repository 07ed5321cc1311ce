import type { ByteWriter } from '../php/byte-writer.ts';
import { syntaxError } from '../php/errors.ts';
import { readKey } from '../php/text.ts';
import type { Tokenizer } from '../php/tokenizer.ts';
import type { PhpKey } from '../values.ts';
import { type Framing, halfPair, intKey } from './framing.ts';

/**
 * `session.serialize_handler = php_binary`: one byte with the length of the name, the name, the value (php-src:
 * `PS_SERIALIZER_DECODE_FUNC(php_binary)`). The highest bit of the length once meant "not set", and is ignored.
 */
export const phpBinary: Framing = {
  name: 'php_binary',
  isArray: false,

  read(tokens: Tokenizer, value: (key: PhpKey, from: number) => void): void {
    const { bytes } = tokens;
    while (tokens.at < bytes.length) {
      const from = tokens.at;
      const start = from + 1 + (bytes[from]! & 0x7f);
      if (start >= bytes.length) throw syntaxError(from);
      tokens.countElement();
      tokens.at = start;
      value(readKey(bytes, from + 1, start), from);
    }
  },

  /** PHP drops a variable with an int key, and in silence one with a key of more than 127 bytes. */
  writeKey(out: ByteWriter, key: PhpKey): string | undefined {
    if (typeof key !== 'string') return intKey;
    const start = out.at;
    out.byte(0);
    const size = out.keyBytes(key);
    if (size < 0) return halfPair;
    if (size > 127) return 'a key of more than 127 bytes';
    out.set(start, size);
    return undefined;
  },
};
