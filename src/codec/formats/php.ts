import { type ByteString, decodeKey, encodeKey } from '../bytes.ts';
import { type Grammar, syntax } from '../grammar.ts';
import type { PhpVersion } from '../options.ts';
import type { PhpKey } from '../values.ts';
import { badKey, type SessionFormat, type Variable } from './format.ts';

/**
 * `session.serialize_handler = php`: `name|value` one after the other (php-src: `PS_SERIALIZER_DECODE_FUNC(php)` in
 * ext/session/session.c). A name ends at the first `|`; a value is as long as its own grammar says, and may hold any byte.
 * What is left behind the last value is an error, as in PHP 8: it destroys such a session. PHP 7 ignores it.
 */
export const php: SessionFormat = {
  isArray: false,

  variables(text: ByteString, grammar: Grammar, phpVersion: PhpVersion): Variable[] {
    const variables: Variable[] = [];
    for (let from = 0; from < text.length; ) {
      const bar = text.indexOf('|', from);
      if (bar < 0 && phpVersion < '8.0') break;
      if (bar < 0) throw syntax(from);
      grammar.element(from);
      const end = grammar.value(bar + 1);
      variables.push({ key: decodeKey(text.slice(from, bar)), from, start: bar + 1, end });
      from = end;
    }
    return variables;
  },

  /** PHP drops a variable with an int key, and writes an empty session where a key has a `|`. */
  variableHead(key: PhpKey): ByteString {
    if (typeof key !== 'string') throw badKey('php', key, 'an integer as key');
    const bytes = encodeKey(key);
    if (bytes === undefined) throw badKey('php', key, 'a key with half of a surrogate pair');
    if (bytes.includes('|')) throw badKey('php', key, 'a key with "|"');
    return `${bytes}|`;
  },

  session: (variables) => variables,
};
