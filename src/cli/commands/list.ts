import type { ScannedRow } from '../../stores/mysql/scan.ts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { duration, wholeNumber } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';
import { usersOf } from '../user-flag.ts';

interface Listed {
  handle: string;
  /** Seconds since it was last used. */
  age: number | null;
  /** Bytes of the row. */
  size: number;
  /** Variables; null for a row that is no session. */
  variables: number | null;
  /** Why it cannot be read. */
  error: string | null;
}

const orders = {
  age: (a: Listed, b: Listed) => (a.age ?? Number.POSITIVE_INFINITY) - (b.age ?? Number.POSITIVE_INFINITY),
  size: (a: Listed, b: Listed) => b.size - a.size,
};

/** The sessions of a table. */
export const list: Command = {
  summary: 'the sessions, each with a handle by which other commands take it',
  details:
    'It reads all rows, without locks. SELECT is enough. No id, key or value of a session is shown: a handle is the beginning of a keyed hash.',
  operands: [],
  flags: {
    ...placeFlags,
    by: { type: 'string', value: 'age|size', says: 'what the first ones are: the youngest (default), or the largest' },
    most: { type: 'string', value: 'N', says: 'how many at most (default 50)' },
    user: {
      type: 'string',
      value: 'NAME',
      says: 'only those of the user of this name or id; - takes it from standard input',
    },
    unreadable: { type: 'boolean', says: 'only rows that are no sessions' },
  },
  examples: [
    ['list --by size --most 10', 'The ten largest'],
    ['list --unreadable --json', 'The rows that PHP could not read, as JSON, one in a line'],
  ],
  async run(call) {
    const { report, flags } = call;
    const order = orders[(flags.by ?? 'age') as keyof typeof orders];
    if (order === undefined) throw new UsageError('--by must be age or size');
    const most = wholeNumber(flags.most, 50, '--most');
    return SessionTable.use(call, async (table) => {
      const keys = flags.user === undefined ? undefined : new Set((await usersOf(table, call)).keys);
      let best: Listed[] = [];
      let [seen, fits] = [0, 0];
      for await (const rows of table.batches()) {
        const described = rows.filter(({ key }) => keys?.has(key) ?? true).map((row) => describe(table, row));
        const wanted = flags.unreadable === true ? described.filter(({ error }) => error !== null) : described;
        best = [...best, ...wanted].sort(order).slice(0, most);
        seen += rows.length;
        fits += wanted.length;
        report.progress(() => `${seen} sessions`);
      }
      if (report.isJson) for (const one of best) report.text(JSON.stringify(one));
      else report.text(inWords(best, fits, report.table.bind(report)));
      return EXIT.ok;
    });
  },
};

function describe(table: SessionTable, row: ScannedRow): Listed {
  const base = { handle: table.handles.of(row.key), age: row.age, size: row.size };
  try {
    return { ...base, variables: Object.keys(table.decode(row)).length, error: null };
  } catch (error) {
    return { ...base, variables: null, error: (error as { code: string }).code };
  }
}

function inWords(
  listed: readonly Listed[],
  all: number,
  table: (head: string[], rows: (string | number)[][]) => string,
): string {
  if (listed.length === 0) return 'There is none.';
  const rows = listed.map(({ handle, age, size, variables, error }) => [
    handle,
    ...[age === null ? 'never' : duration(age), size, variables ?? '-', error ?? ''],
  ]);
  const more = all > listed.length ? `\n${all - listed.length} more: see --most` : '';
  return table(['handle', 'last used', 'bytes', 'variables', 'error'], rows) + more;
}
