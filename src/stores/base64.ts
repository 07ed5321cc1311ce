import { bufferOf, type Encoding } from './encoding.ts';

/**
 * Rows in base64, as Laravel, Magento, Moodle and Roundcube store a session: as PHP's `base64_encode()` writes it, with padding and
 * without line breaks. What `base64_decode()` takes beside that is not read, as it would not be what is written.
 */
export const base64: Encoding = {
  name: 'base64',
  encode: (data) => Buffer.from(bufferOf(data).toString('base64')),
  decode(stored) {
    const text = bufferOf(stored).toString('latin1');
    const data = Buffer.from(text, 'base64'); // which reads anything
    return data.toString('base64') === text ? data : undefined;
  },
};
