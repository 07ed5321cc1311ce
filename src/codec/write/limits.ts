import { PhpSessionError } from '../../errors.ts';
import type { Framing } from '../formats/framing.ts';
import { writeLimitError } from '../php/errors.ts';
import { isSameBytes } from '../php/text.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { validate } from '../read/validate.ts';
import type { Limits } from '../rules.ts';
import type { Source } from '../source/source.ts';

/** The fewest bytes of an element: `|N;` is a variable without a name. An element of an array takes twice as many. */
const leastBytes = 3;

/**
 * Bytes over a limit could never be read again, so they are an error. A few bytes cannot contain too many elements, so nothing is counted
 * there: with the default limits that is up to 3 MB. `Writer` has already checked the depth of new values.
 *
 * @param bytes the result of writing
 * @param source from which parts may have been copied without a check of their depth
 * @throws PhpSessionError `ERR_PHP_LIMIT`
 */
export function checkWritten(bytes: Uint8Array, framing: Framing, limits: Limits, source?: Source): Uint8Array {
  if (bytes.length > limits.maxBytes) throw writeLimitError('maxBytes', limits.maxBytes);
  const isNotTooDeep = source === undefined || source.limits.maxDepth <= limits.maxDepth;
  if (isNotTooDeep && bytes.length <= limits.maxElements * leastBytes) return bytes;
  const isWithin = isNotTooDeep && source !== undefined && source.limits.maxElements <= limits.maxElements;
  if (isWithin && isSameBytes(bytes, source.bytes)) return bytes;
  const tokens = new Tokenizer(bytes, 0, { ...limits, ignoresRest: false });
  try {
    framing.read(tokens, () => validate(tokens, framing.isArray ? 1 : 0));
  } catch (error) {
    if (!(error instanceof PhpSessionError) || error.code !== 'ERR_PHP_LIMIT') throw error;
    const name = tokens.elements > limits.maxElements ? 'maxElements' : 'maxDepth';
    throw writeLimitError(name, limits[name]);
  }
  return bytes;
}
