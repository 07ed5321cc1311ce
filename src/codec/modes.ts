import { Output } from './output.ts';

/**
 * How much the writer has to know of values:
 *
 * - `patch`: some of the values of a source, which depend on no others
 * - `count`: all values, one after the other, so that they have numbers
 * - `tie`: and the PHP references among them
 */
export type Mode = 'patch' | 'count' | 'tie';

/** Thrown where a mode is not enough. */
export const needsMore: unique symbol = Symbol('needs a mode that knows more');

/**
 * Writes in the first mode that is enough.
 *
 * @param size how many bytes there will be, as far as is known
 * @param modes to be tried, one after the other; the last one is enough
 * @param maxBytes see `Output`
 * @throws PhpSessionError
 */
export function writeBytes(
  size: number,
  modes: readonly Mode[],
  write: (out: Output, mode: Mode) => void,
  maxBytes?: number,
): Uint8Array {
  for (const mode of modes) {
    const out = new Output(size, maxBytes);
    try {
      write(out, mode);
      return out.take();
    } catch (error) {
      out.drop();
      if (error !== needsMore) throw error;
    }
  }
  throw new Error('The last mode was not enough');
}
