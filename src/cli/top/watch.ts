import { Deadline } from '../../stores/deadline.ts';
import { Connection } from '../../stores/mysql/connection.ts';
import { type MysqlConnectionOptions, serverNames } from '../../stores/mysql/connection-options.ts';
import type { Settings } from '../../stores/mysql/options.ts';
import { idKey, readTableDefinition, type TableDefinition } from '../../stores/mysql/table-definition.ts';
import type { Handles } from '../handles.ts';
import { type Ask, asking } from './ask.ts';
import { type Client, type Clients, readClients } from './clients.ts';
import { readInnodb, type SessionLocks } from './innodb.ts';
import { joined, readNamedLocks } from './named-locks.ts';
import { readNdb } from './ndb.ts';
import type { Rates, ServerPicture } from './picture.ts';

/** What the server has counted since it started, and when that was read. */
interface Counters {
  readonly at: number;
  readonly values: ReadonlyMap<string, number>;
}

/** One server that is looked at again and again. */
export class Watch {
  readonly #endpoint: MysqlConnectionOptions;
  readonly #settings: Settings;
  readonly #handles: Handles;
  #connection: Connection | undefined;
  #definition: TableDefinition | undefined;
  #before: Counters | undefined;

  constructor(endpoint: MysqlConnectionOptions, settings: Settings, handles: Handles) {
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#handles = handles;
  }

  /** Never throws, but the signal's reason: a server that does not answer is in the picture too. */
  async look(signal: AbortSignal): Promise<ServerPicture> {
    const server = serverNames([this.#endpoint]);
    try {
      return { server, ...(await this.#look(signal)) };
    } catch (error) {
      this.end();
      signal.throwIfAborted();
      const { code = 'no answer in time' } = error as { code?: string };
      const nothing = { version: '', connections: null, table: null, rates: null, transactions: [] };
      return { server, ...nothing, unseen: [`the server: ${code}`] };
    }
  }

  end(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#before = undefined;
  }

  async #look(signal: AbortSignal): Promise<Omit<ServerPicture, 'server'>> {
    if (this.#connection?.isUsable !== true) {
      this.#connection = new Connection(this.#endpoint, this.#settings, { autocommit: true });
    }
    const connection = this.#connection;
    const ask = asking(connection, this.#settings.timeout, signal);
    const { query, see } = ask;
    const [row] = await query<[string, number | string]>('SELECT VERSION(), @@max_connections');
    const version = row![0];
    this.#definition ??= await see('the session table', 'SELECT on it', () =>
      readTableDefinition(this.#settings, connection, new Deadline(this.#settings.timeout, signal)),
    );
    const clients = await readClients(ask);
    const locks = this.#locks();
    const isNdb = /^ndb/i.test(this.#definition?.engine ?? '');
    const read =
      isNdb && locks !== undefined
        ? await readNdb(ask, clients.byId, locks)
        : await readInnodb(ask, clients.byId, /MariaDB/i.test(version), locks);
    const { lock, row: rowSettings } = this.#settings;
    const handleOf = (id: string) => this.#handles.of(rowSettings.keyOf(id));
    const named = typeof lock === 'string' ? [] : await readNamedLocks(ask, clients.byId, { lock, handleOf });
    const transactions = joined(read, named).sort((a, b) => b.seconds - a.seconds);
    const rates = await this.#rates(query);
    return {
      ...{ version, transactions, rates, unseen: ask.unseen },
      connections: countClients(clients, Number(row![1])),
      table: (await this.#size(ask)) ?? null,
    };
  }

  #locks(): SessionLocks | undefined {
    const definition = this.#definition;
    const index = definition && idKey(definition);
    if (definition?.database === undefined || index === undefined) return undefined;
    const { database } = definition;
    const handleOf = (key: string) => this.#handles.of(key);
    return { database, table: this.#settings.table.name, index, handleOf };
  }

  async #size({ query, see }: Ask): Promise<ServerPicture['table'] | undefined> {
    const { database } = this.#definition ?? {};
    if (database === undefined) return undefined;
    const [row] =
      (await see('the size of the table', undefined, () =>
        query<[rows: number | string | null, bytes: number | string | null]>(
          `SELECT TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES
            WHERE CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = '${database}.${this.#settings.table.name}'`,
        ),
      )) ?? [];
    return row === undefined ? undefined : { rows: Number(row[0] ?? 0), bytes: Number(row[1] ?? 0) };
  }

  async #rates(query: Ask['query']): Promise<Rates | null> {
    const rows = await query<[string, string]>(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_commit', 'Innodb_row_lock_waits')",
    );
    const now = { at: performance.now(), values: new Map(rows.map(([name, value]) => [name, Number(value)])) };
    const before = this.#before;
    this.#before = now;
    if (before === undefined) return null;
    const rate = (name: string) =>
      (((now.values.get(name) ?? 0) - (before.values.get(name) ?? 0)) / (now.at - before.at)) * 1000;
    return { statements: rate('Questions'), commits: rate('Com_commit'), lockWaits: rate('Innodb_row_lock_waits') };
  }
}

function countClients({ byId, areKnown }: Clients, most: number): ServerPicture['connections'] {
  const count = (side: Client['side']) =>
    areKnown ? [...byId.values()].filter((client) => client.side === side).length : null;
  return { all: byId.size, most, node: count('node'), php: count('php') };
}
