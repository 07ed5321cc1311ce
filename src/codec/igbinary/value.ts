import { limitsOf } from '../formats/translate.ts';
import { asBytes } from '../php/text.ts';
import type { Limits } from '../rules.ts';
import { unserialize } from '../serialize.ts';
import { valueToPhpSerialize } from './to-php-serialize.ts';

/**
 * Reads one value, as `igbinary_serialize()` writes it. In the plain view.
 *
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function readIgbinaryValue(bytes: Uint8Array, limits: Limits): unknown {
  return unserialize(valueToPhpSerialize(asBytes(bytes), limits), limitsOf(limits));
}
