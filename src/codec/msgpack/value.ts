import { plainValue } from '../formats/translate.ts';
import type { Limits } from '../rules.ts';
import { Reader } from './reader.ts';

/**
 * Reads one value, as `msgpack_pack()` and `msgpack_serialize()` write it. In the plain view.
 *
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`, `ERR_PHP_UNREPRESENTABLE` for an enum
 */
export function readMsgpackValue(bytes: Uint8Array, limits: Limits): unknown {
  return plainValue(new Reader(bytes, limits, false).readValue(), 'msgpack', limits);
}
