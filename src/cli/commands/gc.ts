import { mysqlStore } from '../../stores/mysql/store.ts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { wholeNumber } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';

/** Deletes old sessions. */
export const gc: Command = {
  summary: 'deletes old sessions, beside the traffic',
  details: `In batches of a hundred, with pauses that leave three quarters of the time to requests. Rows that are locked stay. With --dry-run it only counts, and SELECT is enough.
Where the rows say themselves when they end (Symfony, Yii, CakePHP), that decides.`,
  operands: [],
  flags: {
    ...placeFlags,
    'max-lifetime': {
      type: 'string',
      value: 'SECONDS',
      says: "session.gc_maxlifetime of PHP's side: what was not used for longer is deleted. It has to be given",
    },
    'dry-run': { type: 'boolean', says: 'count them, and delete none' },
  },
  examples: [
    ['gc --max-lifetime 1440 --dry-run', 'How many sessions were not used for 24 minutes'],
    ['gc --max-lifetime 1440', 'Delete them'],
  ],
  async run(call) {
    const { flags, report, world } = call;
    const given = flags['max-lifetime'];
    const asked = given === undefined ? undefined : wholeNumber(given, 0, '--max-lifetime');
    return SessionTable.use(call, async (table) => {
      const { timeMeaning, gcMaxlifetime, saidLifetime } = table.settings;
      const saysItself = timeMeaning === 'expiresAt';
      if (!saysItself && asked === undefined) {
        throw new UsageError("give --max-lifetime: session.gc_maxlifetime of PHP's side, in seconds");
      }
      if (saysItself && asked !== undefined) report.note('the rows say when they end: --max-lifetime changes nothing');
      const lifetime = saysItself ? gcMaxlifetime : asked!;
      if (!saysItself && saidLifetime !== undefined && lifetime < saidLifetime) {
        report.warn(
          `the application keeps sessions for ${saidLifetime} s, as far as its options say: this ends some that it takes for alive`,
        );
      }
      if (flags['dry-run'] === true) {
        const { old, all } = await count(table, lifetime, (seen) => report.progress(() => `${seen} sessions`));
        report.answer({ old, sessions: all }, () => `${old} of ${all} sessions are old.`);
        return EXIT.ok;
      }
      const store = mysqlStore(table.place.store);
      // It ends after the batch that it is at.
      const stop = () => void store.close();
      world.signal.addEventListener('abort', stop);
      const clock = setInterval(() => report.progress(() => 'deleting old sessions'), 500);
      try {
        const deleted = await store.gc(lifetime);
        report.answer({ deleted }, () => `${deleted} deleted.`);
        return world.signal.aborted ? EXIT.interrupted : EXIT.ok;
      } finally {
        clearInterval(clock);
        world.signal.removeEventListener('abort', stop);
        await store.close();
      }
    });
  },
};

async function count(table: SessionTable, lifetime: number, progress: (seen: number) => void) {
  let [old, all] = [0, 0];
  for await (const rows of table.batches({ withData: false })) {
    all += rows.length;
    old += rows.filter(({ age }) => age !== null && age > lifetime).length;
    progress(all);
  }
  return { old, all };
}
