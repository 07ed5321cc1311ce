/**
 * Sessions in MySQL, MariaDB, NDB and Galera: `import { mysqlStore } from 'php-session-bridge/mysql'`.
 */
import { formatChoice, isFormat } from './codec/formats/index.ts';
import type { SessionFormat, SessionFormatName } from './codec/index.ts';
import { otherEncoding } from './session/neighbours.ts';
import { check, type StoreCheckOptions } from './stores/mysql/check.ts';
import type { Finding } from './stores/mysql/check-finding.ts';
import { asOptions } from './stores/mysql/options.ts';

export type { SessionFormat, SessionFormatName } from './codec/index.ts';
export * from './stores/mysql/index.ts';

export interface CheckOptions extends StoreCheckOptions {
  /** As for `phpSession()`: PHP's `session.serialize_handler`, if it is none of PHP's own. */
  serializeHandler?: SessionFormatName | SessionFormat;
}

/**
 * Looks at the session table, this account's privileges and each server, and says what is wrong or can go wrong, and
 * which statements mend it. Changes nothing, and needs no more privileges than the store itself: what it may not see is
 * a finding too (`not-visible`), and so is a server that cannot be reached.
 *
 * @param options those of `mysqlStore()`, as the findings depend on them, or a URI alone; `lockTimeout` is for each server
 * @returns errors first; docs/checks.md explains each code
 * @throws TypeError naming the option that is wrong
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when mysql2 is too old
 */
export async function checkTable(options: CheckOptions | string): Promise<Finding[]> {
  const { serializeHandler = 'php', ...others }: CheckOptions = asOptions(options, 'checkTable');
  if (!isFormat(serializeHandler)) throw new TypeError(`serializeHandler must be ${formatChoice}`);
  return check(others, (rows) => otherEncoding(rows, serializeHandler));
}
