import type { ByteWriter } from '../php/byte-writer.ts';
import { syntaxError } from '../php/errors.ts';
import { readKey } from '../php/text.ts';
import type { Tokenizer } from '../php/tokenizer.ts';
import type { PhpKey } from '../values.ts';
import { type Framing, halfPair, intKey } from './framing.ts';

const BAR = 0x7c;

/**
 * `session.serialize_handler = php`: `name|value` one after the other (php-src: `PS_SERIALIZER_DECODE_FUNC(php)` in
 * ext/session/session.c). A name ends at the first `|`. A value ends by its own grammar and may contain any byte. Bytes after the last
 * value are an error: PHP 8 destroys such a session. PHP 7 ignores them.
 */
export const php: Framing = {
  name: 'php',
  isArray: false,

  read(tokens: Tokenizer, value: (key: PhpKey, from: number) => void): void {
    const { bytes } = tokens;
    while (tokens.at < bytes.length) {
      const from = tokens.at;
      let bar = from;
      while (bar < bytes.length && bytes[bar] !== BAR) bar++;
      if (bar === bytes.length) {
        if (tokens.rules.ignoresRest) return;
        throw syntaxError(from);
      }
      tokens.countElement();
      tokens.at = bar + 1;
      value(readKey(bytes, from, bar), from);
    }
  },

  /** PHP drops a variable with an int key. If a key contains `|`, it writes an empty session. */
  writeKey(out: ByteWriter, key: PhpKey): string | undefined {
    if (typeof key !== 'string') return intKey;
    if (key.indexOf('|') >= 0) return 'a key with "|"';
    if (out.keyBytes(key) < 0) return halfPair;
    out.byte(BAR);
    return undefined;
  },
};
