import { PhpSessionError } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import { isAnswer } from './errors.ts';
import { checkNamedLock } from './named-lock.ts';
import type { Settings } from './options.ts';
import { replicates } from './server-role.ts';
import { sampleSql } from './table.ts';
import { readTableDefinition, type TableDefinition } from './table-definition.ts';
import { type Offsets, readOffsets, zoneOf } from './time-zone.ts';
import { findOtherZone, SAMPLE } from './zone-of-rows.ts';

/** What was read from the server for the checks, at one time. Whatever this account may not see is `undefined`. */
export interface Facts {
  readonly settings: Settings;
  /** Global variables by name, as SHOW prints them. */
  readonly variables: ReadonlyMap<string, string>;
  /** The variables that keep the server from writing. */
  readonly readOnly: readonly string[];
  readonly status: ReadonlyMap<string, string>;
  readonly isMariadb: boolean;
  /** Whether the server is a node of an NDB Cluster, and its data nodes answer. */
  readonly isNdb: boolean;
  /** Whether the server is a node of a Galera cluster. */
  readonly isGalera: boolean;
  /** `user@host`, as CURRENT_USER() has it. */
  readonly account: string | undefined;
  /** The database of the table. */
  readonly database: string | undefined;
  /** `max_user_connections` of this account; 0 for no limit. */
  readonly maxUserConnections: number | undefined;
  /** Milliseconds that the database's clock is ahead of this process's, and by how much that may be wrong. */
  readonly clock: { readonly ahead: number; readonly uncertainty: number } | undefined;
  readonly definition: TableDefinition | undefined;
  /** The zone of a DATETIME column, and that of the server's connections; `undefined` for one that the server does not know. */
  readonly offsets: { readonly ours: Offsets | undefined; readonly server: Offsets | undefined };
  /** What shows that rows are of another zone than the option `timeZone` says. */
  readonly otherZone: string | undefined;
  /** Whether there are rows without a time; of a table without an index on it, the first rows tell. */
  readonly hasNullTimes: boolean | undefined;
  /** The data of a few sessions, as PHP sees them. */
  readonly sessions: readonly Uint8Array[] | undefined;
  /** Of what the store needs on the table (SELECT, INSERT, UPDATE, DELETE), what this account lacks. A server that is read-only does not tell. */
  readonly deniedPrivileges: readonly string[] | undefined;
  /** Whether the server replicates from another one, asynchronously. */
  readonly isReplica: boolean | undefined;
  /** Why a named lock, if the options want one, is refused. */
  readonly namedLock: string | undefined;
  /** Parameters of the data nodes by name. */
  readonly ndbParameters: ReadonlyMap<string, number> | undefined;
  /** The statements that failed, by what they were for. */
  readonly unseen: readonly Unseen[];
}

export interface Unseen {
  readonly what: 'account' | 'table' | 'times' | 'sessions' | 'replication' | 'named lock' | 'ndb parameters';
  /** Of the server's answer. */
  readonly errno: number;
}

const READ_ONLY = ['read_only', 'super_read_only', 'innodb_read_only', 'tx_read_only', 'transaction_read_only'];
const VARIABLES = [
  ...READ_ONLY,
  ...['version', 'sql_mode', 'tx_isolation', 'transaction_isolation', 'max_allowed_packet', 'max_connections'],
  ...['wait_timeout', 'idle_transaction_timeout', 'idle_write_transaction_timeout'],
  ...['wsrep_on', 'wsrep_sync_wait'],
  ...['log_bin', 'binlog_format', 'binlog_row_image', 'binlog_annotate_row_events', 'binlog_rows_query_log_events'],
];
const STATUS = [
  ...['Ndb_number_of_data_nodes', 'Ndb_number_of_ready_data_nodes'],
  ...['wsrep_ready', 'wsrep_cluster_status', 'wsrep_cluster_size'],
];
const NDB_PARAMETERS = ['TransactionDeadlockDetectionTimeout', 'TransactionInactiveTimeout', 'NoOfReplicas'];

/**
 * Reads them with about ten statements, each cheap on a large table. None locks or changes a row.
 *
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when the connection breaks
 */
