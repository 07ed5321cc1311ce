import { isAscii } from 'node:buffer';
import { PhpSessionError } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import type { Visitor } from '../store.ts';
import type { Connection } from './connection.ts';
import { type Filled, insertSql, updateSql } from './fills.ts';
import type { Literal } from './literals.ts';
import { checkNamedLock } from './named-lock.ts';
import { describeDemands } from './new-row.ts';
import type { Settings } from './options.ts';
import { numbersOf, type SampledRow, sampledColumns, whyOthers } from './other-rows.ts';
import { firstUnmet, idKey, readTableDefinition, type TableDefinition, takesBareRows } from './table-definition.ts';
import { timeSql } from './time.ts';
import { zoneOf } from './time-zone.ts';
import { findOtherZone, tooNew, warnOfZone } from './zone-of-rows.ts';

/** The session table as information_schema describes it, and the statements for it. */
export interface TableDescription {
  /** Characters of an id; equal for a BINARY column, which pads what is shorter. */
  readonly idLength: { readonly min: number; readonly max: number };
  /** Bytes that the column holds. */
  readonly maxData: number;
  /** Bytes that the server takes in one statement. */
  readonly maxPacket: number;
  /** The column's character set, or null for bytes. */
  readonly charset: string | null;
  /** Whether PHP's bytes and the column's differ, unless they are ASCII alone and both character sets contain it. */
  readonly converts: boolean;
  readonly asciiIsSafe: boolean;
  /** Seconds: the option of this name. */
  readonly touchInterval: number;
  /** Seconds after its last use at which a row counts as none; infinite without the option `expireOnRead`. */
  readonly lifetime: number;
  /** Gets the age of each row that is read, where the age can show that PHP writes another time zone. */
  readonly seesAge: ((age: number) => void) | undefined;
  /** What a new row must have besides id, data and time, in words for an error; `undefined`: nothing. */
  readonly demands: string | undefined;
  /** The further parameters of the two statements that make a row for a visitor. */
  parametersOf(visitor: Visitor | undefined): readonly Literal[];
  /** See `whyOthers()`. */
  whyOthers(rows: readonly SampledRow[]): string | undefined;
  readonly sql: Statements;
}

/** Each with the parameters that its comment names. */
export interface Statements {
  /** (id) gives id, data as PHP sees them, the column's character set now, `age` of `timeSql()`, and the columns of `row.read`. */
  readonly lock: string;
  /**
   * The same without a lock. With tombstones (tombstone, id) gives the time of the tombstone too, as text, and a row in any case: without
   * such a session, its id is NULL.
   */
  readonly read: string;
  /** (tombstone) gives its time, as text. */
  readonly tombstone: string;
  /** (id) gives the value that names the lock, for a named lock that is not named by the id. */
  readonly key: string | undefined;
  /** (id, parameters of the visitor) */
  readonly placeholder: string;
  /** (data, id, CRC-32 of the data that were read): nothing where the row holds other data now */
  readonly write: string;
  /** (data, id, id, data that were read): nothing unless the row is exactly what `read` would give with these data */
  readonly replace: string;
  /** (id) */
  readonly touch: string;
  /** (new id, data, id, CRC-32 of the data that were read) */
  readonly writeAs: string;
  /** (new id, id) */
  readonly touchAs: string;
  /** (id, parameters of the visitor) makes an empty row, if there is none, for the id that a session had; `undefined` where a row needs more than that. */
  readonly leave: string | undefined;
  /** () gives the data of up to five rows as PHP sees them, and `sampledColumns()`: of the first twenty sessions, those that are neither empty nor large. */
  readonly sample: string;
  /** (id) gives the data as PHP sees them. */
  readonly readBack: string;
  /** (id) */
  readonly remove: string;
  /** (tombstone) makes it, or sets its time, which never stays the same; `undefined` where there are none, as for `leave`. */
  readonly bury: string | undefined;
  /** (seconds) gives the limit for the next three. */
  readonly limit: string;
  /** (limit) gives up to `EXPIRED_PAGE` ids of rows that are older, without a lock. */
  readonly expired: string;
  /** (`EXPIRED_BATCH` ids, limit) gives the ids of those that are older and not locked, and locks them. */
  readonly lockExpired: string;
  /** (`EXPIRED_BATCH` ids, limit) */
  readonly removeExpired: string;
  /** (id) sets the time of a row, if that was done last longer ago than `gcInterval`. */
  readonly electGcLeader: string;
  /** (id) sets the time of this row. */
  readonly renewGcLeader: string;
  /** (id) makes this row. */
  readonly insertGcLeader: string;
}

export const EXPIRED_BATCH = 100;
/** Without an index on the time each look for old rows goes through the whole table, so it has to be worth it. */
export const EXPIRED_PAGE: number = 50 * EXPIRED_BATCH;

