import { ByteWriter } from '../php/byte-writer.ts';

/**
 * How much the writer knows about values. Each strategy costs more than the one before it:
 *
 * - `patch`: it copies unchanged values, and knows no numbers
 * - `number`: it writes all values and counts them, so that it can write an `r:`
 * - `references`: before it writes, it also finds all PHP references, so that it can write an `R:`
 */
export type WriteStrategy = 'patch' | 'number' | 'references';

/** Thrown by the writer if its strategy knows too little. */
export const escalate: unique symbol = Symbol('needs the next strategy');

/**
 * Writes by the first strategy that knows enough.
 *
 * @param size an estimate of the number of bytes
 * @param strategies in the order to try them. The last one must always be enough
 * @param maxBytes as in `ByteWriter`
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
