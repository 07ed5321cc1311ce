import type { Limits } from '../rules.ts';
import type { PhpArray } from '../values.ts';

/**
 * A format of sessions that is not one of PHP's own three, such as that of an extension of PHP. It is given as a value wherever the
 * name of a format is: `serializeHandler` of `phpSession()`, `format` of `decodeSession()` and `encodeSession()`.
 *
 * It only has to translate whole sessions between its bytes and the exact view. References and shared objects are values there:
 * the same `PhpReference`, or the same `PhpObject`, in several places. Both views, limits, classes and references work for every
 * format, and a session that was not changed keeps its bytes, whatever `encode` would make of them.
 *
 * @example
 * // Sessions of the format php_serialize, in hexadecimal digits.
 * const hex: SessionFormat = {
 *   name: 'hex',
 *   decode: (bytes, limits) => {
 *     const digits = Buffer.from(bytes).toString('latin1');
 *     if (!/^([\da-f]{2})+$/i.test(digits)) throw new PhpSessionError('ERR_PHP_SYNTAX', 'Not hexadecimal', { offset: 0 });
 *     return decodeSession(Buffer.from(digits, 'hex'), { ...limits, format: 'php_serialize', view: 'exact' });
 *   },
 *   encode: (session) => Buffer.from(Buffer.from(encodeSession(session, { format: 'php_serialize' })).toString('hex')),
 * };
 */
export interface SessionFormat {
  /** php.ini's `session.serialize_handler`; it stands in messages. */
  readonly name: string;
  /**
   * Reads a session. It is not called for no bytes, which are an empty session in every format. The result may not take more than the
   * limits allow; that is checked, too: `maxBytes` counts for it as it would be in the format php_serialize.
   *
   * @param bytes must not be changed, and not be kept
   * @returns `$_SESSION`
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for what is no session in this format, with `offset` in these bytes where that is known;
   *   `ERR_PHP_LIMIT`
   */
  decode(bytes: Uint8Array, limits: Limits): PhpArray;
  /**
   * Writes a session, as PHP does. What it gives for an empty session is what counts as empty.
   *
   * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE` for what the format does not have; nothing is written then
   */
  encode(session: PhpArray): Uint8Array;
  /**
   * Whether bytes begin as this format does, also if they are damaged further on: for messages about rows that cannot be read. A
   * format without a header leaves it out.
   */
  recognize?(bytes: Uint8Array): boolean;
}
