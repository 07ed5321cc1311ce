import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { PhpSessionError } from '../errors.ts';
import type { Encoding } from './encoding.ts';

/** Bytes of a session: a few kilobytes could become gigabytes. The codec reads no more either, by default (`maxBytes`). */
const MOST = 16_777_216;

/** Rows as PHP's `gzdeflate()` writes them, without a header: MediaWiki's object cache stores sessions so. */
export const rawDeflate: Encoding = {
  name: 'raw deflate',
  encode: (data) => deflateRawSync(data),
  decode(stored) {
    try {
      const { buffer, engine } = inflateRawSync(stored, { maxOutputLength: MOST, info: true }) as unknown as Inflated;
      return engine.bytesWritten === stored.length ? buffer : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') return undefined;
      throw new PhpSessionError(
        'ERR_PHP_LIMIT',
        `The row is a session of more than ${MOST} bytes, which is not unpacked`,
      );
    }
  },
};

/** What `info: true` gives, which @types/node does not have. `bytesWritten` counts what was read. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
