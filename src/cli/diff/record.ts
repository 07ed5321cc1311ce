import { setTimeout as sleep } from 'node:timers/promises';
import { bufferOf } from '../../stores/encoding.ts';
import type { Call } from '../command.ts';
import { CommandError } from '../exit-codes.ts';
import type { SessionTable } from '../session-table.ts';
import type { Recording } from './recording.ts';

/** Milliseconds between two looks at the row, and for which it must stay as it is: a page may write more than once. */
const [PAUSE, QUIET] = [200, 2_000];

/**
 * Watches one row until a page of PHP has changed it.
 *
 * @param seconds to wait for the change
 * @throws CommandError where the row goes: then there is nothing to compare
 */
export async function recordRow(
  table: SessionTable,
  key: string,
  seconds: number,
  { report, world: { signal } }: Call,
): Promise<Recording> {
  const first = await table.row(key);
  const before = bufferOf(table.unpack(first.data));
  let after = before;
  const end = performance.now() + seconds * 1000;
  let changed: number | undefined;
  report.note('Open the page of PHP in the browser of this session now. The recording ends when the row has changed.');
  while (performance.now() < end && (changed === undefined || performance.now() - changed < QUIET)) {
    await sleep(PAUSE, undefined, { signal });
    const row = await table.row(key).catch((error) => {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(
        'the row has gone: the page has ended the session, or given it another id. That cannot be recorded',
      );
    });
    const now = bufferOf(table.unpack(row.data));
    if (!now.equals(after)) changed = performance.now();
    after = now;
    report.progress(() => `waiting for a change: ${Math.ceil((end - performance.now()) / 1000)} s`);
  }
  return { before, after, columns: first.columns };
}
