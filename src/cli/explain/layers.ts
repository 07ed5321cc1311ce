import { gunzipSync, inflateSync } from 'node:zlib';
import { recognizeEncoding } from '../../codec/encodings.ts';
import { nameOf } from '../../codec/formats/index.ts';
import type { SessionFormat, SessionFormatName } from '../../codec/index.ts';
import { detectSessionFormat } from '../../formats.ts';
import type { Encoding } from '../../stores/encoding.ts';
import { otherFormats } from '../formats.ts';

/** Bytes, and what is around them. */
export interface Unpacked {
  /** What was taken off, from the outside in: `base64`, `gzip`. */
  readonly layers: readonly Layer[];
  /** What is inside. */
  readonly bytes: Uint8Array;
  /** Inside is something that only a key opens. */
  readonly isEncrypted: boolean;
}

export interface Layer {
  readonly name: string;
  /** Bytes with it. */
  readonly size: number;
  /** What is wrong with it. */
  readonly damage?: string;
}

/** Bytes that a layer may have inside: a small file can unpack to any size. */
const LARGEST = 2 ** 26;
/** A base64 of base64 of base64 is nothing that an application writes. */
const MOST_LAYERS = 4;

/**
 * Takes off what is around a session.
 *
 * @param encoding of the session table, where the bytes come from one
 */
export function unpackAll(stored: Uint8Array, encoding?: Encoding): Unpacked {
  const layers: Layer[] = [];
  let bytes = stored;
  if (encoding !== undefined && bytes.length > 0) {
    const decoded = attempt(() => encoding.decode(bytes));
    if (decoded !== undefined) {
      return { layers: [{ name: encoding.name, size: bytes.length }], bytes: decoded, isEncrypted: false };
    }
  }
  while (layers.length < MOST_LAYERS && detectSessionFormat(bytes, { formats: otherFormats }).possible.length === 0) {
    const name = recognizeEncoding(bytes);
    if (name === 'laravel-encrypted')
      return { layers: [...layers, { name, size: bytes.length }], bytes, isEncrypted: true };
    const inner = name === undefined ? cutBase64(bytes) : unpack(bytes, name);
    if (inner === undefined) break;
    const { damage } = inner;
    layers.push({ name: name ?? 'base64', size: bytes.length, ...(damage !== undefined && { damage }) });
    bytes = inner.bytes;
  }
  return { layers, bytes, isEncrypted: false };
}

type Inner = { bytes: Uint8Array; damage?: string } | undefined;

function unpack(bytes: Uint8Array, name: string): Inner {
  const options = { maxOutputLength: LARGEST };
  const open = {
    base64: () => fromText(bytes),
    gzip: () => gunzipSync(bytes, options),
    zlib: () => inflateSync(bytes, options),
  };
  const opened = attempt(open[name as keyof typeof open] ?? (() => undefined));
  return opened && { bytes: opened };
}

/** Base64 in which the end is missing: four digits are three bytes, so all but the last few can be read. */
function cutBase64(bytes: Uint8Array): Inner {
  const text = Buffer.from(bytes).toString('latin1');
  if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(text) || text.length % 4 === 0) return undefined;
  const inner = fromText(bytes.subarray(0, text.length - (text.length % 4)));
  // Any word could be base64, so there must be something in it.
  const rest = Buffer.from(inner).toString('latin1', 0, 200);
  const isSession = /^[^|]{1,100}\|[abdisNO]|^a:\d+:\{|^\{"/.test(rest);
  return isSession ? { bytes: inner, damage: 'its end is missing' } : undefined;
}

const fromText = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64');

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The format of a session, or of what is left of one: that in which most of it can be read. */
export function formatOfBytes(bytes: Uint8Array): {
  format: SessionFormatName | SessionFormat | undefined;
  others: string[];
} {
  const { format, possible } = detectSessionFormat(bytes, { formats: otherFormats });
  const [first] = possible;
  const chosen = format ?? first ?? otherFormats.find((one) => one.recognize?.(bytes)) ?? formatOfDamaged(bytes);
  return { format: chosen, others: possible.filter((one) => one !== chosen).map(nameOf) };
}

/** By how each of PHP's own begins. */
function formatOfDamaged(bytes: Uint8Array): SessionFormatName | undefined {
  const text = Buffer.from(bytes.subarray(0, 300)).toString('latin1');
  if (/^a:\d+:\{/.test(text)) return 'php_serialize';
  if (/^[^|]{1,200}\|(?:$|[abdisSNOCErR](?:$|[:;]))/.test(text)) return 'php';
  const size = bytes[0]! & 0x7f;
  return /^[abdisSNOCErR](?:$|[:;])/.test(text.slice(1 + size)) && size > 0 ? 'php_binary' : undefined;
}
