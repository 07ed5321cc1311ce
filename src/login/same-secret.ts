import { timingSafeEqual } from 'node:crypto';

/** In a time that does not tell where two texts differ, as PHP's `hash_equals()`. */
export function isEqual(ours: string | Uint8Array, theirs: string | Uint8Array): boolean {
  const [one, other] = [Buffer.from(ours as string), Buffer.from(theirs as string)];
  return one.length === other.length && timingSafeEqual(one, other);
}
