import type { Encoding } from '../stores/encoding.ts';
import type { Content } from './contents.ts';
import type { PhpIni } from './php-ini-part.ts';
import type { OptionValues, PresetName, Recognition, RecognizedFormat, Unknown } from './recognition.ts';
import type { SampledRow } from './sample.ts';
import type { Table } from './tables.ts';

/**
 * What a column must be:
 *
 * - `key`: CHAR, VARCHAR, BINARY or VARBINARY
 * - `data`: a BLOB or TEXT type, or a long VARBINARY
 * - `int`, `date` (TIMESTAMP, DATETIME), `time`: one of both
 */
export type ColumnKind = 'key' | 'data' | 'int' | 'date' | 'time' | 'any';

/** How the table of one application looks, and what its rows say. */
export interface Signature {
  readonly application: string;
  /** None: the application is known, and has no preset. */
  readonly preset?: PresetName;
  /** Whether `mysqlStore()` alone is enough. */
  readonly needsNoPreset?: true;
  /** The columns that the table has, by name. It may have others. */
  readonly columns: Readonly<Record<string, ColumnKind>>;
  /** Which of them are the session's. */
  readonly id: string;
  readonly data: string;
  readonly time: string;
  readonly meaning: 'lastUsed' | 'expiresAt';
  /** Columns that it must not have. */
  readonly without?: readonly string[];
  /** Columns whose values `read` looks at, if the table has them. */
  readonly also?: readonly string[];
  /** The name of the table must match it. */
  readonly table?: RegExp;
  /** The name without a prefix, that the preset has for it. */
  readonly usualTable: string;
  /** The preset's option that comes before `usualTable`. Without one a table of another name is the store's option. */
  readonly prefix?: 'prefix';
  /** `columns`: no other software has these columns, unless they are few and the table is empty and has another name. `rows`: others could have them, so that rows must show the application, or else its name in an empty table. */
  readonly shownBy: 'columns' | 'rows';
  /** The name that a table without a row has to have. None: any, unless rows must show the application. */
  readonly emptyTable?: RegExp;
  readonly encoding?: Encoding;
  /** Default: those of PHP's `session.serialize_handler`. */
  readonly formats?: readonly RecognizedFormat[];
  /** Whether the preset has the format, whatever php.ini says. */
  readonly setsFormat?: true;
  /** Whether the preset has the option `timeZone`. */
  readonly setsTimeZone?: true;
  /** Rows that are encrypted, which are understood by this alone. */
  isEncrypted?(row: Uint8Array): boolean;
  /** What is in the id column. Default: an id of PHP. */
  readonly key?: RegExp;
  /** In a table that has other rows too, how keys of sessions begin. */
  keyPrefix?(database: string, table: string): string;
  /** Keys of `$_SESSION` that the application itself sets. One of them in one row makes it sure. */
  readonly marks: readonly string[];
  /** Whether a row must show one of them. */
  readonly needsMark?: boolean;
  /** Whether the table is as the application makes it, where its marks are words that others use too. Without it a mark makes it `likely`. */
  isWhole?(table: Table): boolean;
  /** Whether rows cannot make it more than `likely`. */
  readonly isGuess?: true;
  /** Keys of `$_SESSION` that other software sets in such a table. */
  readonly foreignMarks?: readonly string[];
  /** Where the name of the cookie is set; none if the preset has it. */
  readonly cookie?: string;
  /** Whether the id column has what the browser sends, so that ids show `sidLength`. */
  readonly hasRawIds?: boolean;
  /** Seconds from the last use to the time, by default, where the time is a DATETIME and an end. */
  lifetime?(seen: Seen): number;
  /** What the table and its rows say beside. @returns `undefined` if they are not this application's */
  read?(seen: Seen): Answer | undefined;
}

/** What was seen in one table. */
export interface Seen {
  readonly database: string;
  readonly table: Table;
  /** All rows that were looked at. */
  readonly rows: readonly SampledRow[];
  /** Those that have data, and what these are. */
  readonly contents: readonly Content[];
  /** Whether there are rows whose session is encrypted. */
  readonly isEncrypted: boolean;
  /** The format that most contents have. */
  readonly format: RecognizedFormat | undefined;
  readonly php: PhpIni;
  /** Whether a session has this key, or keys inside each other. */
  has(...path: readonly string[]): boolean;
  /** What the columns of `also` hold, without NULL; empty for a column that is not there. */
  values(column: string): readonly string[];
}

/** What a signature says of a table. */
export interface Answer {
  readonly versions?: string;
  /** `false`: the sessions are elsewhere, or of a version without a preset. */
  readonly hasPreset?: boolean;
  /** Whether it may be something else all the same, such as an older version. */
  readonly isLikely?: boolean;
  readonly options?: OptionValues;
  readonly store?: Recognition['store'];
  /** What the time means, where only rows tell. */
  readonly meaning?: 'lastUsed' | 'expiresAt';
  readonly session?: OptionValues;
  readonly sure?: readonly string[];
  readonly unknown?: readonly Unknown[];
  readonly todo?: readonly string[];
}

/** An option of a preset that is in no row. */
export function needed(option: string, env: string, why: string, where: string): Unknown {
  return { option, of: 'preset', why, where, needed: true, env };
}

/** An option that has a default. */
export function optional(option: string, of: Unknown['of'], why: string, where: string): Unknown {
  return { option, of, why, where, needed: false };
}
