import { isIdentifier } from '../../stores/mysql/identifiers.ts';
import { isKind } from '../match.ts';
import { type Answer, optional, type Seen, type Signature } from '../signature.ts';
import type { Table } from '../tables.ts';

/**
 * A table that a save handler of its own makes: an id that is a key, data and a time, under whatever names. Rows must show sessions in the format `php`, which nothing
 * else has.
 *
 * @returns one, or none for a table in which these columns cannot be told
 */
export function plainSignature(table: Table): Signature[] {
  const keys = table.indexes.flatMap(({ isUnique, columns: [first, second] }) =>
    isUnique && first!.isWhole && second === undefined ? [first!.name] : [],
  );
  const ids = table.columns.filter((column) => keys.includes(column.name) && isKind('key', column));
  const datas = table.columns.filter((column) => isKind('data', column) && !ids.includes(column));
  const times = table.columns.filter((column) => isKind('time', column));
  const [id, data, time] = [ids[0]?.name, datas[0]?.name, times[0]?.name];
  if (id === undefined || data === undefined || time === undefined) return [];
  if (![id, data, time].every(isIdentifier)) return []; // the option `columns` does not take it
  if (ids.length > 1 || datas.length > 1 || times.length > 1) return [];
  return [
    {
      application: 'PHP',
      needsNoPreset: true,
      columns: { [id]: 'key', [data]: 'data', [time]: 'time' },
      ...{ id, data, time, meaning: 'lastUsed', usualTable: 'session', shownBy: 'rows' },
      formats: ['php'],
      isGuess: true,
      marks: [],
      hasRawIds: true,
      cookie: "php.ini's session.name",
      read: (seen) => read(seen, { id, data, time }),
    },
  ];
}

/** Seconds that a time of last use may be ahead of the clock. */
const TOLERANCE = 300;

function read({ rows }: Seen, columns: { id: string; data: string; time: string }): Answer {
  const newest = Math.max(...rows.flatMap(({ ahead }) => ahead ?? []));
  const meaning = newest > TOLERANCE ? 'expiresAt' : 'lastUsed';
  return {
    meaning,
    store: { columns, ...(meaning === 'expiresAt' && { timeMeaning: meaning }) },
    sure: meaning === 'expiresAt' ? ['there are times that are to come: a time is when a session ends'] : [],
    unknown: [
      optional(
        'id',
        'store',
        'a handler may store something else than what the browser sends, such as a hash',
        "compare the browser's cookie with the column id",
      ),
      ...(meaning === 'lastUsed'
        ? [optional('timeMeaning', 'store', 'no time is to come, which old ends would be too', "the handler's SQL")]
        : []),
      optional(
        'lock',
        'store',
        'a lock cannot be seen in rows',
        "the handler's SQL: SELECT … FOR UPDATE, GET_LOCK, or none",
      ),
      optional('gcMaxlifetime', 'store', 'rows do not tell it', "php.ini's session.gc_maxlifetime"),
    ],
    todo: ['Run checkTable() with these options: it says which other columns need a value'],
  };
}
