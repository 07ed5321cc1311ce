import type { Settings } from './options.ts';

/** Whether nothing is stored in a session: PHP reads no bytes as an empty one, and writes one in the way of its format. */
export function isEmptySession(data: Uint8Array, { emptySession }: Settings): boolean {
  return data.length === 0 || Buffer.compare(data, emptySession) === 0;
}
