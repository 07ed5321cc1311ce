import { PhpSessionError, type PhpSessionErrorCode } from '../../errors.ts';
import { DeadlineExpired } from '../deadline.ts';
import { adviceFor } from './advice.ts';

/**
 * What an error of the driver means for what comes next. In every case the transaction is over: NDB has rolled it
 * back after any error, and then the next `FOR UPDATE` on that connection locks nothing.
 *
 * - `locked`: another client holds the row; start again from the read
 * - `retry`: something temporary; start again from the read
 * - `duplicate`: a row with this key came into being; start again from the read
 * - `lost`: the connection is gone, the server may be there; start again on another one, once
 * - `full`: the server has no room for one more connection; it is well
 * - `read only`: sessions must be kept on another server; start again there, once
 * - `away`: there is no server to talk to
 * - `foreign`: not known to be the database's: a mistake of ours, of the driver or of the application. It goes to the caller as it is
 * - the rest: it would fail again
 */
export type Failure =
  | 'locked'
  | 'retry'
  | 'duplicate'
  | 'lost'
  | 'full'
  | 'read only'
  | 'away'
  | 'foreign'
  | 'table'
  | 'time zone'
  | 'too large'
  | 'charset';

/**
 * What the store itself finds wrong: it says by `failure` what that means. `code` and `errno` are for the caller, who sees them in
 * `cause`: what the driver or the server calls the same.
 */
export class Failed extends Error {
  readonly failure: Failure;
  readonly code: string | undefined;
  /** `undefined` where no server has answered. */
  readonly errno: number | undefined;

  constructor(failure: Failure, message: string, { code, errno }: { code?: string; errno?: number } = {}) {
    super(message);
    this.failure = failure;
    this.code = code;
    this.errno = errno;
  }
}

