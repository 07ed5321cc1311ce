import { bufferOf, type Encoding } from './encoding.ts';

/** Rows as PHP's `rawurlencode()` writes them: ADOdb stores sessions so. Another form of the same bytes is not read. */
export const rawurlencode: Encoding = {
  name: 'rawurlencode',
  encode: (data) => Buffer.from(encoded(bufferOf(data).toString('latin1')), 'latin1'),
  decode(stored) {
    const text = bufferOf(stored).toString('latin1');
    const bytes = text.replace(/%([\dA-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
    return encoded(bytes) === text ? Buffer.from(bytes, 'latin1') : undefined;
  },
};

/** All but RFC 3986's "Unreserved Characters". */
function encoded(bytes: string): string {
  return bytes.replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
