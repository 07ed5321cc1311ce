import type { SessionFormatName, Variable } from '../../codec/formats/framing.ts';
import { framingOf } from '../../codec/formats/index.ts';
import { decodeSession, type PhpKey, PhpSessionError, type SessionDecodeOptions } from '../../codec/index.ts';
import { readRules } from '../../codec/options.ts';
import { Tokenizer } from '../../codec/php/tokenizer.ts';
import { validate } from '../../codec/read/validate.ts';

/** Where bytes are no session any more. */
export interface Break {
  /** In bytes. */
  readonly offset: number;
  readonly expected: string;
}

/** The variables of a session that are whole, and where it breaks. */
export interface Pieces {
  readonly variables: readonly Variable[];
  readonly broken: Break | undefined;
  /** Of a format of PHP, where the bytes go on behind the session. PHP ignores that. */
  readonly rest: number;
}

/**
 * Reads as much of the bytes as there is.
 *
 * @param format one of PHP's own
 * @throws PhpSessionError `ERR_PHP_LIMIT`
 */
export function piecesOf(bytes: Uint8Array, format: SessionFormatName, options: SessionDecodeOptions = {}): Pieces {
  const framing = framingOf(format);
  const tokens = new Tokenizer(bytes, 0, readRules(options));
  const variables: Variable[] = [];
  let from = 0;
  try {
    framing.read(tokens, (key: PhpKey, begins: number) => {
      const start = tokens.at;
      from = begins;
      validate(tokens, framing.isArray ? 1 : 0);
      variables.push({ key, from: begins, start, end: tokens.at });
    });
  } catch (error) {
    if (!(error instanceof PhpSessionError) || error.code !== 'ERR_PHP_SYNTAX') throw error;
    const isInVariable = from >= (variables.at(-1)?.end ?? 0) && tokens.at > from;
    return { variables, broken: describe(bytes, tokens.at, error.offset ?? 0, isInVariable), rest: 0 };
  }
  return { variables, broken: undefined, rest: framing.isArray && bytes.length > 0 ? bytes.length - tokens.at : 0 };
}

/** @param at where the token begins that could not be read */
function describe(bytes: Uint8Array, at: number, offset: number, isInVariable: boolean): Break {
  const { length } = bytes;
  const token = Buffer.from(bytes.subarray(at, at + 24)).toString('latin1');
  const string = /^[sSOCE]:(\d{1,15}):"/.exec(token);
  if (string !== null) {
    const there = length - at - string[0].length;
    if (there < Number(string[1]) + 2) {
      const what = `${string[1]} bytes and the end of a string, of which ${Math.max(there, 0)} bytes are there`;
      return { offset: length, expected: what };
    }
    return { offset, expected: `the end of a string: " after its ${string[1]} bytes` };
  }
  if (at >= length) return { offset: length, expected: 'more: the bytes end here' };
  if (!isInVariable) return { offset, expected: 'a variable: its name, and its value' };
  if (length - at < 20 && /^[abdisSOCErR](?::[-+\d.E]*:?)?$/.test(token)) {
    return { offset: length, expected: 'the rest of a value: the bytes end in it' };
  }
  return { offset, expected: 'a key, a value, or the } of an array' };
}

/**
 * The variables that are whole, as a session of the same format.
 *
 * @returns `undefined` where there is none
 * @throws PhpSessionError where they cannot be read either: two of them may share a value that is not there
 */
export function salvage(bytes: Uint8Array, format: SessionFormatName, { variables }: Pieces): Buffer | undefined {
  const [first, last] = [variables[0], variables.at(-1)];
  if (first === undefined) return undefined;
  const whole = bytes.subarray(first.from, last!.end);
  const saved = framingOf(format).isArray
    ? Buffer.concat([Buffer.from(`a:${variables.length}:{`), whole, Buffer.from('}')])
    : Buffer.from(whole);
  decodeSession(saved, { format });
  return saved;
}
