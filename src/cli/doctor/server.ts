import { Deadline } from '../../stores/deadline.ts';
import { Connection } from '../../stores/mysql/connection.ts';
import { type MysqlConnectionOptions, serverNames } from '../../stores/mysql/connection-options.ts';
import { isAnswer } from '../../stores/mysql/errors.ts';
import type { Settings } from '../../stores/mysql/options.ts';

/** What connections of this package say of themselves. */
export interface Client {
  /** `'php-session-bridge'`, or what the application has instead. */
  readonly program: string;
  /** Of this package; `undefined` for one that is too old to say it. */
  readonly version: string | undefined;
}

/** What the doctor asks a server beside `checkTable()`. */
export interface ServerFacts {
  /** `'127.0.0.1:3306'` */
  readonly name: string;
  readonly version: string;
  readonly maxConnections: number;
  readonly isGalera: boolean;
  /** `undefined` where this account may not see it, or performance_schema is off. */
  readonly clients: readonly Client[] | undefined;
}

/** Of connections other than this one. */
const CLIENTS = `SELECT DISTINCT p.ATTR_VALUE, v.ATTR_VALUE FROM performance_schema.session_connect_attrs AS p
    LEFT JOIN performance_schema.session_connect_attrs AS v
      ON v.PROCESSLIST_ID = p.PROCESSLIST_ID AND v.ATTR_NAME = 'php_session_bridge'
 WHERE p.ATTR_NAME = 'program_name' AND p.PROCESSLIST_ID <> CONNECTION_ID()
   AND (v.ATTR_VALUE IS NOT NULL OR p.ATTR_VALUE = 'php-session-bridge')`;

/** @returns `undefined` for a server that cannot be asked: `checkTable()` says why */
export async function readServer(
  endpoint: MysqlConnectionOptions,
  settings: Settings,
): Promise<ServerFacts | undefined> {
  const connection = new Connection(endpoint, settings, { autocommit: true });
  try {
    const deadline = new Deadline(settings.timeout);
    const [row] = await connection.query<[string, number | string][]>('SELECT VERSION(), @@max_connections', deadline);
    const [galera] = await connection.query<[string, string][]>("SHOW VARIABLES LIKE 'wsrep_on'", deadline);
    return {
      name: serverNames([endpoint]),
      ...{ version: row![0], maxConnections: Number(row![1]), isGalera: galera?.[1] === 'ON' },
      clients: await readClients(connection, deadline),
    };
  } catch {
    return undefined;
  } finally {
    await connection.end();
  }
}

async function readClients(connection: Connection, deadline: Deadline): Promise<Client[] | undefined> {
  try {
    const [schema] = await connection.query<[number | string][]>('SELECT @@performance_schema', deadline);
    if (Number(schema![0]) !== 1) return undefined;
    const rows = await connection.query<[string, string | null][]>(CLIENTS, deadline);
    return rows.map(([program, version]) => ({ program, version: version ?? undefined }));
  } catch (error) {
    if (isAnswer(error)) return undefined;
    throw error;
  }
}
