import { PhpSessionError } from '../../errors.ts';
import type { ByteString } from '../bytes.ts';
import type { Grammar } from '../grammar.ts';
import type { PhpVersion } from '../options.ts';
import type { PhpKey } from '../values.ts';

/** A top-level variable of a session, by offsets in its text. */
export interface Variable {
  /** As in the exact view: a number only in a format that has int keys. */
  readonly key: PhpKey;
  /** Where its name starts, with what the format puts before it. */
  readonly from: number;
  /** Where its value starts. */
  readonly start: number;
  readonly end: number;
}

/** One framing of variables; the values in it are the same in all. */
export interface SessionFormat {
  /**
   * Whether the variables are elements of an array that is written too: then it has the number 1, is a level of depth,
   * and has the keys of an array.
   */
  readonly isArray: boolean;
  /**
   * All variables, in the order of the text and with duplicates. Throws what `Grammar` throws.
   *
   * @param phpVersion the lowest PHP that reads the session
   */
  variables(text: ByteString, grammar: Grammar, phpVersion: PhpVersion): Variable[];
  /** What stands before a value. Throws `ERR_PHP_KEY` for a key that the format cannot hold. */
  variableHead(key: PhpKey): ByteString;
  /** The session, of its variables one after the other. */
  session(variables: ByteString, count: number): ByteString;
}

/** For keys that PHP would drop, or lose the session by. */
export function badKey(format: string, key: PhpKey, what: string): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_KEY',
    `The format ${format} cannot write ${what} at the top level of a session: PHP would lose data; nothing was written`,
    { path: [String(key)] },
  );
}
