import type { ByteWriter } from '../php/byte-writer.ts';
import { syntaxError } from '../php/errors.ts';
import type { Tokenizer } from '../php/tokenizer.ts';
import { normalKey, type PhpKey } from '../values.ts';
import { type Framing, halfPair } from './framing.ts';

/**
 * `session.serialize_handler = php_serialize`: `serialize($_SESSION)` (php-src: `PS_SERIALIZER_DECODE_FUNC(php_serialize)`).
 * PHP ignores bytes after the array. `N;` and no bytes at all are an empty session. PHP would also take a scalar or an object. It
 * could never write such a session again, so here it is an error.
 */
export const phpSerialize: Framing = {
  name: 'php_serialize',
  isArray: true,

  read(tokens: Tokenizer, value: (key: PhpKey, from: number) => void): void {
    const { bytes } = tokens;
    if (bytes.length === 0 || (bytes[0] === 0x4e && bytes[1] === 0x3b)) return;
    if (bytes[0] !== 0x61) throw syntaxError(0);
    for (let left = tokens.array(); left > 0; left--) {
      const from = tokens.at;
      value(normalKey(tokens.key()), from);
    }
    tokens.close();
  },

  writeKey(out: ByteWriter, key: PhpKey): string | undefined {
    if (typeof key !== 'string') out.int(key);
    else if (!out.key(key)) return halfPair;
    return undefined;
  },
};
