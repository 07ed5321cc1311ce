import type { Facts, Unseen } from './check-facts.ts';
import { accountOf, setGlobal } from './check-fix.ts';
import { apply, type Rule, type Statement } from './check-table-rules.ts';

interface ServerFacts extends Facts {
  /** Connections that all processes together may need. */
  readonly connections: number;
}

/** Bytes that a session may have wherever nothing else sets a limit: the size of a MEDIUMBLOB. */
const LARGE = 2 ** 24;
/** The share of the server's connections that sessions of Node may take: the rest is for PHP and for administrators. */
const SHARE = 0.8;
/** Milliseconds */
const CLOCK_TOLERANCE = 5_000;
/** Seconds */
const LONG_SILENCE = 600;

export function checkServer(facts: Facts, connections: number): Statement[] {
  return apply(SERVER_RULES, { ...facts, connections });
}

const variable = ({ variables }: Facts, name: string) => Number(variables.get(name) ?? Number.NaN);
const status = (facts: Facts, name: string) => Number(facts.status.get(name) ?? Number.NaN);
const ndb = ({ ndbParameters }: Facts, name: string) => ndbParameters?.get(name) ?? Number.NaN;
const isolation = ({ variables }: Facts) =>
  variables.get('transaction_isolation') ?? variables.get('tx_isolation') ?? '';
const isReady = (facts: Facts) =>
  facts.status.get('wsrep_ready') === 'ON' && facts.status.get('wsrep_cluster_status') === 'Primary';

/** Limits of MariaDB that end an open transaction before `maxHold` does. */
const idleLimits = (facts: Facts) =>
  ['idle_transaction_timeout', 'idle_write_transaction_timeout'].filter((name) => {
    return variable(facts, name) > 0 && variable(facts, name) < facts.settings.maxHold;
  });

/** Whether changes of the table are in the binary log. NDB writes them in its own way, with what has changed. */
const logsRows = ({ variables, definition }: Facts) =>
  variables.get('log_bin') === 'ON' && !/^ndb/i.test(definition?.engine ?? '');
const logFormat = (facts: Facts) => (logsRows(facts) ? facts.variables.get('binlog_format') : undefined);

/** The variable by which the text of statements is in the log beside the rows, if it is on: MariaDB's, or MySQL's. */
const loggedTexts = ({ variables }: Facts) =>
  ['binlog_annotate_row_events', 'binlog_rows_query_log_events'].find((name) => variables.get(name) === 'ON');

/** ER_TABLEACCESS_DENIED_ERROR: that a privilege on the session table is missing is a finding of its own. */
const READS: ReadonlySet<Unseen['what']> = new Set(['times', 'sessions']);
const unexplained = ({ unseen, deniedPrivileges }: Facts) =>
  unseen.filter(({ what, errno }) => !(READS.has(what) && errno === 1142 && deniedPrivileges?.includes('SELECT')));

const GRANTS: Partial<Record<Unseen['what'], string>> = {
  replication: 'REPLICATION CLIENT ON *.*',
  'ndb parameters': 'SELECT ON `ndbinfo`.*',
};

