import { PhpSessionError } from '../errors.ts';
import type { DecodeOptions } from './options.ts';

/** How many bytes are shown before and after the offset. */
const around = 24;

/** Reads. With the option `excerpts`, an error shows the bytes around its offset. */
export function withExcerpts<O extends DecodeOptions, T>(
  options: O,
  bytes: Uint8Array,
  read: (bytes: Uint8Array, options: O) => T,
): T {
  if (options.excerpts !== true) return read(bytes, options);
  try {
    return read(bytes, options);
  } catch (error) {
    if (!(error instanceof PhpSessionError) || error.offset === undefined) throw error;
    const { code, message, offset } = error;
    throw new PhpSessionError(code, message, { offset, excerpt: excerpt(bytes, offset) });
  }
}

function excerpt(bytes: Uint8Array, offset: number): string {
  const start = Math.max(0, offset - around);
  const end = Math.min(bytes.length, offset + around);
  const before = escaped(bytes.subarray(start, offset));
  const after = escaped(bytes.subarray(offset, end));
  return `${start > 0 ? '...' : ''}${before} <here> ${after}${end < bytes.length ? '...' : ''}`;
}

/** As in double quotes in PHP and C: a byte that is no printable ASCII is `\xff`. */
function escaped(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replaceAll(
    /[^\x20-\x5b\x5d-\x7e]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
