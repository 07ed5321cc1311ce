import { isAscii } from 'node:buffer';
import { PhpSessionError } from '../../errors.ts';
import type { Visitor } from '../store.ts';
import { asBuffer } from './bytes.ts';
import { type Literal, literal } from './literals.ts';
import { isNow } from './now.ts';
import type { Settings } from './options.ts';
import type { Fill } from './row-options.ts';
import { type Column, columnOf, type TableDefinition } from './table-definition.ts';
import { timeSql } from './time.ts';

// The columns that the option `row` fills, in SQL.

/** What an INSERT has beside id, data and time. */
export interface Filled {
  /** Each begins with a comma, if there is any. */
  readonly names: string;
  /** With a parameter for each value of the visitor. */
  readonly values: string;
  /** The same for a row without a visitor. */
  readonly valuesWithoutVisitor: string;
  /** @throws PhpSessionError `ERR_SESSION_TABLE` for what the column cannot hold */
  parameters(visitor: Visitor | undefined): readonly Literal[];
}

const NOTHING: readonly Literal[] = [];

/** @param zone of a DATETIME */
export function insertSql({ row }: Settings, definition: TableDefinition, zone: string): Filled {
  const list = (texts: string[]) => texts.map((text) => `, ${text}`).join('');
  const ofVisitor = row.insert.flatMap((fill) => {
    const { value } = fill;
    return typeof value === 'function' ? [(visitor: Visitor) => ask(fill, value, definition, visitor)] : [];
  });
  const constant = (fill: Fill) => valueSql(fill, definition, zone);
  const noVisitor: Visitor = {};
  return {
    names: list(row.insert.map(({ quoted }) => quoted)),
    values: list(row.insert.map((fill) => (typeof fill.value === 'function' ? '?' : constant(fill)))),
    valuesWithoutVisitor: list(
      row.insert.map((fill) =>
        typeof fill.value === 'function' ? literal(ask(fill, fill.value, definition, noVisitor))! : constant(fill),
      ),
    ),
    parameters: (visitor = noVisitor) => (ofVisitor.length === 0 ? NOTHING : ofVisitor.map((value) => value(visitor))),
  };
}

/** What a SET has beside data and time; begins with a comma, if there is anything. */
export function updateSql({ row }: Settings, definition: TableDefinition, zone: string): string {
  return row.update.map((fill) => `, ${fill.quoted} = ${valueSql(fill, definition, zone)}`).join('');
}

function valueSql(fill: Fill, definition: TableDefinition, zone: string): string {
  const column = columnOf(definition, fill.name)!;
  if (isNow(fill.value)) return timeSql(fill.quoted, column, 0, zone).now;
  const value = typeof fill.value === 'object' && fill.value !== null ? asBuffer(fill.value as Uint8Array) : fill.value;
  mustBeNumber(fill, value, column);
  const fitting = cut(value as Literal, column);
  if (fitting !== value && !(Buffer.isBuffer(value) && value.equals(fitting as Buffer))) {
    throw cannotFill(fill, 'is more than the column can hold');
  }
  return literal(fitting)!;
}

function ask(fill: Fill, value: (visitor: Visitor) => unknown, definition: TableDefinition, visitor: Visitor): Literal {
  const column = columnOf(definition, fill.name)!;
  let given: unknown;
  try {
    given = value(visitor) ?? null;
  } catch (cause) {
    throw new PhpSessionError('ERR_SESSION_TABLE', `${fill.option}() failed`, { cause });
  }
  if (given instanceof Uint8Array) given = asBuffer(given);
  const isLiteral = typeof given === 'string' || Number.isSafeInteger(given) || Buffer.isBuffer(given);
  if (!isLiteral && given !== null) throw cannotFill(fill, 'must give a text, a whole number, bytes or null');
  if (given === null && !column.nullable) throw cannotFill(fill, 'gave no value, and the column takes no NULL');
  mustBeNumber(fill, given, column);
  return cut(given as Literal, column);
}

/**
 * The server says of such a text what it says of data that do not fit the character set of their column (1366).
 *
 * @throws PhpSessionError `ERR_SESSION_TABLE` for a text that is no number, in a column for numbers
 */
function mustBeNumber(fill: Fill, value: unknown, { type }: Column): void {
  if (!NUMERIC.test(type) || typeof value === 'number' || value === null) return;
  if (typeof value !== 'string' || !NUMBER.test(value)) {
    throw cannotFill(fill, `gives no number, and the column is ${type.toUpperCase()}`);
  }
}

const NUMERIC = /int$|^(decimal|float|double|year)$/;
const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/** Cuts it where the column ends. */
function cut(value: Literal, { characters, bytes, charset }: Column): Literal {
  if (typeof value === 'number' || value === null || bytes === null || characters === null) return value;
  if (typeof value === 'object') return value.subarray(0, bytes);
  const utf8 = Buffer.from(value);
  if (charset === null) return utf8.length <= bytes ? value : utf8.subarray(0, bytes);
  const [unknown, width] =
    charset === 'utf8mb4' ? [undefined, 4] : charset.startsWith('utf8') ? [ASTRAL, 3] : [NOT_ASCII, 1];
  const text = unknown === undefined ? value : value.replace(unknown, '?');
  // The bytes are the limit in TINYTEXT.
  const most = Math.min(characters, isAscii(Buffer.from(text)) ? bytes : Math.floor(bytes / width));
  return text.length <= most ? text : [...text].slice(0, most).join('');
}

/** What is not in utf8mb3, and what is not in each character set. */
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;
const NOT_ASCII = /[^\0-\x7f]/gu;

function cannotFill({ option }: Fill, why: string): PhpSessionError {
  return new PhpSessionError('ERR_SESSION_TABLE', `${option} ${why}`);
}
