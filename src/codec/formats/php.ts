import { PhpSessionError } from '../../errors.ts';
import { type ByteString, encodeKey } from '../bytes.ts';
import { type Grammar, syntax } from '../grammar.ts';
import type { PhpKey } from '../values.ts';
import type { SessionFormat, Variable } from './format.ts';

/**
 * `session.serialize_handler = php`: `name|value` one after the other (php-src: `PS_SERIALIZER_DECODE_FUNC(php)` in
 * ext/session/session.c). A name ends at the first `|`; a value is as long as its own grammar says, and may hold any byte.
 * What is left behind the last value is an error, as in PHP 8: it destroys such a session.
 */
export const phpFormat: SessionFormat = {
  variables(text: ByteString, grammar: Grammar): Variable[] {
    const variables: Variable[] = [];
    for (let at = 0; at < text.length; ) {
      const bar = text.indexOf('|', at);
      if (bar < 0) throw syntax(at);
      const end = grammar.value(bar + 1);
      variables.push({ name: text.slice(at, bar), from: at, start: bar + 1, end });
      at = end;
    }
    return variables;
  },

  /** PHP drops a variable with an int key, and writes an empty session where a key has a `|`. */
  variableHead(key: PhpKey): ByteString {
    if (typeof key !== 'string') throw badKey(key, 'an integer as key');
    const bytes = encodeKey(key);
    if (bytes === undefined) throw badKey(key, 'a key with half of a surrogate pair');
    if (bytes.includes('|')) throw badKey(key, 'a key with "|"');
    return `${bytes}|`;
  },
};

function badKey(key: PhpKey, what: string): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_KEY',
    `The format php cannot write ${what} at the top level of a session: PHP would lose data; nothing was written`,
    { path: [String(key)] },
  );
}