/** For how long a tombstone is kept, at most, where the time column says when a session ends. Else it is as any other row. */
const TOMBSTONE_DAYS = 1;

/** Bytes of a statement that are not data: header, parameter types, two ids. */
const STATEMENT_OVERHEAD = 1024;

const ASCII_COMPATIBLE = new Set(['ascii', 'binary', 'latin1', 'utf8', 'utf8mb3', 'utf8mb4']);

/** @throws PhpSessionError `ERR_SESSION_TABLE` naming what about the table cannot work */
export async function describeTable(
  settings: Settings,
  connection: Connection,
  deadline: Deadline,
): Promise<TableDescription> {
  const definition = await readTableDefinition(settings, connection, deadline);
  await checkNamedLock(settings.lock, definition.engine, connection, deadline);
  const what = firstUnmet(definition, settings);
  if (what !== undefined) {
    throw new PhpSessionError('ERR_SESSION_TABLE', `the session table cannot be used: ${what}`);
  }
  const [id, data, time] = [definition.id!, definition.data!, definition.time!];
  const [{ charset }, { phpCharset }] = [data, settings];
  const otherZone = await findOtherZone(settings, definition, connection, deadline);
  if (otherZone !== undefined) warnOfZone(settings, otherZone);
  const isDatetime = time.type === 'datetime' && settings.timeMeaning === 'lastUsed';
  const filled = insertSql(settings, definition, zoneOf(settings));
  return {
    idLength: { min: id.type === 'binary' ? id.characters! : 1, max: id.characters! },
    maxData: data.bytes!,
    maxPacket: definition.maxPacket - STATEMENT_OVERHEAD,
    converts: charset !== null && charset.replace(/^utf8$/, 'utf8mb3') !== phpCharset,
    charset,
    asciiIsSafe: charset === null || (ASCII_COMPATIBLE.has(charset) && ASCII_COMPATIBLE.has(phpCharset)),
    touchInterval: settings.touchInterval,
    lifetime: settings.expireOnRead ? settings.gcMaxlifetime : Number.POSITIVE_INFINITY,
    seesAge: isDatetime ? (age) => seeAge(settings, age) : undefined,
    demands: describeDemands(settings.table.quoted, definition),
    parametersOf: filled.parameters,
    whyOthers: (rows) => whyOthers(settings, numbersOf(settings, definition), rows),
    sql: statements(settings, definition, filled),
  };
}

/** What the server sends to PHP from the column. */
export function bytesSql({ quoted: { data }, phpCharset }: Settings, charset: string | null): string {
  return charset === null ? data : `CAST(CONVERT(${data} USING ${phpCharset}) AS BINARY)`;
}

/** @returns see `Statements.sample` */
export function sampleSql(settings: Settings, definition: TableDefinition): string {
  const { id, data } = settings.quoted;
  const some = `SELECT * FROM ${settings.table.quoted} WHERE ${id} NOT LIKE '<%' LIMIT 20`;
  const columns = [bytesSql(settings, definition.data!.charset), ...sampledColumns(settings, definition)];
  return `SELECT ${columns.join(', ')} FROM (${some}) AS s WHERE LENGTH(${data}) BETWEEN 1 AND 65535 LIMIT 5`;
}

