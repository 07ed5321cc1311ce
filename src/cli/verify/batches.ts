import { pause } from '../pause.ts';

/** Asks for the next batch while this one is worked on: the server and the network need time of their own. Two batches are in memory. */
export async function* ahead<T>(batches: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let next = batches.next();
  for (;;) {
    const { value, done } = await next;
    if (done) return;
    next = batches.next();
    next.catch(() => {}); // it is thrown above, when it is its turn
    yield value;
  }
}

/**
 * Gives as many rows in a second as are wanted.
 *
 * @param rate rows a second; `undefined` for as many as come
 * @throws the signal's reason
 */
export async function* paced<T extends readonly unknown[]>(
  batches: AsyncGenerator<T, void, undefined>,
  rate: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const start = performance.now();
  let rows = 0;
  for await (const batch of batches) {
    yield batch;
    rows += batch.length;
    const early = rate === undefined ? 0 : start + (rows / rate) * 1000 - performance.now();
    if (early > 0) await pause(early, signal);
    signal.throwIfAborted();
  }
}
