import { type ByteString, decodeKey, encodeKey } from '../bytes.ts';
import { type Grammar, syntax } from '../grammar.ts';
import { Tokens } from '../tokens.ts';
import { normalKey, type PhpKey } from '../values.ts';
import { badKey, type SessionFormat, type Variable } from './format.ts';

/**
 * `session.serialize_handler = php_serialize`: `serialize($_SESSION)` (php-src: `PS_SERIALIZER_DECODE_FUNC(php_serialize)`).
 * PHP ignores what is behind the array, and takes `N;` and no bytes at all for an empty session. It would also take
 * a scalar or an object; such a session could never be written again, so it is refused here.
 */
export const phpSerialize: SessionFormat = {
  isArray: true,

  variables(text: ByteString, grammar: Grammar): Variable[] {
    if (text === '' || text.startsWith('N;')) return [];
    if (!text.startsWith('a:')) throw syntax(0);
    const variables: Variable[] = [];
    let { count, at } = grammar.array(0);
    for (; count > 0; count--) {
      const from = at;
      grammar.element(from);
      const start = grammar.key(from);
      at = grammar.value(start, 1);
      const key = new Tokens(text, from).key();
      variables.push({ key: normalKey(typeof key === 'string' ? decodeKey(key) : key), from, start, end: at });
    }
    if (text[at] !== '}') throw syntax(at);
    return variables;
  },

  variableHead(key: PhpKey): ByteString {
    if (typeof key !== 'string') return `i:${key};`;
    const bytes = encodeKey(key);
    if (bytes === undefined) throw badKey('php_serialize', key, 'a key with half of a surrogate pair');
    return `s:${bytes.length}:"${bytes}";`;
  },

  session: (variables, count) => `a:${count}:{${variables}}`,
};
