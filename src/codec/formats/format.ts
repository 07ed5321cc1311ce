import type { Classes } from '../classes.ts';
import type { Limits, ReadRules, WriteRules } from '../rules.ts';
import type { PhpArray } from '../values.ts';

/**
 * The functions of a format besides PHP's own three, such as that of an extension of PHP. `sessionFormat()` makes a format of them.
 *
 * They translate whole sessions between the bytes of the format and the exact view. References and shared objects are values there: the
 * same `PhpReference` or `PhpObject` in several places. Both views, limits, classes and references work for every format. A session that
 * did not change keeps its bytes, and `encode` is not asked.
 *
 * @example
 * // Sessions of the format php_serialize, in hexadecimal digits.
 * const hex = sessionFormat({
 *   name: 'hex',
 *   decode: (bytes, limits) => {
 *     const digits = Buffer.from(bytes).toString('latin1');
 *     if (!/^([\da-f]{2})+$/i.test(digits)) throw new PhpSessionError('ERR_PHP_SYNTAX', 'Not hexadecimal', { offset: 0 });
 *     return decodeSession(Buffer.from(digits, 'hex'), { ...limits, format: 'php_serialize', view: 'exact' });
 *   },
 *   encode: (session) => Buffer.from(Buffer.from(encodeSession(session, { format: 'php_serialize' })).toString('hex')),
 * });
 */
export interface FormatRules {
  /** php.ini's `session.serialize_handler`, for messages. */
  readonly name: string;
  /**
   * Reads a session. No bytes are an empty session in every format, so it is never called for them. The codec also checks the result
   * against the limits: `maxBytes` limits its size in the format php_serialize.
   *
   * @param bytes may be neither changed nor kept
   * @returns `$_SESSION`
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for anything but a session in this format, with `offset` in these bytes if that is known;
   *   `ERR_PHP_LIMIT`
   */
  decode(bytes: Uint8Array, limits: Limits): PhpArray;
  /**
   * Writes a session as PHP does. Its bytes for an empty session count as empty everywhere.
   *
   * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE` for a value that the format lacks; nothing is written then
   */
  encode(session: PhpArray, rules: EncodeRules): Uint8Array;
  /**
   * Whether bytes begin as this format does, even if they are damaged later: for messages about rows that cannot be read. A format
   * without a header leaves it out.
   */
  recognize?(bytes: Uint8Array): boolean;
}

/** What a format may need besides the session. */
export interface EncodeRules {
  /** php.ini's `serialize_precision`. */
  readonly serializePrecision: -1 | 17;
  /** The bytes that the session was read from, if it was read in this format: they may say what the exact view does not. */
  readonly read: Uint8Array | undefined;
}

/**
 * A format that is not one of PHP's own three. `sessionFormat()` of `php-session-bridge/formats` makes it. Options that take the name of a
 * format take such a value too: `serializeHandler` of `phpSession()`, `format` of `decodeSession()` and `encodeSession()`.
 *
 * The codec works in php_serialize, and the format brings the translation. So only those who use such a format load it.
 */
export interface SessionFormat {
  readonly name: string;
  readonly recognize: ((bytes: Uint8Array) => boolean) | undefined;
  /** Translates a session to php_serialize. */
  toSerialized(bytes: Uint8Array, limits: Limits): Uint8Array;
  /**
   * Translates a session from php_serialize.
   *
   * @param before what `toSerialized` gave when the session was read. If that did not change, the bytes that were read are the result
   */
  fromSerialized(bytes: Uint8Array, rules: Limits & Pick<WriteRules, 'precision'>, before?: Uint8Array): Uint8Array;
  /** Reads a session in the plain view in a quicker way. `undefined` if that way is not for this session, or if it is damaged. */
  readPlain?(bytes: Uint8Array, rules: ReadRules, classes: Classes): object | undefined;
  /** Writes a new session in a quicker way. `undefined` if that way is not for this session. */
  writePlain?(session: Record<string, unknown>, rules: WriteRules): Uint8Array | undefined;
}
