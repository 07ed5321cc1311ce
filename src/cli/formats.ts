import { json } from '../codec/formats/json.ts';
import type { SessionFormat, SessionFormatName } from '../codec/index.ts';
import { msgpack } from '../codec/msgpack/index.ts';
import { igbinary } from '../igbinary.ts';
import { UsageError } from './exit-codes.ts';

/** Those that PHP does not have itself. */
export const otherFormats: readonly SessionFormat[] = [igbinary, msgpack(), json];

const formats: ReadonlyMap<string, SessionFormatName | SessionFormat> = new Map<
  string,
  SessionFormatName | SessionFormat
>([
  ...(['php', 'php_serialize', 'php_binary'] as const).map((name) => [name, name] as const),
  ...otherFormats.map((format) => [format.name, format] as const),
]);

/** For the help. */
export const formatNames: string = [...formats.keys()].join('|');

/** @throws UsageError */
export function formatOf(name: string | boolean | undefined, flag: string): SessionFormatName | SessionFormat {
  const format = formats.get(String(name));
  if (format === undefined) throw new UsageError(`${flag} must be one of ${[...formats.keys()].join(', ')}`);
  return format;
}
