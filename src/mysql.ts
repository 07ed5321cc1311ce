/**
 * Sessions in MySQL, MariaDB, NDB and Galera: `import { mysqlStore } from 'php-session-bridge/mysql'`.
 */
import { otherEncoding } from './session/neighbours.ts';
import { type CheckOptions, check } from './stores/mysql/check.ts';
import type { Finding } from './stores/mysql/check-finding.ts';

export * from './stores/mysql/index.ts';

/**
 * Looks at the session table, this account's privileges and each server, and says what is wrong or can go wrong, and
 * which statements mend it. Changes nothing, and needs no more privileges than the store itself: what it may not see is
 * a finding too (`not-visible`), and so is a server that cannot be reached.
 *
 * @param options those of `mysqlStore()`, as the findings depend on them, or a URI alone; `timeout` is for each server
 * @returns errors first; docs/checks.md explains each code
 * @throws TypeError naming the option that is wrong
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when mysql2 is too old
 */
export function checkTable(options: CheckOptions | string): Promise<Finding[]> {
  return check(options, otherEncoding);
}
