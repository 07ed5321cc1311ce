import { PhpSessionError } from '../../errors.ts';
import type { PhpKey } from '../values.ts';
import { describePlaces, ordinal } from '../write/places.ts';
import type { SessionFormatName } from './framing.ts';

/** For keys that PHP would drop, or lose the session by. */
export function keyError(format: SessionFormatName, key: PhpKey, index: number, what: string): PhpSessionError {
  const place = describePlaces([`${ordinal(index + 1)} variable`]);
  return new PhpSessionError(
    'ERR_PHP_KEY',
    `The format ${format} cannot write ${what} at the top level of a session: PHP would lose data; nothing was written${place}`,
    { path: [String(key)] },
  );
}
