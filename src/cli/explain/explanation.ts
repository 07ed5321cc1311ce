import { nameOf as formatName } from '../../codec/formats/index.ts';
import { decodeSession, PhpSessionError, type SessionFormat, type SessionFormatName } from '../../codec/index.ts';
import type { Encoding } from '../../stores/encoding.ts';
import { nameOf, type Outline, outlineOf } from '../outline.ts';
import { formatOfBytes, type Layer, unpackAll } from './layers.ts';
import { type Break, piecesOf, salvage } from './pieces.ts';

/** What bytes are; without a name or a value, unless those were asked for. */
export interface Explanation {
  readonly size: number;
  /** What is around the session, from the outside in. */
  readonly layers: readonly Layer[];
  readonly format: string | null;
  /** Other formats in which the same bytes can be read. */
  readonly others: readonly string[];
  /** Something odd, in a sentence. */
  readonly note: string | null;
  readonly variables: readonly Piece[];
  readonly broken: Break | null;
  /** Why it cannot be read, where no place can be named. */
  readonly error: string | null;
  /** Bytes behind the session that PHP ignores. */
  readonly rest: number;
  /** What PHP makes of it. */
  readonly php: string;
}

/** A variable. Its place is known in PHP's own formats: offset and bytes, with its name. */
interface Piece extends Omit<Outline, 'key'> {
  readonly name: string;
  readonly offset?: number;
  readonly length?: number;
}

export interface Explained {
  readonly explanation: Explanation;
  /** The variables that are whole. */
  readonly saved: Uint8Array | undefined;
}

interface How {
  /** Default: what the bytes show. */
  readonly format: SessionFormatName | SessionFormat | undefined;
  readonly reveal: boolean;
  /** Those of the session table, where the bytes come from one. */
  readonly encoding?: Encoding | undefined;
  readonly expected?: SessionFormatName | SessionFormat | undefined;
}

const nothing = { others: [], note: null, variables: [], broken: null, error: null, rest: 0 };
/** Names in a session are short. Arrays are not opened here: `show` does that. */
const DEPTH = 0;

/** For values that cannot be read alone. A reference may be anything. */
const LETTERS: Readonly<Record<string, Piece['type']>> = {
  ...{ N: 'null', b: 'bool', i: 'int', d: 'float', s: 'string', S: 'string', a: 'array', E: 'enum' },
};

export function explainBytes(stored: Uint8Array, how: How): Explained {
  const { layers, bytes, isEncrypted } = unpackAll(stored, how.encoding);
  const base = { ...nothing, size: stored.length, layers };
  if (bytes.length === 0) {
    return { explanation: { ...base, format: null, php: 'an empty session, in each format' }, saved: undefined };
  }
  if (isEncrypted) {
    const error = 'Laravel has encrypted it: only its key opens it (the preset laravel({ key, encrypt: true }))';
    return {
      explanation: { ...base, format: null, error, php: 'Laravel reads it with its APP_KEY' },
      saved: undefined,
    };
  }
  const found = formatOfBytes(bytes);
  // What the table has is right if it reads the row, though the bytes may fit another one too.
  const format = how.format ?? (reads(bytes, how.expected) ? how.expected : found.format);
  if (format === undefined) {
    const php = 'PHP destroys a session that it cannot read: session_start() warns, and deletes the row';
    return {
      explanation: { ...base, format: null, error: 'It does not begin as a session does.', php },
      saved: undefined,
    };
  }
  const isOther = how.expected !== undefined && formatName(how.expected) !== formatName(format);
  const note = isOther
    ? `The table's sessions are in the format ${formatName(how.expected!)}: PHP would not read this row.`
    : null;
  const others = found.others.filter((name) => name !== formatName(format));
  const about = { ...base, format: formatName(format), others, note };
  return typeof format === 'string'
    ? ofPhp(bytes, format, how.reveal, about)
    : ofOther(bytes, format, how.reveal, about);
}

type About = Omit<Explanation, 'php'>;

function ofPhp(bytes: Uint8Array, format: SessionFormatName, reveal: boolean, about: About): Explained {
  const pieces = piecesOf(bytes, format);
  const { broken, rest } = pieces;
  const saved = attempt(() => salvage(bytes, format, pieces));
  // What is whole can be read alone, unless it shares a value with what is not.
  const session = saved && decodeSession(saved, { format, view: 'exact' });
  const values = session === undefined ? [] : [...session];
  const variables = pieces.variables.map(({ key, from, start, end }, at) => {
    const place = { name: nameOf(key, at, reveal), offset: from, length: end - from };
    const found = values.find(([name]) => name === key);
    if (found === undefined) return { ...place, type: LETTERS[String.fromCharCode(bytes[start]!)] ?? 'object' };
    const { key: _, ...outline } = outlineOf(place.name, found[1], { reveal, depth: DEPTH });
    return { ...place, ...outline };
  });
  const error = broken === undefined ? errorOf(() => decodeSession(bytes, { format })) : null;
  const explanation = { ...about, variables, broken: broken ?? null, error, rest };
  return { explanation: { ...explanation, php: verdict(format, explanation) }, saved };
}

function ofOther(bytes: Uint8Array, format: SessionFormat, reveal: boolean, about: About): Explained {
  try {
    const session = decodeSession(bytes, { format, view: 'exact' });
    const variables = [...session].map(([key, value], at) => {
      const { key: name, ...outline } = outlineOf(nameOf(key, at, reveal), value, { reveal, depth: DEPTH });
      return { name, ...outline };
    });
    const explanation = { ...about, variables };
    return { explanation: { ...explanation, php: verdict(format.name, explanation) }, saved: bytes };
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    const { offset } = error;
    const broken = offset === undefined ? null : { offset, expected: `what ${format.name} has there` };
    const explanation = { ...about, broken, error: offset === undefined ? error.message : null };
    return { explanation: { ...explanation, php: verdict(format.name, explanation) }, saved: undefined };
  }
}

const DESTROYS =
  'session_start() warns "Failed to decode session object. Session has been destroyed", deletes the row, and the page has an empty session';

/** What PHP makes of it (php-src: `php_session_decode()` in ext/session/session.c, and the decoders of the extensions). */
function verdict(
  format: string,
  { variables, broken, error }: Pick<Explanation, 'variables' | 'broken' | 'error'>,
): string {
  if (error !== null) return 'it may read this: the limit is one of this package';
  if (broken === null) return `reads ${variables.length} variable${variables.length === 1 ? '' : 's'}`;
  if (format === 'json')
    return 'json_decode() gives nothing, so the page has an empty session, and the next save replaces the row';
  if (format === 'msgpack')
    return 'the page has an empty session without a warning, and the next save replaces the row';
  const own =
    format === 'php_serialize'
      ? '. An application that calls unserialize() itself, such as Laravel, has an empty session, and its next save replaces the row'
      : '';
  const old = format === 'php' ? '. PHP 7 keeps what came before if the rest has no "|"' : '';
  return `keeps nothing: ${DESTROYS}${own}${old}`;
}

const reads = (bytes: Uint8Array, format: SessionFormatName | SessionFormat | undefined): boolean =>
  format !== undefined && errorOf(() => decodeSession(bytes, { format })) === null;

/** @returns the message; null: there was none */
function errorOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof PhpSessionError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function attempt<Result>(work: () => Result | undefined): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}
