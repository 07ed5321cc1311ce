import { writeJson } from '../codec/formats/json.ts';
import { JsonReader } from '../codec/formats/json-reader.ts';
import { plainValue } from '../codec/formats/translate.ts';
import { readIgbinaryValue } from '../codec/igbinary/value.ts';
import { readMsgpackValue } from '../codec/msgpack/value.ts';
import { readRules } from '../codec/options.ts';
import { serialize, unserialize } from '../codec/serialize.ts';
import { PhpSessionError } from '../errors.ts';
import { isLz4, readLz4 } from './lz4.ts';

// Horde_Pack: a byte with the number of a driver (the ids of Horde_Pack_Driver_*), and 64 if the payload has been through a compressor; then
// the payload. Horde_Session sets the 64 always, also where the only compressor is the one that does nothing.

const COMPRESSED = 64;
const JSON_DRIVER = 2;
const ARRAY = 0x31;

const limits = readRules({});

/** By number. The JSON of an array has `1` in front, that of anything else `0`. */
const drivers: ReadonlyMap<number, (payload: Uint8Array) => unknown> = new Map([
  [1, (payload) => unserialize(payload)],
  [
    JSON_DRIVER,
    (payload) => {
      const isArray = payload[0] === ARRAY;
      return plainValue(new JsonReader(payload.subarray(1), limits, !isArray).value(), 'json', limits);
    },
  ],
  [4, (payload) => readIgbinaryValue(payload, limits)],
  [8, (payload) => readMsgpackValue(payload, limits)],
  [16, (payload) => readMsgpackValue(payload, limits)],
]);

/**
 * Reads a pack of any driver that Debian's Horde has, and of the compressor LZ4. Objects are `PhpObject`s: no class is instantiated.
 *
 * @param path where it stands in the session, for errors
 * @throws PhpSessionError with a `path`: `ERR_PHP_SYNTAX` for what is no pack, `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`
 */
export function readPack(pack: Uint8Array, path: readonly string[]): unknown {
  try {
    const [flags = 0] = pack;
    const driver = drivers.get(flags & ~COMPRESSED);
    if (driver === undefined) throw new PhpSessionError('ERR_PHP_SYNTAX', 'No driver has this number');
    const payload = pack.subarray(1);
    return driver((flags & COMPRESSED) !== 0 && isLz4(payload) ? readLz4(payload) : payload);
  } catch (error) {
    throw error instanceof PhpSessionError ? unreadable(error, path) : error;
  }
}

/** The offset of the cause is one inside the pack, so it is left out. */
function unreadable({ code }: PhpSessionError, path: readonly string[]): PhpSessionError {
  const why =
    code === 'ERR_PHP_LIMIT'
      ? 'goes over a limit: 16 MB, 4,096 levels, 1,048,576 elements'
      : 'is no pack of Horde_Pack that can be read: it is damaged, or in another compression than LZ4';
  const known = code === 'ERR_PHP_LIMIT' || code === 'ERR_PHP_REFERENCE' ? code : 'ERR_PHP_SYNTAX';
  return new PhpSessionError(known, `A value of Horde's session ${why}; the error's path says which`, { path });
}

/**
 * Writes a pack as JSON, which every Horde reads, whatever PHP has of the other drivers.
 *
 * @param path where it will stand in the session, for errors
 * @throws PhpSessionError with a `path`: `ERR_PHP_UNREPRESENTABLE` for what `json_decode()` would not give back (objects, bytes that are no
 *   UTF-8, `NaN` and infinite numbers, more than 511 levels), and what `serialize()` throws
 */
export function writePack(value: unknown, path: readonly string[]): Uint8Array {
  try {
    // The exact view knows the floats of what was read, and PHP's order.
    const json = writeJson(unserialize(serialize(value), { view: 'exact' }), { serializePrecision: -1 });
    const isArray = json.startsWith('{') || json.startsWith('[');
    return new TextEncoder().encode(`${String.fromCharCode(JSON_DRIVER)}${isArray ? 1 : 0}${json}`);
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    throw new PhpSessionError(error.code, error.message, { path: [...path, ...(error.path ?? [])] });
  }
}
