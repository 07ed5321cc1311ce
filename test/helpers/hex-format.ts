import { decodeSession, encodeSession, PhpSessionError } from '../../src/codec/index.ts';
import { type FormatRules, type SessionFormat, sessionFormat } from '../../src/formats.ts';

const format = 'php_serialize';

/** A made-up format: `HEX:` and hexadecimal digits of php_serialize. It reads capitals and spaces too, and writes neither. */
export const hexRules: FormatRules = {
  name: 'hex',
  recognize: (bytes) => Buffer.from(bytes).toString('latin1', 0, 4) === 'HEX:',
  decode(bytes, limits) {
    const text = Buffer.from(bytes).toString('latin1');
    const wrong = text.startsWith('HEX:') ? text.slice(4).search(/[^\da-f ]/i) : -4;
    const digits = text.slice(4).replaceAll(' ', '');
    if (wrong !== -1 || digits.length % 2 === 1) {
      const offset = wrong === -1 ? text.length : wrong + 4;
      throw new PhpSessionError('ERR_PHP_SYNTAX', `Not hex, at byte ${offset}`, { offset });
    }
    return decodeSession(Buffer.from(digits, 'hex'), { ...limits, format, view: 'exact' });
  },
  encode: (session) => hexOf(encodeSession(session, { format })),
};
export const hex: SessionFormat = sessionFormat(hexRules);

/** @param data a session in the format php_serialize */
export const hexOf = (data: Uint8Array | string): Buffer =>
  Buffer.from(`HEX:${(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data)).toString('hex')}`);

/** The same session in other bytes, which `hex` does not write. */
export const oddHexOf = (data: Uint8Array | string): Buffer => {
  const digits = hexOf(data).toString().slice(4).toUpperCase();
  return Buffer.from(`HEX: ${digits.replaceAll(/.{7}/g, '$& ')}`);
};
