/** What a check can find; stable within a major version. docs/checks.md has a heading for each. */
export type FindingCode =
  | 'table-missing'
  | 'column-missing'
  | 'column-without-default'
  | 'engine-without-transactions'
  | 'engine-not-shared'
  | 'id-type'
  | 'id-key'
  | 'id-length'
  | 'id-padded'
  | 'id-collation'
  | 'data-type'
  | 'data-size'
  | 'data-charset'
  | 'data-encoding'
  | 'ndb-blob'
  | 'time-type'
  | 'time-null'
  | 'time-index'
  | 'time-2038'
  | 'time-zone'
  | 'time-zone-unknown'
  | 'time-zone-rows'
  | 'time-zone-summer'
  | 'time-zone-servers'
  | 'named-lock-local'
  | 'privilege-missing'
  | 'account-max-connections'
  | 'server-unreachable'
  | 'server-read-only'
  | 'server-replica'
  | 'server-sql-mode'
  | 'server-isolation'
  | 'server-max-packet'
  | 'server-binlog-format'
  | 'server-binlog-rows'
  | 'server-binlog-statements'
  | 'server-max-connections'
  | 'server-idle-limit'
  | 'server-wait-timeout'
  | 'server-clock'
  | 'galera-not-ready'
  | 'galera-size'
  | 'galera-sync-wait'
  | 'galera-writers'
  | 'ndb-nodes'
  | 'ndb-replicas'
  | 'ndb-lock-wait'
  | 'ndb-inactive-timeout'
  | 'not-visible';

/**
 * - `error`: the store cannot work, or sessions are lost
 * - `warning`: it works; what the finding says can happen
 * - `info`: nothing is wrong, but good to know
 */
export type Severity = 'error' | 'warning' | 'info';

/** One thing about the table, the account or the server that an operator should know. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Where it was found: `'127.0.0.1:3306'`, or the path of a socket. A setting must be fixed on each of them. */
  readonly servers: readonly string[];
  /** What it means here, with the names and numbers that were found. No session id and no data. */
  readonly message: string;
  /**
   * The statements that fix it, in this order. The operator runs them; nothing here does. Empty where no SQL can fix it. Findings about
   * one column have the same statements, which make all of it right.
   */
  readonly sql: readonly string[];
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

export function errorsFirst<F extends { readonly severity: Severity }>(findings: readonly F[]): F[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
