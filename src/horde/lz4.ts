import { PhpSessionError } from '../errors.ts';

/** What a frame may become: as much as a session may be. */
const mostBytes = 16_777_216;
/** One byte stands for at most so many. */
const mostRatio = 255;
const header = 5;

/**
 * Whether a pack's payload is a frame of PHP's extension horde_lz4: `H`, the length of the text as uint32 in little endian, a block of LZ4.
 * No driver of Horde_Pack writes a payload of more than one byte that begins so.
 */
export function isLz4(bytes: Uint8Array): boolean {
  return bytes[0] === 0x48 && bytes.length > header;
}

/**
 * Reads such a frame (horde_lz4: `horde_lz4_uncompress()`; the block: lz4_Block_format.md of LZ4). The length that it names is checked against
 * the size of the block before any memory is taken.
 *
 * @throws PhpSessionError `ERR_PHP_LIMIT` for more than 16 MB, `ERR_PHP_SYNTAX`
 */
export function readLz4(bytes: Uint8Array): Uint8Array {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true);
  if (size > mostBytes) throw new PhpSessionError('ERR_PHP_LIMIT', `A frame of LZ4 of more than ${mostBytes} bytes`);
  if (size > (bytes.length - header) * mostRatio) throw damaged();
  const out = new Uint8Array(size);
  let at = header;
  let end = 0;
  /** The rest of a length whose four bits are all set. */
  const more = (): number => {
    let length = 0;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw damaged();
      length += byte;
      if (byte < 255) return length;
    }
  };
  for (;;) {
    const token = bytes[at++];
    if (token === undefined) throw damaged();
    const literals = token >> 4 === 15 ? 15 + more() : token >> 4;
    if (literals > bytes.length - at || literals > size - end) throw damaged();
    out.set(bytes.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    if (at === bytes.length) break;
    const offset = bytes[at]! | (bytes[at + 1]! << 8); // 0 too if one is missing
    at += 2;
    if (at > bytes.length || offset === 0 || offset > end) throw damaged();
    const length = 4 + ((token & 15) === 15 ? 15 + more() : token & 15);
    if (length > size - end) throw damaged();
    // What is copied may overlap what it is copied to, so a byte at a time.
    for (const stop = end + length; end < stop; end++) out[end] = out[end - offset]!;
  }
  if (end !== size) throw damaged();
  return out;
}

function damaged(): PhpSessionError {
  return new PhpSessionError('ERR_PHP_SYNTAX', 'A damaged frame of LZ4');
}