/** Numbers of MySQL's Server Error Message Reference, and of MariaDB's Error Codes where it has its own. */
export const byNumber: ReadonlyMap<number, Failure> = new Map<number, Failure>([
  [1205, 'locked'], // ER_LOCK_WAIT_TIMEOUT; NDB after TransactionDeadlockDetectionTimeout
  [1213, 'locked'], // ER_LOCK_DEADLOCK; Galera: aborted by a write on another node, or not certified
  [1062, 'duplicate'], // ER_DUP_ENTRY
  [1020, 'retry'], // ER_CHECKREAD
  [1040, 'full'], // ER_CON_COUNT_ERROR
  [1047, 'retry'], // ER_UNKNOWN_COM_ERROR: "WSREP has not yet prepared node for application use"
  [1135, 'retry'], // ER_CANT_CREATE_THREAD
  [1180, 'retry'], // ER_ERROR_DURING_COMMIT
  [1203, 'full'], // ER_TOO_MANY_USER_CONNECTIONS
  [1206, 'retry'], // ER_LOCK_TABLE_FULL
  [1226, 'full'], // ER_USER_LIMIT_REACHED: MAX_USER_CONNECTIONS and the like of the account
  [1297, 'retry'], // ER_GET_TEMPORARY_ERRMSG: NDB's temporary errors, such as a node that takes over
  [1317, 'retry'], // ER_QUERY_INTERRUPTED: KILL QUERY
  [1176, 'retry'], // ER_KEY_DOES_NOT_EXITS: the index of `gc()` has got another name
  [1412, 'retry'], // ER_TABLE_DEF_CHANGED
  [1615, 'retry'], // ER_NEED_REPREPARE
  [1637, 'retry'], // ER_TOO_MANY_CONCURRENT_TRXS
  [1969, 'retry'], // ER_STATEMENT_TIMEOUT (MariaDB)
  [3024, 'retry'], // ER_QUERY_TIMEOUT
  [3100, 'retry'], // ER_RUN_HOOK_ERROR: Group Replication at COMMIT
  [3101, 'retry'], // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: Group Replication
  [1053, 'lost'], // ER_SERVER_SHUTDOWN
  [1152, 'lost'], // ER_ABORTING_CONNECTION
  [1158, 'lost'], // ER_NET_READ_ERROR
  [1159, 'lost'], // ER_NET_READ_INTERRUPTED
  [1160, 'lost'], // ER_NET_ERROR_ON_WRITE
  [1161, 'lost'], // ER_NET_WRITE_INTERRUPTED
  [1184, 'lost'], // ER_NEW_ABORTING_CONNECTION
  // ER_GET_ERRMSG: NDB's other errors. 4009 'Cluster Failure', on an SQL node without data nodes, where another may have some;
  // 4350 'Transaction already aborted'; 4008 and 4012, after which it is unknown what was done.
  [1296, 'lost'],
  [1927, 'lost'], // ER_CONNECTION_KILLED (MariaDB)
  [2006, 'lost'], // CR_SERVER_GONE_ERROR, from here on as a proxy such as ProxySQL reports its own connections
  [2013, 'lost'], // CR_SERVER_LOST
  [2055, 'lost'], // CR_SERVER_LOST_EXTENDED
  [3032, 'lost'], // ER_SERVER_OFFLINE_MODE: Group Replication, after it has expelled the server
  [4031, 'lost'], // ER_CLIENT_INTERACTION_TIMEOUT: wait_timeout
  [1290, 'read only'], // ER_OPTION_PREVENTS_STATEMENT: after a failover; a new connection may find the new primary
  [1792, 'read only'], // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  [1836, 'read only'], // ER_READ_ONLY_MODE
  [1046, 'table'], // ER_NO_DB_ERROR
  [1048, 'table'], // ER_BAD_NULL_ERROR
  [1049, 'table'], // ER_BAD_DB_ERROR
  [1054, 'table'], // ER_BAD_FIELD_ERROR
  [1110, 'table'], // ER_FIELD_SPECIFIED_TWICE: row.insert names it twice
  [1142, 'table'], // ER_TABLEACCESS_DENIED_ERROR
  [1143, 'table'], // ER_COLUMNACCESS_DENIED_ERROR
  [1146, 'table'], // ER_NO_SUCH_TABLE
  [1264, 'table'], // ER_WARN_DATA_OUT_OF_RANGE: the time, or what row.insert gives
  [1265, 'table'], // WARN_DATA_TRUNCATED: no value of an ENUM, as in row.insert
  [1292, 'table'], // ER_TRUNCATED_WRONG_VALUE: the same
  [1288, 'table'], // ER_NON_UPDATABLE_TABLE: a view
  [1305, 'table'], // ER_SP_DOES_NOT_EXIST: a trigger calls it, as in the next ones
  [1348, 'table'], // ER_NONUPDATEABLE_COLUMN
  [1364, 'table'], // ER_NO_DEFAULT_FOR_FIELD: another column must be written
  [1423, 'table'], // ER_NO_DEFAULT_FOR_VIEW_FIELD
  [1369, 'table'], // ER_VIEW_CHECK_FAILED
  [1370, 'table'], // ER_PROCACCESS_DENIED_ERROR
  [1442, 'table'], // ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG
  [1449, 'table'], // ER_NO_SUCH_USER: the trigger's definer
  [1906, 'table'], // ER_WARNING_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN (MariaDB): row.insert names it
  [3105, 'table'], // ER_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN (MySQL)
  [1665, 'table'], // ER_BINLOG_STMT_MODE_AND_ROW_ENGINE: binlog_format is STATEMENT, which InnoDB refuses at READ COMMITTED
  [1526, 'table'], // ER_NO_PARTITION_FOR_GIVEN_VALUE
  [1644, 'table'], // ER_SIGNAL_EXCEPTION: a trigger refuses it
  [3819, 'table'], // ER_CHECK_CONSTRAINT_VIOLATED (MySQL)
  [1298, 'time zone'], // ER_UNKNOWN_TIME_ZONE
  [1118, 'too large'], // ER_TOO_BIG_ROWSIZE
  [1153, 'too large'], // ER_NET_PACKET_TOO_LARGE
  [1197, 'too large'], // ER_TRANS_CACHE_FULL: max_binlog_cache_size
  [1406, 'too large'], // ER_DATA_TOO_LONG
  [1705, 'too large'], // ER_STMT_CACHE_FULL: max_binlog_stmt_cache_size
  [1300, 'charset'], // ER_INVALID_CHARACTER_STRING
  [1366, 'charset'], // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
  [3854, 'charset'], // ER_CANNOT_CONVERT_STRING
  [3988, 'charset'], // ER_IMPOSSIBLE_STRING_CONVERSION (MySQL)
]);

/**
 * What an unknown number means by the class of its SQLSTATE: no data, data exception, integrity constraint, check option,
 * and what the manual recommends for SIGNAL. A trigger may set any number. They come of rows alone, and not of connecting.
 */
const ofRows = /^(02|22|23|44|45)/;

interface DriverError {
  errno?: unknown;
  sqlState?: unknown;
  code?: unknown;
  name?: unknown;
}

/** Whether the table may be another one than it was described to be: it is to be described anew. */
export function isOfTable(error: unknown): boolean {
  return classify(error) === 'table' || [1176, 1412].includes((error as DriverError | undefined)?.errno as number);
}

/** ER_MAX_PREPARED_STMT_COUNT_REACHED: `max_prepared_stmt_count`, which all clients of the server share. */
export function isStatementLimit(error: unknown): boolean {
  return (error as DriverError).errno === 1461;
}

/** A connection that could not be made: by the operating system, or as mysql2 calls it. */
const noConnection =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|ENOENT|EACCES|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|HANDSHAKE_\w+|AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED)$/;

/** One that broke: the operating system's errors, mysql2's, and those of Node's streams, of TLS, and of what is compressed. */
const brokenConnection = /^(E[A-Z0-9]+|PROTOCOL_\w+|ERR_STREAM_\w+|ERR_SOCKET_CLOSED\w*|ERR_(SSL|TLS)_\w+|Z_\w+)$/;