export async function readFacts(settings: Settings, connection: Connection, deadline: Deadline): Promise<Facts> {
  const unseen: Unseen[] = [];
  /** What the server refuses is not known then; it is no failure. */
  const see = async <T>(what: Unseen['what'], look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!isAnswer(error)) throw error;
      unseen.push({ what, errno: (error as { errno: number }).errno });
      return undefined;
    }
  };
  const query = <Row>(sql: string) => connection.query<Row[]>(sql, deadline);
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');
  const show = async (kind: string, names: readonly string[]) =>
    new Map(await query<[string, string]>(`SHOW GLOBAL ${kind} WHERE Variable_name IN (${list(names)})`));

  // Whatever the server's own settings are. (A local time occurs twice when summer time ends.)
  await connection.query("SET SESSION autocommit = 1, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'", deadline);
  const variables = await show('VARIABLES', VARIABLES);
  const status = await show('STATUS', STATUS);
  const readOnly = READ_ONLY.filter((name) => !/^(|0|OFF)$/.test(variables.get(name) ?? ''));
  const version = variables.get('version') ?? '';
  const isMariadb = version.includes('MariaDB');
  const isNdb = Number(status.get('Ndb_number_of_ready_data_nodes') ?? 0) > 0;
  const isGalera = status.has('wsrep_cluster_size') && variables.get('wsrep_on') === 'ON';

  const account = await see('account', async () => {
    type Row = [account: string, database: string | null, connections: number | string, now: number | string];
    const before = Date.now();
    const [row] = await query<Row>(
      'SELECT CURRENT_USER(), DATABASE(), @@session.max_user_connections, UNIX_TIMESTAMP(NOW(3))',
    );
    const after = Date.now();
    const ahead = Number(row![3]) * 1000 - (before + after) / 2;
    return { name: row![0], database: row![1], connections: Number(row![2]), ahead, uncertainty: (after - before) / 2 };
  });
  const definition = await see('table', () => readTableDefinition(settings, connection, deadline));
  const isReplica = await replicates(connection, version, deadline);
  // ER_SPECIFIC_ACCESS_DENIED_ERROR
  if (isReplica === undefined) unseen.push({ what: 'replication', errno: 1227 });
  const namedLock = await see('named lock', () =>
    refusalOfNamedLock(settings, definition?.engine, connection, deadline),
  );
  const ndbParameters = isNdb
    ? await see('ndb parameters', async () => {
        const rows = await query<[string, string]>(
          `SELECT p.param_name, MIN(v.config_value) FROM ndbinfo.config_params AS p
             JOIN ndbinfo.config_values AS v ON v.config_param = p.param_number
            WHERE p.param_name IN (${list(NDB_PARAMETERS)}) GROUP BY p.param_name`,
        );
        return new Map(rows.map(([name, value]) => [name, Number(value)]));
      })
    : undefined;

  const offsets = {
    ours: await readOffsets({ name: zoneOf(settings) }, connection, deadline),
    server: await readOffsets('@@global.time_zone', connection, deadline),
  };
  const otherZone = definition && (await see('times', () => findOtherZone(settings, definition, connection, deadline)));
  const { table, quoted } = settings;
  const hasIndex = definition?.indexes.some(({ columns: [first] }) => first!.name === definition.time?.name);
  const rows = hasIndex ? table.quoted : `(SELECT ${quoted.time} FROM ${table.quoted} LIMIT ${SAMPLE}) AS sample`;
  const hasNullTimes = definition?.time?.nullable
    ? await see('times', async () => {
        const [row] = await query<[number]>(`SELECT EXISTS (SELECT 1 FROM ${rows} WHERE ${quoted.time} IS NULL)`);
        return Number(row![0]) === 1;
      })
    : false;
  const { data } = definition ?? {};
  const sessions =
    definition?.id && data && (await see('sessions', () => query<[Uint8Array]>(sampleSql(settings, definition))));
  const mayProbe = readOnly.length === 0 && definition?.id && definition.data && definition.time;
  const deniedPrivileges = mayProbe ? await readDenied(settings, query) : undefined;
  return {
    ...{
      settings,
      variables,
      readOnly,
      status,
      isMariadb,
      isNdb,
      isGalera,
      definition,
      offsets,
      otherZone,
      hasNullTimes,
      sessions: sessions?.map(([bytes]) => bytes),
      isReplica,
      namedLock,
      ndbParameters,
      unseen,
    },
    account: account?.name,
    database: table.database ?? account?.database ?? undefined,
    maxUserConnections: account?.connections,
    clock: account,
    deniedPrivileges,
  };
}

async function refusalOfNamedLock(
  { lock }: Settings,
  engine: string | undefined,
  connection: Connection,
  deadline: Deadline,
): Promise<string | undefined> {
  try {
    await checkNamedLock(lock, engine, connection, deadline);
    return undefined;
  } catch (error) {
    if (error instanceof PhpSessionError) return error.message;
    throw error;
  }
}

/** Asks for each privilege by a statement that needs it and finds no row. Roles and columns count that way, too. */
async function readDenied(
  { table, quoted, row }: Settings,
  query: (sql: string) => Promise<unknown>,
): Promise<string[]> {
  const { id, data, time } = quoted;
  const probes = {
    SELECT: `SELECT ${id}, ${data}, ${time} FROM ${table.quoted} WHERE FALSE`,
    ...(row.makesRows && {
      INSERT: `INSERT INTO ${table.quoted} (${id}, ${data}, ${time}) SELECT '', '', 0 FROM DUAL WHERE FALSE`,
    }),
    UPDATE: `UPDATE ${table.quoted} SET ${id} = '', ${data} = '', ${time} = 0 WHERE FALSE`,
    DELETE: `DELETE FROM ${table.quoted} WHERE FALSE`,
  };
  const denied: string[] = [];
  for (const [privilege, sql] of Object.entries(probes)) {
    try {
      await query(sql);
    } catch (error) {
      const { errno } = error as { errno?: number };
      // ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR
      if (errno === 1142 || errno === 1143) denied.push(privilege);
      else if (!isAnswer(error)) throw error;
    }
  }
  return denied;
}