const SERVER_RULES: readonly Rule<ServerFacts>[] = [
  {
    code: 'galera-not-ready',
    severity: 'error',
    when: (facts) => facts.isGalera && !isReady(facts),
    message: (facts) =>
      `this node of Galera serves no client: its part of the cluster is ${facts.status.get('wsrep_cluster_status')}, wsrep_ready is ${facts.status.get('wsrep_ready')}`,
  },
  {
    code: 'server-read-only',
    severity: 'error',
    when: ({ readOnly }) => readOnly.length > 0,
    message: ({ readOnly }) => `${readOnly.join(', ')} is on: sessions cannot be written on this server`,
    // A replica is read-only for a reason.
    fix: ({ readOnly, isReplica }) =>
      isReplica === false && !readOnly.includes('innodb_read_only')
        ? [...readOnly].reverse().map((name) => `SET GLOBAL ${name} = OFF`)
        : [],
  },
  {
    code: 'server-replica',
    severity: 'error',
    when: ({ isReplica, settings }) => isReplica === true && !settings.allowReplica,
    message: () =>
      'this server is an asynchronous replica, and no session is kept on one: use the server that it follows',
  },
  {
    code: 'server-replica',
    severity: 'warning',
    when: ({ isReplica, settings }) => isReplica === true && settings.allowReplica,
    message: () =>
      'this server is an asynchronous replica: it may not have yet what was written on the server that it follows (the option allowReplica accepts that)',
  },
  {
    code: 'server-sql-mode',
    severity: 'warning',
    when: ({ variables }) => !/STRICT_(TRANS|ALL)_TABLES/.test(variables.get('sql_mode') ?? ''),
    message: () =>
      'sql_mode is not strict: for PHP handlers that do not set it, the server cuts what is too long for a column, and PHP deletes a session that was cut. This store sets its own',
    fix: (facts) =>
      setGlobal(facts, 'sql_mode', "CONCAT_WS(',', NULLIF(@@global.sql_mode, ''), 'STRICT_TRANS_TABLES')"),
  },
  {
    code: 'server-max-packet',
    severity: 'warning',
    when: (facts) => variable(facts, 'max_allowed_packet') < Math.min(facts.definition?.data?.bytes ?? 0, LARGE),
    message: (facts) =>
      `max_allowed_packet is ${variable(facts, 'max_allowed_packet')}: longer sessions cannot be written, although the data column has room for them`,
    fix: (facts) => setGlobal(facts, 'max_allowed_packet', LARGE),
  },
  {
    code: 'server-binlog-format',
    severity: 'error',
    // Other engines than InnoDB can log statements at READ COMMITTED.
    when: (facts) => logFormat(facts) === 'STATEMENT' && /^innodb$/i.test(facts.definition?.engine ?? ''),
    message: () =>
      'binlog_format is STATEMENT: InnoDB refuses each write at READ COMMITTED (error 1665), which this store and its PHP handler use',
    fix: (facts) => setGlobal(facts, 'binlog_format', "'ROW'"),
  },
  {
    code: 'server-max-connections',
    severity: 'warning',
    when: (facts) => facts.connections > SHARE * variable(facts, 'max_connections'),
    message: (facts) =>
      `the processes may need ${facts.connections} connections together, and the server has ${variable(facts, 'max_connections')} for all its clients`,
    fix: (facts) => setGlobal(facts, 'max_connections', Math.ceil(facts.connections / SHARE)),
  },
  {
    code: 'account-max-connections',
    severity: 'warning',
    when: ({ maxUserConnections = 0, connections }) => maxUserConnections > 0 && maxUserConnections < connections,
    message: ({ maxUserConnections, connections }) =>
      `the processes may need ${connections} connections together, and this account may have ${maxUserConnections}`,
    fix: (facts) => [`ALTER USER ${accountOf(facts)} WITH MAX_USER_CONNECTIONS ${facts.connections}`],
  },
  {
    code: 'server-idle-limit',
    severity: 'warning',
    when: (facts) => idleLimits(facts).length > 0,
    message: (facts) =>
      `${idleLimits(facts).join(', ')}: the server ends a silent transaction before maxHold (${facts.settings.maxHold} s) does, and so the lock of a request that is still running`,
    fix: (facts) => idleLimits(facts).flatMap((name) => setGlobal(facts, name, facts.settings.maxHold)),
  },
  {
    code: 'server-clock',
    severity: 'warning',
    when: ({ clock }) => clock !== undefined && Math.abs(clock.ahead) - clock.uncertainty > CLOCK_TOLERANCE,
    message: ({ clock }) =>
      `the database's clock is ${Math.round(Math.abs(clock!.ahead) / 1000)} s ${clock!.ahead > 0 ? 'ahead of' : 'behind'} this host's. This store uses the database's; sessions of PHP handlers that use their host's clock expire that much too early or too late`,
  },
  {
    code: 'galera-size',
    severity: 'warning',
    when: (facts) => facts.isGalera && status(facts, 'wsrep_cluster_size') < 3,
    message: (facts) =>
      `Galera has ${status(facts, 'wsrep_cluster_size')} of at least 3 nodes: when one is lost, the rest is no majority and serves no client`,
  },
  {
    code: 'galera-sync-wait',
    severity: 'warning',
    when: (facts) =>
      facts.isGalera && status(facts, 'wsrep_cluster_size') > 1 && (variable(facts, 'wsrep_sync_wait') & 1) === 0,
    message: () =>
      'wsrep_sync_wait does not cover reads: for PHP handlers that do not set it, a node reads an old session before it has applied what another node committed',
    fix: (facts) => setGlobal(facts, 'wsrep_sync_wait', variable(facts, 'wsrep_sync_wait') | 1),
  },
  {
    code: 'ndb-nodes',
    severity: 'warning',
    when: (facts) =>
      facts.isNdb && status(facts, 'Ndb_number_of_ready_data_nodes') < status(facts, 'Ndb_number_of_data_nodes'),
    message: (facts) =>
      `of ${status(facts, 'Ndb_number_of_data_nodes')} data nodes, ${status(facts, 'Ndb_number_of_ready_data_nodes')} are ready`,
  },
  {
    code: 'ndb-replicas',
    severity: 'warning',
    when: (facts) => ndb(facts, 'NoOfReplicas') < 2,
    message: () => 'NoOfReplicas is 1: each data node has the only copy of its sessions',
  },
  {
    code: 'ndb-inactive-timeout',
    severity: 'warning',
    when: (facts) =>
      ndb(facts, 'TransactionInactiveTimeout') > 0 &&
      ndb(facts, 'TransactionInactiveTimeout') < facts.settings.maxHold * 1000,
    message: (facts) =>
      `TransactionInactiveTimeout is ${ndb(facts, 'TransactionInactiveTimeout')} ms: the data nodes take the lock from a request that is silent for so long, before maxHold (${facts.settings.maxHold} s) does`,
  },
  {
    code: 'ndb-lock-wait',
    severity: 'info',
    when: (facts) => ndb(facts, 'TransactionDeadlockDetectionTimeout') < facts.settings.timeout,
    message: (facts) =>
      `TransactionDeadlockDetectionTimeout is ${ndb(facts, 'TransactionDeadlockDetectionTimeout')} ms: PHP handlers that wait for a lock in one statement fail after it (error 1205). This store waits on, and so does the PHP handler that comes with it`,
  },
  {
    code: 'galera-writers',
    severity: 'info',
    when: (facts) => facts.isGalera && status(facts, 'wsrep_cluster_size') > 1,
    message: () =>
      'a row lock of Galera holds on one node: of two requests for one session on two nodes, one fails when it commits (error 1213). Let all session traffic go to one node at a time',
  },
  {
    code: 'server-isolation',
    severity: 'info',
    when: (facts) =>
      /^(REPEATABLE-READ|SERIALIZABLE)$/.test(isolation(facts)) && !/^ndb/i.test(facts.definition?.engine ?? ''),
    message: (facts) =>
      `transaction isolation is ${isolation(facts)}: for PHP handlers that do not set it, two first requests with SELECT … FOR UPDATE deadlock (error 1213). This store sets READ COMMITTED`,
    fix: (facts) =>
      facts.isMariadb
        ? ['SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED']
        : setGlobal(facts, 'transaction_isolation', "'READ-COMMITTED'"),
  },
  {
    code: 'server-binlog-rows',
    severity: 'info',
    when: (facts) =>
      /^(ROW|MIXED)$/.test(logFormat(facts) ?? '') && /^FULL/.test(facts.variables.get('binlog_row_image') ?? ''),
    message: ({ variables }) =>
      variables.get('binlog_row_image') === 'FULL'
        ? 'binlog_row_image is FULL: the binary log gets the whole session twice for each change, also where only the time is set'
        : 'binlog_row_image is FULL_NODUP: the binary log gets the whole old session for each change, also where only the time is set',
    fix: (facts) => setGlobal(facts, 'binlog_row_image', "'MINIMAL'"),
  },
  {
    code: 'server-binlog-statements',
    severity: 'info',
    when: (facts) => /^(ROW|MIXED)$/.test(logFormat(facts) ?? '') && loggedTexts(facts) !== undefined,
    message: (facts) =>
      `${loggedTexts(facts)} is on: the binary log gets the text of each statement beside the rows, and with it the session once more`,
    fix: (facts) => setGlobal(facts, loggedTexts(facts)!, 'OFF'),
  },
  {
    code: 'server-wait-timeout',
    severity: 'info',
    when: (facts) => variable(facts, 'wait_timeout') > LONG_SILENCE,
    message: (facts) =>
      `wait_timeout is ${variable(facts, 'wait_timeout')} s: when the host of a PHP handler that does not set it is lost, its session stays locked for so long. This store sets maxHold (${facts.settings.maxHold} s)`,
    fix: (facts) => setGlobal(facts, 'wait_timeout', LONG_SILENCE),
  },
  {
    code: 'not-visible',
    severity: 'info',
    when: (facts) => unexplained(facts).length > 0,
    message: (facts) =>
      `not checked, as the server does not let this account see it: ${unexplained(facts)
        .map(({ what, errno }) => `${what} (error ${errno})`)
        .join(', ')}`,
    fix: (facts) =>
      unexplained(facts)
        .map(({ what }) => GRANTS[what])
        .filter((grant) => grant !== undefined)
        .map((grant) => `GRANT ${grant} TO ${accountOf(facts)}`),
  },
];
