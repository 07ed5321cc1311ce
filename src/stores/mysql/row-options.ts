import { PhpSessionError } from '../../errors.ts';
import { isOptions } from '../../option-rules.ts';
import { isSessionId } from '../session-id.ts';
import type { ColumnValue, Visitor } from '../store.ts';
import { quoteIdentifier } from './identifiers.ts';
import { isNow, type Now } from './now.ts';

/** How PHP's side uses a row, where that is more than an id, data and a time. */
export interface RowOptions {
  /**
   * The ids that PHP's side gives out; it must match a whole one, as HTML's attribute `pattern`. Any other id is an unknown one. Default: those
   * of PHP, `[A-Za-z0-9,-]{1,256}`. No id has more than 256 characters, or a blank or one of `"'<>\`, which PHP takes in no cookie.
   */
  id?: RegExp;
  /**
   * What is in the id column for an id: with a prefix, or a hash of it. Nothing needs the way back. Named locks are named by the id.
   * Default: the id itself.
   */
  key?(id: string): string;
  /**
   * What a new row has in other columns: values, `now`, or functions of the visitor. What such a function gives is cut where the column ends, as
   * an address or a user agent may be anything; characters that the column may not hold (outside utf8mb4 and utf8mb3: all but ASCII) become
   * `?`, and `undefined` is NULL. A column of numbers takes numbers, and texts that are numbers.
   *
   * `false`: no row is made, as PHP's side alone makes the sessions. A new one cannot be stored then (`ERR_SESSION_TABLE`).
   */
  insert?: NewColumns | false;
  /** What each write and touch sets in other columns. */
  update?: Readonly<Record<string, ColumnValue | Now>>;
  /**
   * The names of other columns that are read with a session: `phpSession.columns` has their values, by these names, as they were when the session
   * was read. They come with the same SELECT. A BIGINT beyond 2^53 - 1 is a string. Default none.
   */
  read?: readonly string[];
}

export type NewColumns = Readonly<Record<string, ColumnValue | Now | ((visitor: Visitor) => ColumnValue | undefined)>>;

export type InsertValue = NewColumns[string];

/** A column that is filled. */
export interface Fill<Value extends InsertValue = InsertValue> {
  /** For messages: `row.insert.NAME`. */
  readonly option: string;
  /** As it was given, for information_schema. */
  readonly name: string;
  /** Quoted, for SQL. */
  readonly quoted: string;
  readonly value: Value;
}

export interface RowSettings {
  isId(id: string): boolean;
  /** @throws PhpSessionError `ERR_SESSION_TABLE` for what can be no key */
  keyOf(id: string): string;
  /** Whether the store may make rows. */
  readonly makesRows: boolean;
  readonly insert: readonly Fill[];
  readonly update: readonly Fill<ColumnValue | Now>[];
  readonly read: readonly ReadColumn[];
}

/** A column that is read with a session. */
export interface ReadColumn {
  /** As it was given, for information_schema and for the session. */
  readonly name: string;
  /** Quoted, for SQL. */
  readonly quoted: string;
}

const POSSIBLE_ID = /^[^\0- \x7f-\uffff"'<>\\]{1,256}$/;
/** A key that begins with `<` is that of a tombstone or of the collector. */
const KEY = /^[!-;=-~][ -~]*$/;
const NAMES = ['id', 'key', 'insert', 'update', 'read'];

/**
 * @param ours the columns for id, data and time
 * @throws TypeError naming the option that is wrong
 */
export function readRowOptions(options: RowOptions, ours: readonly string[]): RowSettings {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new TypeError(`row.${name} is not an option of mysqlStore()`);
  }
  const { id, key, insert = {}, update = {}, read = [] } = options;
  if (id !== undefined && !(id instanceof RegExp)) throw new TypeError('row.id must be a regular expression');
  if (key !== undefined && typeof key !== 'function') throw new TypeError('row.key must be a function');
  if (insert !== false && !isOptions(insert)) throw new TypeError('row.insert must be an object, or false');
  if (!isOptions(update)) throw new TypeError('row.update must be an object');
  for (const [name, value] of Object.entries(update)) {
    if (typeof value === 'function') throw new TypeError(`row.update.${name} must be a value, or now`);
  }
  return {
    isId: id === undefined ? isSessionId : matcher(id),
    keyOf: key === undefined ? itself : (given) => keyOf(key, given),
    makesRows: insert !== false,
    insert: insert === false ? [] : readFills(insert, 'row.insert', ours),
    update: readFills(update, 'row.update', ours),
    read: readColumns(read),
  };
}

function readColumns(names: readonly string[]): ReadColumn[] {
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new TypeError('row.read must be a list of names');
  }
  return names.map((name) => ({ name, quoted: quoteIdentifier(name, 'row.read') }));
}

const itself = (id: string): string => id;

function matcher({ source, flags }: RegExp): (id: string) => boolean {
  // Without g and y, which have a memory, and m, by which one line of many is enough.
  const whole = new RegExp(`^(?:${source})$`, flags.replace(/[gym]/g, ''));
  return (id) => typeof id === 'string' && POSSIBLE_ID.test(id) && whole.test(id);
}

function keyOf(key: (id: string) => string, id: string): string {
  let made: unknown;
  try {
    made = key(id);
  } catch (cause) {
    throw new PhpSessionError('ERR_SESSION_TABLE', 'row.key() failed', { cause });
  }
  if (typeof made === 'string' && KEY.test(made)) return made;
  throw new PhpSessionError('ERR_SESSION_TABLE', 'row.key() must give printable ASCII that does not begin with <');
}

function readFills<Value extends InsertValue>(
  values: Readonly<Record<string, Value>>,
  option: string,
  ours: readonly string[],
): Fill<Value>[] {
  return Object.entries(values).map(([name, value]) => {
    const where = `${option}.${name}`;
    if (ours.some((one) => one.toLowerCase() === name.toLowerCase())) {
      throw new TypeError(`${where}: this column is one of the option columns, and is filled already`);
    }
    if (!isValue(value)) throw new TypeError(`${where} must be a text, a whole number, bytes, null, now or a function`);
    return { option: where, name, quoted: quoteIdentifier(name, where), value };
  });
}

function isValue(value: unknown): boolean {
  if (typeof value === 'object') return value === null || value instanceof Uint8Array || isNow(value);
  return typeof value === 'string' || typeof value === 'function' || Number.isSafeInteger(value);
}
