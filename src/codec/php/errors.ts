import { PhpSessionError } from '../../errors.ts';
import type { Limits } from '../rules.ts';

/** For bytes that go over a limit of the application. */
export function limitError(name: keyof Limits, rules: Limits, offset: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_LIMIT',
    `The data go over the limit ${name}, ${rules[name]}, at byte ${offset}; raise it if you trust the data`,
    { offset },
  );
}

/** For values whose bytes could not be read again within the limits. */
export function writeLimitError(name: keyof Limits, most: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_LIMIT',
    `The values go over the limit ${name}, ${most}, so they could not be read again; nothing was written`,
  );
}

/** For bytes that PHP would not read. */
export function syntaxError(offset: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_SYNTAX',
    `Not what PHP serializes, at byte ${offset}: the data are damaged, or in another format (session.serialize_handler)`,
    { offset },
  );
}
