import { text } from 'node:stream/consumers';
import {
  decodeSession,
  type PhpArray,
  type SessionData,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
} from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import { settings as readSessionOptions, type Settings as SessionSettings } from '../session/options.ts';
import { Deadline } from '../stores/deadline.ts';
import { unpack } from '../stores/encoding.ts';
import { Connection } from '../stores/mysql/connection.ts';
import { assertDriver } from '../stores/mysql/driver.ts';
import { toSessionError } from '../stores/mysql/errors.ts';
import { readOptions, type Settings } from '../stores/mysql/options.ts';
import { makeReadOnly, type ScannedRow, type ScanOptions, scanRows } from '../stores/mysql/scan.ts';
import { mysqlStore } from '../stores/mysql/store.ts';
import { firstUnmet, readTableDefinition, type TableDefinition } from '../stores/mysql/table-definition.ts';
import type { Call } from './command.ts';
import { CommandError } from './exit-codes.ts';
import { Handles } from './handles.ts';
import { type Place, readPlace } from './place.ts';

/** The rows of a session table, read without locks under an account that needs no more than SELECT. */
export class SessionTable {
  readonly place: Place;
  readonly settings: Settings;
  readonly definition: TableDefinition;
  /** Those of `phpSession()`. */
  readonly session: SessionSettings;
  /** For `decodeSession()` and `encodeSession()`: as `phpSession()` would use them. */
  readonly codec: SessionDecodeOptions & SessionEncodeOptions;
  readonly handles: Handles;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;

  private constructor(
    place: Place,
    found: Pick<SessionTable, 'settings' | 'definition' | 'handles'>,
    connection: Connection,
    signal: AbortSignal,
  ) {
    this.place = place;
    this.settings = found.settings;
    this.definition = found.definition;
    this.handles = found.handles;
    this.session = readSessionOptions({ ...place.session, store: mysqlStore(place.store) });
    this.codec = this.session.codec;
    this.#connection = connection;
    this.#signal = signal;
  }

  /**
   * Connects to the first server of the configuration.
   *
   * @param use gets the table, which is closed afterwards
   * @throws UsageError, PhpSessionError `ERR_SESSION_UNAVAILABLE`, `ERR_SESSION_TABLE`
   */
  static async use<Result>(call: Call, use: (table: SessionTable) => Promise<Result>): Promise<Result> {
    assertDriver();
    const [handles, place] = [await Handles.of(call.world), await readPlace(call)];
    const settings = readOptions(place.store);
    const connection = new Connection(settings.connections[0]!, settings, { autocommit: true });
    const { signal } = call.world;
    try {
      await makeReadOnly(connection, settings);
      const definition = await readTableDefinition(settings, connection, new Deadline(settings.timeout, signal));
      const what = firstUnmet(definition, settings);
      if (what !== undefined)
        throw new PhpSessionError('ERR_SESSION_TABLE', `the session table cannot be used: ${what}`);
      const result = await use(new SessionTable(place, { settings, definition, handles }, connection, signal));
      await connection.end();
      return result;
    } catch (error) {
      connection.destroy();
      throw error === signal.reason ? error : toSessionError(error);
    }
  }

  /** All rows in the order of their keys, a batch at a time. See `scanRows()`. */
  batches(options: Omit<ScanOptions, 'signal'> = {}): AsyncGenerator<ScannedRow[], void, undefined> {
    return scanRows(this.settings, this.definition, this.#connection, { ...options, signal: this.#signal });
  }

  /**
   * The key of the session that a user names: by its handle, or by `-` and an id on standard input.
   *
   * @throws UsageError for what is no handle
   * @throws CommandError where there is no such session, or several handles begin so
   */
  async find(name: string, { world, report }: Pick<Call, 'world' | 'report'>): Promise<string> {
    const wanted = name === '-' ? this.settings.row.keyOf((await text(world.stdin)).trim()) : undefined;
    const isIt = wanted === undefined ? this.handles.test(name) : (key: string) => key === wanted;
    const found: string[] = [];
    let seen = 0;
    for await (const rows of this.batches({ withData: false })) {
      for (const { key } of rows) if (isIt(key)) found.push(key);
      seen += rows.length;
      report.progress(() => `looking for it: ${seen} sessions`);
    }
    if (found.length === 0) throw new CommandError('there is no such session (any more)');
    if (found.length > 1) throw new CommandError('several sessions have a handle that begins so: give more of it');
    return found[0]!;
  }

  /** @throws CommandError where it is not there any more */
  async row(key: string): Promise<ScannedRow> {
    for await (const [row] of this.batches({ only: key })) {
      if (row !== undefined) return row;
    }
    throw new CommandError('there is no such session (any more)');
  }

  /**
   * What is in a row.
   *
   * @throws PhpSessionError for a row that is no session
   */
  decode({ data }: Pick<ScannedRow, 'data'>): SessionData {
    return decodeSession(this.unpack(data), this.codec);
  }

  /** The same with all types of PHP. */
  decodeExact({ data }: Pick<ScannedRow, 'data'>): PhpArray {
    return decodeSession(this.unpack(data), { ...this.codec, view: 'exact' });
  }

  /** @throws PhpSessionError for what is not in the encoding of the table */
  unpack(stored: Uint8Array): Uint8Array {
    const { encoding } = this.settings;
    if (encoding === undefined) return stored;
    const { data, unreadable } = unpack(encoding, stored);
    if (unreadable !== undefined) throw unreadable;
    return data;
  }
}