function statements(settings: Settings, definition: TableDefinition, filled: Filled): Statements {
  const { table, quoted, lock, phpCharset, timeMeaning, gcMaxlifetime, gcInterval, expireOnRead } = settings;
  const [timeColumn, { charset }, index] = [definition.time!, definition.data!, idKey(definition)!];
  const { quoted: t } = table;
  const { id, data, time } = quoted;
  const expires = timeMeaning === 'expiresAt';
  const zone = zoneOf(settings);
  const { now, age, limit, isOlder, later } = timeSql(time, timeColumn, expires ? gcMaxlifetime : 0, zone);
  const turn = timeSql(time, timeColumn, expires ? gcInterval : 0, zone);
  // A TEXT column: the bytes that the server sends to PHP, and those that it makes of what PHP sends.
  const bytes = bytesSql(settings, charset);
  const value = charset === null ? '?' : `CONVERT(CAST(? AS BINARY) USING ${phpCharset})`;
  const isAsRead = `${id} = ? AND CRC32(COALESCE(${bytes}, '')) = ?`;
  // By bytes, as a collation takes 'ABC' or 'abc ' for 'abc'. The character set is that of the description, as in `read`.
  const isUntouched = [
    `${id} = ? AND CAST(CONVERT(${id} USING utf8mb4) AS BINARY) = CAST(? AS BINARY)`,
    `COALESCE(${bytes}, '') = CAST(? AS BINARY) AND CHARSET(${data}) = '${charset ?? 'binary'}'`,
    ...(expireOnRead ? [`COALESCE(${age} <= ${gcMaxlifetime}, TRUE)`] : []),
  ].join(' AND ');
  const others = settings.row.read.map(({ quoted: name }) => `, ${name}`).join('');
  const row = `${id}, ${bytes}, NULLIF(CHARSET(${data}), 'binary'), ${age}${others}`;
  const plain = `SELECT ${row} FROM ${t} WHERE ${id} = ?`;
  const insert = (moment: string, values = filled.valuesWithoutVisitor) =>
    `INSERT INTO ${t} (${id}, ${data}, ${time}${filled.names}) VALUES (?, '', ${moment}${values})`;
  const placeholder = insert(now, filled.values);
  const used = `${time} = ${now}${updateSql(settings, definition, zone)}`;
  const isBare = settings.row.makesRows && takesBareRows(definition);
  // Kept for a day at most: one that is to last for years could come to the end of its column.
  const burial = timeSql(time, timeColumn, expires ? Math.min(gcMaxlifetime, TOMBSTONE_DAYS * 86_400) : 0, zone).now;
  const tombstone = `SELECT CAST(${time} AS CHAR) FROM ${t} WHERE ${id} = ?`;
  const key = typeof lock === 'string' ? undefined : lock.quotedKey;
  // By the key over the id. The optimizer may take the one over the time for better, and then waits (on NDB) or locks
  // (on InnoDB) for rows that are not among these ids.
  const expiredOnes = `${t} AS s FORCE INDEX (\`${index.replaceAll('`', '``')}\`)
    WHERE ${id} IN (${Array(EXPIRED_BATCH).fill('?').join(', ')}) AND ${isOlder}`;
  return {
    lock: `${plain} FOR UPDATE`,
    // The tombstone first: where the two are not read in one moment (NDB), a logout in between counts as one that comes later.
    read: isBare
      ? `SELECT ${row}, d.tombstone FROM (SELECT (${tombstone}) AS tombstone) AS d LEFT JOIN ${t} AS s ON ${id} = ?`
      : plain,
    tombstone,
    key: key && `SELECT ${key} FROM ${t} WHERE ${id} = ?`,
    placeholder,
    write: `UPDATE ${t} SET ${data} = ${value}, ${used} WHERE ${isAsRead}`,
    replace: `UPDATE ${t} SET ${data} = ${value}, ${used} WHERE ${isUntouched}`,
    touch: `UPDATE ${t} SET ${used} WHERE ${id} = ?`,
    writeAs: `UPDATE ${t} SET ${id} = ?, ${data} = ${value}, ${used} WHERE ${isAsRead}`,
    touchAs: `UPDATE ${t} SET ${id} = ?, ${used} WHERE ${id} = ?`,
    // If the row was not moved, it stays as it is.
    leave: isBare ? `${placeholder} ON DUPLICATE KEY UPDATE ${id} = ${id}` : undefined,
    sample: sampleSql(settings, definition),
    readBack: `SELECT ${bytes} FROM ${t} WHERE ${id} = ?`,
    remove: `DELETE FROM ${t} WHERE ${id} = ?`,
    bury: isBare ? `${insert(burial)} ON DUPLICATE KEY UPDATE ${time} = GREATEST(${burial}, ${later})` : undefined,
    limit,
    expired: `SELECT ${id} FROM ${t} WHERE ${isOlder} LIMIT ${EXPIRED_PAGE}`,
    lockExpired: `SELECT ${id} FROM ${expiredOnes} FOR UPDATE SKIP LOCKED`,
    removeExpired: `DELETE s FROM ${expiredOnes}`,
    // A time in the future is one of a clock that was wrong.
    electGcLeader: `UPDATE ${t} SET ${time} = ${turn.now}
      WHERE ${id} = ? AND COALESCE(ABS(${turn.age}) >= ${gcInterval}, TRUE)`,
    renewGcLeader: `UPDATE ${t} SET ${time} = ${turn.now} WHERE ${id} = ?`,
    insertGcLeader: insert(turn.now),
  };
}

function seeAge(settings: Settings, age: number): void {
  const what = tooNew(settings, -age);
  if (what !== undefined) warnOfZone(settings, what);
}

/** Bytes that these data may have. Where the server converts them, only it knows how many they become. */
export function sizeLimit(table: TableDescription, data: Uint8Array): number {
  const sameBytes = !table.converts || isPlain(table, data);
  return sameBytes ? Math.min(table.maxData, table.maxPacket) : table.maxPacket;
}

/** Whether the server has to be asked what became of the data: it checks and converts text. */
export function needsReadBack(table: TableDescription, data: Uint8Array): boolean {
  return table.charset !== null && !isPlain(table, data);
}

function isPlain(table: TableDescription, data: Uint8Array): boolean {
  return table.asciiIsSafe && isAscii(data);
}
