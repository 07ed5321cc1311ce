import { text } from 'node:stream/consumers';
import type { Call } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { isUser, loginsOf } from './logins.ts';
import type { SessionTable } from './session-table.ts';

/**
 * The sessions of the user whom the flag `--user` names.
 *
 * @throws UsageError without a name; CommandError where the application cannot tell
 */
export async function usersOf(
  table: SessionTable,
  { flags, world, report }: Call,
): Promise<{ name: string; keys: string[] }> {
  const given = flags.user as string;
  const name = given === '-' ? (await text(world.stdin)).trim() : given;
  if (name === '') throw new UsageError('--user must be the name or the id of a user');
  const loginOf = loginsOf(table);
  const keys: string[] = [];
  let [seen, unreadable] = [0, 0];
  for await (const rows of table.batches()) {
    for (const row of rows) {
      try {
        const { claim } = loginOf(table.decode(row), row.columns);
        if (claim !== undefined && isUser(claim, name)) keys.push(row.key);
      } catch {
        unreadable++;
      }
    }
    seen += rows.length;
    report.progress(() => `${seen} sessions`);
  }
  if (unreadable > 0) report.warn(`${unreadable} sessions cannot be read: nobody can tell whose they are`);
  return { name, keys };
}
