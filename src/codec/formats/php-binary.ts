import { type ByteString, decodeKey, encodeKey } from '../bytes.ts';
import { type Grammar, syntax } from '../grammar.ts';
import type { PhpKey } from '../values.ts';
import { badKey, type SessionFormat, type Variable } from './format.ts';

/**
 * `session.serialize_handler = php_binary`: one byte with the length of the name, the name, the value (php-src:
 * `PS_SERIALIZER_DECODE_FUNC(php_binary)`). The highest bit of the length once meant "not set", and is ignored.
 */
export const phpBinary: SessionFormat = {
  isArray: false,

  variables(text: ByteString, grammar: Grammar): Variable[] {
    const variables: Variable[] = [];
    for (let from = 0; from < text.length; ) {
      const start = from + 1 + (text.charCodeAt(from) & 0x7f);
      if (start >= text.length) throw syntax(from);
      grammar.element(from);
      const end = grammar.value(start);
      variables.push({ key: decodeKey(text.slice(from + 1, start)), from, start, end });
      from = end;
    }
    return variables;
  },

  /** PHP drops a variable with an int key, and without a word one with a key of more than 127 bytes. */
  variableHead(key: PhpKey): ByteString {
    if (typeof key !== 'string') throw badKey('php_binary', key, 'an integer as key');
    const bytes = encodeKey(key);
    if (bytes === undefined) throw badKey('php_binary', key, 'a key with half of a surrogate pair');
    if (bytes.length > 127) throw badKey('php_binary', key, 'a key of more than 127 bytes');
    return String.fromCharCode(bytes.length) + bytes;
  },

  session: (variables) => variables,
};
