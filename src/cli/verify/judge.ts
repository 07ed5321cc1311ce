import type { SessionDecodeOptions, SessionEncodeOptions } from '../../codec/index.ts';
import { PhpSessionError } from '../../errors.ts';
import { bufferOf, type Encoding, unpack } from '../../stores/encoding.ts';
import type { PhpAnswer } from './php.ts';
import { differsAt, rewrite } from './rewrite.ts';

/** What became of a row. */
export type Kind =
  | 'identical'
  | 'as-php'
  | 'packed-anew'
  | 'rewritten'
  | 'differs'
  | 'php-only'
  | 'node-only'
  | 'unreadable'
  | 'unpacked';

/** In the order of the answer, and whether that is as it should be. */
export const kinds: Readonly<Record<Kind, { readonly isGood: boolean; readonly says: string }>> = {
  identical: { isGood: true, says: 'Node writes the same bytes' },
  'as-php': { isGood: true, says: 'Node writes other bytes, the same as PHP' },
  'packed-anew': { isGood: true, says: 'the packing gives other bytes each time, with the same session in them' },
  rewritten: { isGood: false, says: 'Node writes other bytes, and PHP was not asked' },
  differs: { isGood: false, says: 'Node and PHP write different bytes' },
  'php-only': { isGood: false, says: 'PHP reads it, and Node refuses it' },
  'node-only': { isGood: false, says: 'Node reads it, and PHP refuses it' },
  unreadable: { isGood: false, says: 'it is no session: PHP would destroy it' },
  unpacked: { isGood: false, says: 'it is not packed as this application packs sessions' },
};

/** What Node makes of a row. */
export interface Verdict {
  readonly kind: Kind;
  /** Of the error, for a row that is not read. */
  readonly code?: string;
  /** Where reading ends, or where the two texts begin to differ. */
  readonly offset?: number;
  /** What was compared: the row without its packing. */
  readonly session: Uint8Array;
  /** What Node writes; `undefined` where it refuses the session. */
  readonly written?: Uint8Array;
}

/** The row by Node alone. */
export function judge(
  stored: Uint8Array,
  codec: SessionDecodeOptions & SessionEncodeOptions,
  encoding: Encoding | undefined,
): Verdict {
  let session = stored;
  let isAnew = false;
  if (encoding !== undefined && stored.length > 0) {
    const { data, unreadable } = unpack(encoding, stored);
    if (unreadable !== undefined) return { kind: 'unpacked', code: unreadable.code, session: stored };
    session = data;
    isAnew = differsAt(encoding.encode(data), stored) >= 0;
    if (isAnew && differsAt(unpack(encoding, encoding.encode(data)).data, data) >= 0) {
      return { kind: 'unpacked', session: stored };
    }
  }
  try {
    const written = rewrite(session, codec);
    const offset = differsAt(session, written);
    if (offset >= 0) return { kind: 'rewritten', offset, session, written };
    return { kind: isAnew ? 'packed-anew' : 'identical', session, written };
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    const { code, offset } = error;
    return { kind: 'unreadable', code, ...(offset !== undefined && { offset }), session };
  }
}

/**
 * The same row after PHP was asked.
 *
 * @returns `undefined` where PHP cannot tell
 */
export function judgeWithPhp(verdict: Verdict, answer: PhpAnswer): Verdict | undefined {
  const { kind, session, written } = verdict;
  if (answer === 'ended' || kind === 'unpacked' || isBeyondPhp(session)) return undefined;
  if (answer === 'refused') return written === undefined ? verdict : { ...verdict, kind: 'node-only' };
  if (written === undefined) return { ...verdict, kind: 'php-only' };
  const offset = differsAt(written, answer);
  if (offset >= 0) return { ...verdict, kind: 'differs', offset };
  return kind === 'rewritten' ? { ...verdict, kind: 'as-php' } : verdict;
}

/**
 * What the installed PHP does not write again, as it does not know the application's classes: what a class has serialized itself (`C:`) and enums (`E:`). Two more
 * depend on PHP's version: a name that says of which class an object was, and a reference to all of the session.
 */
function isBeyondPhp(session: Uint8Array): boolean {
  return /[CE]:\+?\d|[{;|]R:0*1;|__PHP_Incomplete/.test(bufferOf(session).toString('latin1'));
}