/**
 * What is not known to be of the connection or of the server is `foreign`. mysql2 has errors of a closed connection without anything
 * to know them by: `Connection` asks whether it is open instead.
 */
export function classify(error: unknown): Failure {
  if (error instanceof Failed) return error.failure;
  const { errno, sqlState, code, name } = (error ?? {}) as DriverError;
  // Errors of the operating system have an `errno` too: a negative one.
  const known = typeof errno === 'number' ? byNumber.get(errno) : undefined;
  if (known !== undefined) return known;
  if (typeof sqlState === 'string') return ofRows.test(sqlState) ? 'table' : 'away';
  // A wrong argument has a code of Node as well.
  if (typeof code !== 'string' || name === 'TypeError' || name === 'RangeError') return 'foreign';
  if (noConnection.test(code)) return 'away';
  return brokenConnection.test(code) ? 'lost' : 'foreign';
}

/** Whether an error is to go to the caller as it is: neither the database's, nor one of ours. */
export function isForeign(error: unknown): boolean {
  return classify(error) === 'foreign' && !(error instanceof PhpSessionError) && !(error instanceof DeadlineExpired);
}

/** Whether it is the server's answer to a statement, and the connection may go on after a ROLLBACK. */
export function isAnswer(error: unknown): boolean {
  if (typeof (error as DriverError | undefined)?.sqlState !== 'string') return false;
  const failure = classify(error);
  return failure !== 'lost' && failure !== 'read only';
}

/** Whether a server has answered, whatever it said. */
export function isFromServer(error: unknown): boolean {
  if (error instanceof Failed) return error.errno !== undefined;
  return typeof (error as DriverError | undefined)?.sqlState === 'string';
}

/** ER_NO_DEFAULT_FOR_FIELD, ER_NO_PARTITION_FOR_GIVEN_VALUE and ER_CHECK_CONSTRAINT_VIOLATED, whose SQLSTATE says nothing. */
const OF_A_ROW: readonly unknown[] = [1364, 1526, 3819];

/** Whether a rule of the table (CHECK, foreign key, trigger, ...) refuses this row, though others may be stored. */
export function refusesRow(error: unknown): boolean {
  const { errno, sqlState } = (error ?? {}) as DriverError;
  return classify(error) === 'table' && (OF_A_ROW.includes(errno) || ofRows.test(String(sqlState)));
}

const beforeCommit = new WeakSet<object>();

/**
 * Notes that a text stopped before its COMMIT: the server runs nothing of a text after a statement that failed. It has to be
 * the server that says so. What a proxy says of its own connections has a number of the clients' (2000 to 2999) or is `lost`.
 *
 * @param error of a statement before COMMIT, if it is an answer to a statement at all
 */
export function noteBeforeCommit(error: unknown): void {
  const { errno, sqlState } = (error ?? {}) as DriverError;
  if (typeof errno !== 'number' || typeof sqlState !== 'string') return;
  const isOfProxy = (errno >= 2000 && errno < 3000) || classify(error) === 'lost';
  if (!isOfProxy) beforeCommit.add(error as object);
}

/** Whether COMMIT, which was sent in the same text, was not run. */
export function isBeforeCommit(error: unknown): boolean {
  return beforeCommit.has(error as object);
}

type Known = Exclude<Failure, 'foreign'>;

const meaning: Record<Known, [PhpSessionErrorCode, string]> = {
  locked: ['ERR_SESSION_LOCK_TIMEOUT', 'the lock of the session could not be had in time'],
  retry: ['ERR_SESSION_UNAVAILABLE', 'the database kept failing with a temporary error'],
  duplicate: ['ERR_SESSION_LOCK_TIMEOUT', 'the session was created and given up by others all the time'],
  lost: ['ERR_SESSION_UNAVAILABLE', 'the connection to the database was lost'],
  full: [
    'ERR_SESSION_UNAVAILABLE',
    'the server has no room for more connections: connectionLimit of all processes is more than its max_connections, or a limit of the account, allows',
  ],
  'read only': ['ERR_SESSION_UNAVAILABLE', 'the database is read only or a replica, where no session is kept'],
  away: ['ERR_SESSION_UNAVAILABLE', 'the database cannot be used'],
  table: ['ERR_SESSION_TABLE', 'the session table cannot be used'],
  'time zone': [
    'ERR_SESSION_TABLE',
    'the server does not know the time zone of the option "timeZone": give an offset, or load its time zone tables',
  ],
  'too large': [
    'ERR_SESSION_TOO_LARGE',
    'the data do not fit into the column, or are more than the server takes at once',
  ],
  charset: ['ERR_SESSION_CHARSET', 'the character set of the column cannot hold the data'],
};

/** The error that the caller sees; a foreign one is what it is. */
export function toSessionError(cause: unknown): Error {
  if (cause instanceof PhpSessionError || isForeign(cause)) return cause as Error;
  if (cause instanceof DeadlineExpired) {
    return new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the database did not answer in time');
  }
  const [code, message] = meaning[classify(cause) as Known];
  return new PhpSessionError(code, message + adviceFor(cause), { cause });
}
