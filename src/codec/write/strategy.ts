import { ByteWriter } from '../php/byte-writer.ts';

/**
 * How much the writer has to know of values:
 *
 * - `patch`: some of the values of a source, which depend on no others
 * - `count`: all values, one after the other, so that they have numbers
 * - `tie`: and the PHP references among them
 */
export type WriteStrategy = 'patch' | 'number' | 'references';

/** Thrown where a strategy is not enough. */
export const escalate: unique symbol = Symbol('needs a strategy that knows more');

/**
 * Writes in the first strategy that is enough.
 *
 * @param size how many bytes there will be, as far as is known
 * @param strategies to be tried, one after the other; the last one is enough
 * @param maxBytes see `Output`
 * @throws PhpSessionError
 */
export function writeByStrategies(
  size: number,
  strategies: readonly WriteStrategy[],
  write: (out: ByteWriter, strategy: WriteStrategy) => void,
  maxBytes?: number,
): Uint8Array {
  for (const strategy of strategies) {
    const out = new ByteWriter(size, maxBytes);
    try {
      write(out, strategy);
      return out.finish();
    } catch (error) {
      out.discard();
      if (error !== escalate) throw error;
    }
  }
  throw new Error('The last strategy was not enough');
}
