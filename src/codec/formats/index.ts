import type { SessionFormat } from './format.ts';
import type { Framing, SessionFormatName } from './framing.ts';
import { php } from './php.ts';
import { phpBinary } from './php-binary.ts';
import { phpSerialize } from './php-serialize.ts';

/** PHP's own formats, the likeliest first. They frame the same values. */
const framings: Readonly<Record<SessionFormatName, Framing>> = {
  php,
  php_serialize: phpSerialize,
  php_binary: phpBinary,
};

export const formatNames: readonly SessionFormatName[] = Object.keys(framings) as SessionFormatName[];

/** The values that an option for a format may have, for its message. */
export const formatChoice: string = `'${formatNames.join("', '")}', or made by sessionFormat()`;

export function isFormat(value: unknown): value is SessionFormatName | SessionFormat {
  if (typeof value === 'string') return Object.hasOwn(framings, value);
  return typeof (value as SessionFormat | null | undefined)?.fromSerialized === 'function';
}

/** The framing in which the codec works. Other formats are translated to `php_serialize`. */
export function framingOf(format: SessionFormatName | SessionFormat): Framing {
  return typeof format === 'string' ? framings[format] : phpSerialize;
}

export function nameOf(format: SessionFormatName | SessionFormat): string {
  return typeof format === 'string' ? format : format.name;
}
