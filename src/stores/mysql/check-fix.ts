import type { Facts } from './check-facts.ts';
import { tableDefinition } from './create-table.ts';
import { quoteName } from './identifiers.ts';
import { literal } from './new-row.ts';
import { type Column, holdsDates, holdsText, type TableDefinition } from './table-definition.ts';
import { isUtc, UTC, zoneOf } from './time-zone.ts';

// The statements that fix what was found. Each function makes all of one thing right, whatever was wrong with it:
// findings about one column share their statements, and running them twice does no harm.

/** Facts about a table that has the columns which the options name. */
export interface TableFacts extends Facts {
  readonly definition: TableDefinition;
  readonly id: Column;
  readonly data: Column;
  readonly time: Column;
  /** Characters of the ids that PHP gives out. */
  readonly sidLength: number;
}

/** Bytes that NDB keeps in a row (30,000, NDB_MAX_TUPLE_SIZE), less what it needs besides the columns. */
const NDB_ROW = 29_940;

const WIDE = /^(ucs2|utf16|utf16le|utf32)$/;

/** The table with its database, so that the statement can be run from anywhere. */
export function tableOf({ settings, database }: Facts): string {
  const { table } = settings;
  if (table.database !== undefined || database === undefined) return table.quoted;
  return `${quoteName(database)}.${table.quoted}`;
}

/** The engine that the table should have on this server. */
export const engineOf = ({ isNdb }: Facts): string => (isNdb ? 'NDBCLUSTER' : 'InnoDB');

export function createTable(facts: Facts): string[] {
  return [tableDefinition(tableOf(facts), facts.settings.quoted, { engine: engineOf(facts) })];
}

/** Bytes as they are, compared as bytes. */
export function fixId(facts: TableFacts): string[] {
  const { id, sidLength, settings } = facts;
  const length = Math.max(128, sidLength, Math.min(id.characters ?? 0, 256));
  const { charset } = id;
  return [
    // Ids are ASCII, and only in these character sets the bytes of a column are others.
    ...(charset !== null && WIDE.test(charset)
      ? [modify(facts, settings.quoted.id, `VARCHAR(${length}) CHARACTER SET ascii NOT NULL`, id)]
      : []),
    modify(facts, settings.quoted.id, `VARBINARY(${length}) NOT NULL`, id),
  ];
}

/** The bytes that PHP sees, and room for many. */
export function fixData(facts: TableFacts): string[] {
  const { data, settings } = facts;
  const { charset, nullable } = data;
  const size = /^long/.test(data.type) ? 'LONG' : 'MEDIUM';
  const target = engineOf(facts) === 'NDBCLUSTER' ? `VARBINARY(${ndbDataSize(facts)})` : `${size}BLOB`;
  const isNull = nullable ? 'NULL' : 'NOT NULL';
  const converts = charset !== null && charset.replace(/^utf8$/, 'utf8mb3') !== settings.phpCharset;
  return [
    // From text to bytes, a column keeps its own bytes. PHP's are those in the character set of PHP's connection.
    ...(converts && holdsText(data) && settings.phpCharset !== 'binary'
      ? [modify(facts, settings.quoted.data, `${size}TEXT CHARACTER SET ${settings.phpCharset} ${isNull}`, data)]
      : []),
    modify(facts, settings.quoted.data, `${target} ${isNull}`, data),
  ];
}

/** Bytes of data for which there is room in a row of NDB, beside the other columns. */
function ndbDataSize({ definition, data, id }: TableFacts): number {
  const used = definition.columns.map((column) => {
    if (column === data) return 0;
    if (/text$|blob$|^json$/.test(column.type)) return 300; // the part of it that is in the row
    const bytes = column === id ? Math.max(column.bytes ?? 0, 128) : column.bytes; // fixId() may make it longer
    return bytes === null ? 8 : Math.ceil((bytes + 2) / 4) * 4;
  });
  const free = NDB_ROW - used.reduce((sum, bytes) => sum + bytes, 0);
  return Math.floor(free / 100) * 100;
}

/** Never NULL, and a type that lasts, and that all sides read in the same way. */
export function fixTime(facts: TableFacts): string[] {
  const { time, settings } = facts;
  const { quoted, timeMeaning, gcMaxlifetime } = settings;
  const isDate = holdsDates(time);
  const { knowsZone, zone } = facts.definition;
  const isDatetime = time.type === 'datetime' && knowsZone && zoneOf(settings) === UTC;
  const isWall = time.type === 'datetime' && knowsZone && !isDatetime;
  const plus = timeMeaning === 'lastUsed' ? '' : isDate ? ` + INTERVAL ${gcMaxlifetime} SECOND` : ` + ${gcMaxlifetime}`;
  const clock = isDatetime ? 'UTC_TIMESTAMP' : isDate ? 'CURRENT_TIMESTAMP' : 'UNIX_TIMESTAMP()';
  const integer = time.type === 'bigint' ? 'BIGINT' : 'INT';
  const type = isDatetime ? 'DATETIME' : isDate ? 'TIMESTAMP' : `${integer} UNSIGNED`;
  // Who leaves the time out gets it from the column, as the first TIMESTAMP of a table did by itself until MySQL 5.7.
  const byItself =
    isDate && plus === '' && (!isDatetime || isUtc(zone))
      ? 'CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP'
      : `(${isDatetime && isUtc(zone) ? 'CURRENT_TIMESTAMP' : clock}${plus})`;
  return [
    // The server converts by the zone of the connection.
    ...(isWall ? [`SET SESSION time_zone = '${zoneOf(settings)}'`] : []),
    ...(time.nullable
      ? [`UPDATE ${tableOf(facts)} SET ${quoted.time} = ${clock}${plus} WHERE ${quoted.time} IS NULL`]
      : []),
    modify(facts, quoted.time, `${type} NOT NULL${time.nullable || isDate ? ` DEFAULT ${byItself}` : ''}`, time),
  ];
}

function modify(facts: TableFacts, column: string, definition: string, { comment }: Column): string {
  // NDB's own words in a comment are about the type that the column had.
  const kept = comment === '' || comment.includes('NDB_COLUMN') ? '' : ` COMMENT ${literal(comment)}`;
  return `ALTER TABLE ${tableOf(facts)} MODIFY ${column} ${definition}${kept}`;
}

/** MySQL remembers what is set so when it starts again. MariaDB does not: there it belongs into the configuration file, too. */
export function setGlobal({ isMariadb }: Facts, name: string, value: string | number): string[] {
  return [`SET ${isMariadb ? 'GLOBAL' : 'PERSIST'} ${name} = ${value}`];
}

/** The account for GRANT: `'user'@'host'`. */
export function accountOf({ account = '' }: Facts): string {
  const at = account.lastIndexOf('@');
  return `${literal(account.slice(0, at))}@${literal(account.slice(at + 1))}`;
}
