import type { ScannedRow } from '../../stores/mysql/scan.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { type Login, loginsOf } from '../logins.ts';
import { duration } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import type { Report } from '../report.ts';
import { revealFlag } from '../reveal.ts';
import { SessionTable } from '../session-table.ts';

interface Described {
  handle: string;
  /** A handle of the user, the same in all his sessions; null: nobody is logged in. */
  user: string | null;
  /** With --reveal. */
  id?: string | number;
  name?: string;
  guard: string | null;
  /** Seconds since he logged in, where the session has it. */
  loggedIn: number | null;
  /** Seconds since the session was last used. */
  age: number | null;
  /** Why the application takes it for nobody's, though there is a user in it. */
  refused: string | null;
  /** What the application checks besides at each request. */
  unchecked: readonly string[];
}

/** Who is logged in. */
export const who: Command = {
  summary: 'who is logged in, by the rules of the application',
  details: `What a session says is a claim: whether the user still exists, only the application knows (see unchecked). A visitor's address, browser and second
cookie cannot be compared, as there is no visitor. A user has a handle; his id and name are shown with --reveal only.`,
  operands: ['[HANDLE]'],
  flags: {
    ...placeFlags,
    ...revealFlag,
  },
  examples: [
    ['who', 'All logins'],
    ['who 4f2a9c01 --reveal', 'Whose session it is'],
    ["who --json | jq -r '.user' | sort -u | wc -l", 'How many users are logged in'],
  ],
  async run(call) {
    const { report, flags, operands } = call;
    const [handle] = operands;
    return SessionTable.use(call, async (table) => {
      const loginOf = loginsOf(table);
      const describe = (row: ScannedRow) =>
        described(table, row, loginOf(table.decode(row), row.columns), flags.reveal === true);
      if (handle !== undefined) {
        const one = describe(await table.row(await table.find(handle, call)));
        report.answer(one, () => (one.user === null ? nobody(one) : tableOf([one], report)));
        return EXIT.ok;
      }
      const found: Described[] = [];
      const counts = { sessions: 0, unreadable: 0, refused: 0 };
      for await (const rows of table.batches()) {
        for (const row of rows) {
          counts.sessions++;
          try {
            const one = describe(row);
            if (one.user !== null) found.push(one);
            else if (one.refused !== null) counts.refused++;
          } catch {
            counts.unreadable++;
          }
        }
        report.progress(() => `${counts.sessions} sessions`);
      }
      if (report.isJson) for (const one of found) report.text(JSON.stringify(one));
      else report.text(found.length === 0 ? 'Nobody is logged in.' : tableOf(found, report));
      report.note(`${found.length} of ${counts.sessions} sessions${othersOf(counts)}`);
      return EXIT.ok;
    });
  },
};

function described(table: SessionTable, row: ScannedRow, { claim, refused }: Login, reveal: boolean): Described {
  const base = { handle: table.handles.of(row.key), age: row.age };
  if (claim === undefined)
    return { ...base, user: null, guard: null, loggedIn: null, refused: refused ?? null, unchecked: [] };
  const { id, name, guard = null, since, unchecked } = claim;
  return {
    ...base,
    user: table.handles.ofUser(id),
    ...(reveal && { id, ...(name !== undefined && { name }) }),
    guard,
    loggedIn: since === undefined ? null : Math.floor(Date.now() / 1000) - since,
    refused: null,
    unchecked,
  };
}

const nobody = ({ refused }: Described): string =>
  refused === null
    ? 'Nobody is logged in.'
    : `Nobody is logged in: the session has a user, whom the application would refuse (${refused}).`;

function othersOf({ unreadable, refused }: { unreadable: number; refused: number }): string {
  const others = [
    ...(refused > 0 ? [`${refused} with a user whom the application would refuse`] : []),
    ...(unreadable > 0 ? [`${unreadable} that cannot be read`] : []),
  ];
  return others.length === 0 ? '' : `. Of the others: ${others.join(', ')}`;
}

function tableOf(found: readonly Described[], report: Report): string {
  const rows = found.map(({ handle, user, id, name, guard, loggedIn, age, unchecked }) => [
    ...[handle, id === undefined ? user! : [id, name].filter((it) => it !== undefined).join(' '), guard ?? ''],
    ...[loggedIn, age].map((seconds) => (seconds === null ? '' : duration(seconds))),
    unchecked.join(', '),
  ]);
  return report.table(['handle', 'user', 'guard', 'logged in', 'last used', 'unchecked'], rows);
}
