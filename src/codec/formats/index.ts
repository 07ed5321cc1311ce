import type { SessionFormat } from './format.ts';
import { php } from './php.ts';
import { phpBinary } from './php-binary.ts';
import { phpSerialize } from './php-serialize.ts';

/** How PHP frames the variables of a session (php.ini's `session.serialize_handler`). */
export type SessionFormatName = 'php' | 'php_binary' | 'php_serialize';

export const formats: Readonly<Record<SessionFormatName, SessionFormat>> = {
  php,
  php_binary: phpBinary,
  php_serialize: phpSerialize,
};
