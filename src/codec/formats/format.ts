import type { ByteString } from '../bytes.ts';
import type { Grammar } from '../grammar.ts';
import type { PhpKey } from '../values.ts';

/** A top-level variable of a session, by offsets in its text. */
export interface Variable {
  readonly name: ByteString;
  /** Where its name starts, with what the format puts before it. */
  readonly from: number;
  /** Where its value starts. */
  readonly start: number;
  readonly end: number;
}

/** One framing of variables; the values in it are the same in all. */
export interface SessionFormat {
  /** All variables, in the order of the text and with duplicates. Throws what `Grammar` throws. */
  variables(text: ByteString, grammar: Grammar): Variable[];
  /** What stands before a value. Throws `ERR_PHP_KEY` for a key that the format cannot hold, such as an int. */
  variableHead(key: PhpKey): ByteString;
}
