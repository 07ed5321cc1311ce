import {
  decodeSession,
  encodeSession,
  type PhpArray,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
} from '../../codec/index.ts';

type Codec = SessionDecodeOptions & SessionEncodeOptions;

/** A variable that comes and goes. No application has one of this name. */
const PROBE = 'php_session_bridge_probe';

/**
 * Reads a session, and writes all of it anew. `encodeSession()` copies what did not change, so this has to keep it from that: the exact view is written value by
 * value. A format of an extension copies a whole session that is the same. So there a page sets a variable, and the next page unsets it.
 *
 * @throws PhpSessionError for what is no session
 */
export function rewrite(bytes: Uint8Array, codec: Codec): Uint8Array {
  const read = (from: Uint8Array): PhpArray => decodeSession(from, { ...codec, view: 'exact' });
  const session = read(bytes);
  if (codec.format === undefined || typeof codec.format === 'string' || session.size === 0) {
    return bytes.length === 0 ? bytes : encodeSession(session, codec);
  }
  session.set(PROBE, 1);
  const later = read(encodeSession(session, codec));
  later.delete(PROBE);
  return encodeSession(later, codec);
}

/** Where two texts begin to differ, or -1. */
export function differsAt(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [Buffer.from(a.buffer, a.byteOffset, a.length), Buffer.from(b.buffer, b.byteOffset, b.length)];
  if (x.equals(y)) return -1;
  const length = Math.min(x.length, y.length);
  for (let at = 0; at < length; at++) if (x[at] !== y[at]) return at;
  return length;
}
