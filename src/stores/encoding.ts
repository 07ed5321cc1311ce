import { PhpSessionError } from '../errors.ts';

/** How PHP's side packs a session before it is stored. */
export interface Encoding {
  /** For messages: `base64`. */
  readonly name: string;
  encode(data: Uint8Array): Uint8Array;
  /**
   * @returns `undefined` for what is not in this encoding; `encode()` of anything else gives what PHP reads as the same session
   * @throws PhpSessionError for what is in it, but is not to be unpacked: the row is unreadable then
   */
  decode(stored: Uint8Array): Uint8Array | undefined;
}

export function isEncoding(value: unknown): value is Encoding {
  const { encode, decode } = (value ?? {}) as Partial<Encoding>;
  return typeof encode === 'function' && typeof decode === 'function';
}

/** The sessions of those rows that are in the encoding. */
export function unpackAll(encoding: Encoding, rows: readonly Uint8Array[]): Uint8Array[] {
  return rows.flatMap((row) => {
    const { data, unreadable } = unpack(encoding, row);
    return unreadable === undefined ? [data] : [];
  });
}

/** @returns the session; or the row as it is, and why it is `unreadable` */
export function unpack(encoding: Encoding, row: Uint8Array): { data: Uint8Array; unreadable?: PhpSessionError } {
  if (row.length === 0) return { data: row };
  try {
    const data = encoding.decode(row);
    if (data !== undefined) return { data };
    const what = `The row is not in ${encoding.name}, which the store reads and writes`;
    return { data: row, unreadable: new PhpSessionError('ERR_PHP_SYNTAX', what) };
  } catch (error) {
    if (error instanceof PhpSessionError) return { data: row, unreadable: error };
    throw error;
  }
}

/** The same memory as a Buffer. */
export function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
