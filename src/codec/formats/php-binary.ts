import { readKey } from '../bytes.ts';
import type { Output } from '../output.ts';
import { syntax } from '../read-errors.ts';
import type { Tokens } from '../tokens.ts';
import type { PhpKey } from '../values.ts';
import { badKey } from './bad-key.ts';
import type { Framing } from './framing.ts';

/**
 * `session.serialize_handler = php_binary`: one byte with the length of the name, the name, the value (php-src:
 * `PS_SERIALIZER_DECODE_FUNC(php_binary)`). The highest bit of the length once meant "not set", and is ignored.
 */
export const phpBinary: Framing = {
  name: 'php_binary',
  isArray: false,

  read(tokens: Tokens, value: (key: PhpKey, from: number) => void): void {
    const { bytes } = tokens;
    while (tokens.at < bytes.length) {
      const from = tokens.at;
      const start = from + 1 + (bytes[from]! & 0x7f);
      if (start >= bytes.length) throw syntax(from);
      tokens.countElement();
      tokens.at = start;
      value(readKey(bytes, from + 1, start), from);
    }
  },

  writeStart(): void {},

  /** PHP drops a variable with an int key, and without a word one with a key of more than 127 bytes. */
  writeKey(out: Output, key: PhpKey, index: number): void {
    if (typeof key !== 'string') throw badKey(this.name, key, index, 'an integer as key');
    const start = out.at;
    out.byte(0);
    const size = out.bareKey(key);
    if (size < 0) throw badKey(this.name, key, index, 'a key with half of a surrogate pair');
    if (size > 127) throw badKey(this.name, key, index, 'a key of more than 127 bytes');
    out.set(start, size);
  },

  writeEnd(): void {},
};
