import { detectSessionFormat } from '../codec/detect.ts';
import { recognizeEncoding } from '../codec/encodings.ts';
import { decodeSession } from '../codec/index.ts';
import { type Encoding, unpack } from '../stores/encoding.ts';
import type { RecognizedFormat } from './recognition.ts';

/** A session that was understood. */
export interface Content {
  readonly format: RecognizedFormat;
  /** `$_SESSION`, to look for keys of frameworks; empty in a format of an extension, which is not loaded here. */
  readonly session: Readonly<Record<string, unknown>>;
}

/**
 * @param encoding how the application packs its rows
 * @returns `undefined` for what is no session in it
 */
export function contentOf(row: Uint8Array, encoding: Encoding | undefined): Content | undefined {
  const { data, unreadable } = encoding === undefined ? { data: row } : unpack(encoding, row);
  if (unreadable !== undefined) return undefined;
  const { format } = detectSessionFormat(data);
  if (format !== undefined) return { format, session: decodeSession(data, { format }) as Content['session'] };
  const other = recognizeEncoding(data);
  if (other === 'json') return jsonOf(data);
  return other === 'igbinary' || other === 'msgpack' ? { format: other, session: {} } : undefined;
}

/** JSON of a session is an object, or PHP's empty array. */
function jsonOf(data: Uint8Array): Content | undefined {
  const value: unknown = JSON.parse(new TextDecoder().decode(data));
  if (!Array.isArray(value)) return { format: 'json', session: value as Content['session'] };
  return value.length === 0 ? { format: 'json', session: {} } : undefined;
}

/** How a session of each format of PHP's begins. */
const BEGINNINGS: readonly [RecognizedFormat, RegExp][] = [
  ['php_serialize', /^a:\d+:\{(i:-?\d+;|s:\d+:")/],
  ['json', /^\{"/],
  ['php', /^[^|\p{Cc}"{};]{1,256}\|([aOCE]:\d+:|s:\d+:"|[idb]:|N;)/u],
];

/** The same for the beginning of a row that is longer than what was read: its first bytes tell. */
export function contentOfBeginning(row: Uint8Array, encoding: Encoding | undefined): Content | undefined {
  let data = Buffer.from(row);
  if (encoding?.name === 'base64') {
    if (!/^[A-Za-z0-9+/]+$/.test(data.toString('latin1'))) return undefined;
    data = Buffer.from(data.toString('latin1', 0, data.length - (data.length % 4)), 'base64');
  } else if (encoding !== undefined) return undefined;
  const other = recognizeEncoding(data);
  if (other === 'igbinary' || other === 'msgpack') return { format: other, session: {} };
  const text = data.toString('latin1', 0, 512);
  const [format] = BEGINNINGS.find(([, beginning]) => beginning.test(text)) ?? [];
  return format && { format, session: {} };
}
