import { PhpSessionError } from '../../errors.ts';
import { writeLimitError } from '../php/errors.ts';
import { isSameBytes } from '../php/text.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { Limits } from '../rules.ts';
import type { Source } from '../source/source.ts';

/** No element takes fewer bytes: `|N;` is a variable without a name, and an element of an array takes twice as many. */
const leastBytes = 3;

/**
 * What goes over a limit could be written, but never be read again. So it is not written. Where few bytes cannot hold too many
 * elements nothing has to be counted, and by the defaults that is so up to 3 MB. How deep new values are was seen by `Writer`.
 *
 * @param bytes what was written
 * @param source what parts of them may have been copied from without a look at how deep they are
 * @param read goes over the bytes as whoever reads them, and throws at the limits of the tokens
 * @throws PhpSessionError `ERR_PHP_LIMIT`
 */
export function checkWritten(
  bytes: Uint8Array,
  limits: Limits,
  source: Source | undefined,
  read: (tokens: Tokenizer) => void,
): Uint8Array {
  if (bytes.length > limits.maxBytes) throw writeLimitError('maxBytes', limits.maxBytes);
  const isNotTooDeep = source === undefined || source.limits.maxDepth <= limits.maxDepth;
  if (isNotTooDeep && bytes.length <= limits.maxElements * leastBytes) return bytes;
  const isWithin = isNotTooDeep && source !== undefined && source.limits.maxElements <= limits.maxElements;
  if (isWithin && isSameBytes(bytes, source.bytes)) return bytes;
  const tokens = new Tokenizer(bytes, 0, { ...limits, ignoresRest: false });
  try {
    read(tokens);
  } catch (error) {
    if (!(error instanceof PhpSessionError) || error.code !== 'ERR_PHP_LIMIT') throw error;
    const name = tokens.elements > limits.maxElements ? 'maxElements' : 'maxDepth';
    throw writeLimitError(name, limits[name]);
  }
  return bytes;
}
