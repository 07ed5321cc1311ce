import type { ByteWriter } from '../php/byte-writer.ts';
import type { Tokenizer } from '../php/tokenizer.ts';
import type { PhpKey } from '../values.ts';

/** The formats of every PHP (php.ini's `session.serialize_handler`). */
export type SessionFormatName = 'php' | 'php_serialize' | 'php_binary';

/** A top-level variable of a session, by offsets in its bytes. */
export interface Variable {
  /** As in the exact view: a number only in a format that has int keys. */
  readonly key: PhpKey;
  /** Where its name starts, with what the format puts before it. */
  readonly from: number;
  /** Where its value starts. */
  readonly start: number;
  readonly end: number;
}

/** How a format of PHP puts variables together. The values in it are the same in all of them. */
export interface Framing {
  readonly name: string;
  /**
   * Whether the variables are elements of an array in the text. Then that array has the number 1, is a level of depth, and has the
   * keys of an array. The writer writes its start and its end.
   */
  readonly isArray: boolean;
  /**
   * Reads a session, in the order of the text and with duplicates. It calls `value` at the start of each value, which must read the
   * value.
   *
   * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`
   */
  read(tokens: Tokenizer, value: (key: PhpKey, from: number) => void): void;
  /**
   * Writes the name of a variable, and all else before its value.
   *
   * @returns what is wrong with a key that the format cannot hold
   */
  writeKey(out: ByteWriter, key: PhpKey): string | undefined;
}

// What `writeKey` says in several formats.
export const intKey = 'an integer as key';
export const halfPair = 'a key with half of a surrogate pair';
