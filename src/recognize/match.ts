import { type Content, contentOf, contentOfBeginning } from './contents.ts';
import type { RecognizedFormat } from './recognition.ts';
import type { SampledRow } from './sample.ts';
import type { ColumnKind, Signature } from './signature.ts';
import { columnOf, type Table, type TableColumn } from './tables.ts';

const KINDS: Readonly<Record<ColumnKind, (column: TableColumn) => boolean>> = {
  key: ({ type }) => /^(var)?(char|binary)$/.test(type),
  data: ({ type, size }) => /(blob|text)$/.test(type) || (/^var(char|binary)$/.test(type) && (size ?? 0) > 255),
  int: ({ type }) => /int$/.test(type),
  date: ({ type }) => /^(timestamp|datetime)$/.test(type),
  time: ({ type }) => /int$|^(timestamp|datetime)$/.test(type),
  any: () => true,
};

export const isKind = (kind: ColumnKind, column: TableColumn): boolean => KINDS[kind](column);

/** Whether a table has the columns of an application, and the name, if that counts. */
export function hasColumns(table: Table, { columns, without = [], table: name }: Signature): boolean {
  return (
    (name === undefined || name.test(table.name)) &&
    without.every((column) => columnOf(table, column) === undefined) &&
    Object.entries(columns).every(([column, kind]) => {
      const found = columnOf(table, column);
      return found !== undefined && isKind(kind, found);
    })
  );
}

/** Formats of `session.serialize_handler`. */
const OF_PHP: readonly RecognizedFormat[] = ['php', 'php_binary', 'php_serialize', 'igbinary', 'msgpack'];
/** Ids of PHP have 22 characters at least. Some applications put something before them. */
const KEY = /^[A-Za-z0-9,-]{22,256}$/;

/** What the rows are, if they are those of an application. */
export interface Understood {
  readonly contents: readonly Content[];
  readonly isEncrypted: boolean;
  /** How many rows have a session. */
  readonly count: number;
}

/**
 * Most rows must be as the application writes them: a few may be left of another format, or be damaged.
 *
 * @returns `undefined` if they are of something else
 */
export function understand(rows: readonly SampledRow[], signature: Signature): Understood | undefined {
  const { key = KEY, formats = OF_PHP, encoding, marks, foreignMarks = [], needsMark } = signature;
  if (!isMost(rows, (row) => key.test(row.key))) return undefined;
  const filled = rows.filter(({ data }) => data.length > 0);
  const encrypted = filled.filter(({ data }) => signature.isEncrypted?.(data));
  const contents = filled.flatMap(({ data, isWhole }) => {
    const content = (isWhole ? contentOf : contentOfBeginning)(data, encoding);
    return content !== undefined && formats.includes(content.format) ? [content] : [];
  });
  const count = contents.length + encrypted.length;
  if (filled.length > 0 && count * 2 <= filled.length) return undefined;
  const hasKey = (names: readonly string[]) =>
    contents.some(({ session }) => names.some((name) => Object.hasOwn(session, name)));
  if (hasKey(foreignMarks) || (needsMark && filled.length > 0 && !hasKey(marks))) return undefined;
  return { contents, isEncrypted: encrypted.length > contents.length, count };
}

function isMost<T>(list: readonly T[], test: (one: T) => boolean): boolean {
  return list.length === 0 || list.filter(test).length * 2 > list.length;
}
