import { setTimeout as sleep } from 'node:timers/promises';
import { decodeSession, encodeSession } from '../../codec/index.ts';
import { PhpSessionError } from '../../errors.ts';
import type { SessionLease, SessionStore } from '../../stores/store.ts';
import type { Call, Command } from '../command.ts';
import { Ending } from '../ending.ts';
import { CommandError, EXIT, UsageError } from '../exit-codes.ts';
import { assertLockable, mayComeBack, storeByKey, withLock } from '../locked-session.ts';
import { isUser, loginsOf } from '../logins.ts';
import { wholeNumber } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';
import { usersOf } from '../user-flag.ts';

/** Ends sessions. */
export const kill: Command = {
  summary: 'ends a session, or all of a user: a logout that both sides respect',
  details: `It deletes the row under the lock that PHP's side takes, so a page that holds the session ends first. It needs DELETE and SELECT, and INSERT for the mark
of a logout. One session that cannot be ended, as a page does not give it back in time, keeps no other one from its end. A user who has a remember-me cookie of the application is logged in again by that: see what it says.`,
  operands: ['[HANDLE]'],
  flags: {
    ...placeFlags,
    user: {
      type: 'string',
      value: 'NAME',
      says: 'all sessions of the user of this name or id; - takes it from standard input',
    },
    'dry-run': { type: 'boolean', says: 'say which ones, and end none' },
    watch: {
      type: 'string',
      value: 'SECONDS',
      says: 'look again for so long, and end what a page of PHP has written back (default: do not look)',
    },
  },
  examples: [
    ['kill 4f2a9c01', 'One session'],
    ['kill --user alice --dry-run', 'How many sessions a user has'],
    ['kill --user alice --watch 10', 'All of them, and those that a page writes back within 10 seconds'],
  ],
  async run(call) {
    const { flags, operands } = call;
    if ((flags.user === undefined) === (operands[0] === undefined)) {
      throw new UsageError('give a handle, or --user');
    }
    const watch = flags.watch === undefined ? 0 : wholeNumber(flags.watch, 0, '--watch');
    return SessionTable.use(call, (table) => end(table, call, watch));
  },
};

async function end(table: SessionTable, call: Call, watch: number) {
  const { report, flags, world } = call;
  const chosen = await choose(table, call);
  const { keys } = chosen;
  for (const key of keys) assertLockable(table, key);
  const handles = keys.map((key) => table.handles.of(key));
  if (flags['dry-run'] === true) {
    report.answer({ would: handles }, () => [`${handles.length} would be ended.`, ...handles].join('\n'));
    return EXIT.ok;
  }
  if (keys.length === 0) throw new CommandError('that user has no session');
  const store = storeByKey(table);
  const ending = new Ending(handles);
  try {
    const endOf = (key: string) => endOne(store, table, key, chosen.isStill, world.signal);
    for (const key of keys) await ending.attempt(table.handles.of(key), ending.ended, () => endOf(key));
    if (watch > 0) await endThoseThatReturn(store, table, keys, ending, endOf, watch, call);
  } finally {
    // Whatever happens: who ends sessions in need must know which ones have ended.
    report.answer(ending.toJson(), () => ending.toWords());
    await store.close();
  }
  for (const [handle, error] of ending.failed) report.note(`${handle}: ${error.code}: ${error.message}`);
  warnOf(table, call, watch);
  if (ending.failed.size > 0) return EXIT.failed;
  return ending.cameBack.size > 0 ? EXIT.found : EXIT.ok;
}

/** Which sessions, and whether one of them still is what was asked for: it may have become another user's meanwhile. */
async function choose(
  table: SessionTable,
  call: Call,
): Promise<{ keys: string[]; isStill: (lease: SessionLease) => boolean }> {
  if (call.flags.user === undefined) return { keys: [await table.find(call.operands[0]!, call)], isStill: () => true };
  const { name, keys } = await usersOf(table, call);
  const loginOf = loginsOf(table);
  const isStill = ({ data, unreadable, columns = {} }: SessionLease) => {
    if (data === undefined || unreadable !== undefined) return false;
    try {
      const { claim } = loginOf(decodeSession(data, table.codec), columns);
      return claim !== undefined && isUser(claim, name);
    } catch (error) {
      if (!(error instanceof PhpSessionError)) throw error;
      return false; // nobody can tell whose it is now; the user's other sessions shall end
    }
  };
  return { keys, isStill };
}

/** @returns false where it had ended before, or is another user's now */
async function endOne(
  store: SessionStore,
  { codec }: SessionTable,
  key: string,
  isStill: (lease: SessionLease) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const empty = encodeSession({}, codec);
  try {
    return await withLock(
      store,
      key,
      signal,
      async (lease) => isStill(lease) && (await lease.destroy(empty)) === 'destroyed',
    );
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/** Watches those that were ended, or had ended before. */
async function endThoseThatReturn(
  store: SessionStore,
  table: SessionTable,
  keys: readonly string[],
  ending: Ending,
  endOf: (key: string) => Promise<boolean>,
  seconds: number,
  { world: { signal }, report }: Call,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await sleep(500, undefined, { signal });
    for (const key of keys) {
      await ending.attempt(table.handles.of(key), ending.cameBack, async () => {
        const { data } = await store.read(key, { signal });
        // A visitor who comes back with his old cookie may have an empty session under it.
        return data !== undefined && data.length > 0 && (await endOf(key));
      });
    }
    report.progress(() => `looking again for ${Math.ceil((end - performance.now()) / 1000)} s`);
  }
}

function warnOf({ place: { store, preset } }: SessionTable, { report }: Call, watch: number): void {
  if (store.lock === 'none' && watch === 0) report.warn(`${mayComeBack}. Look again with --watch 10`);
  const cookies = preset?.login?.rememberCookies ?? [];
  if (cookies.length > 0) {
    report.warn(
      `${preset!.name} logs a visitor in again who has one of these cookies: ${cookies.join(', ')}. To keep him out, change his password or block him there`,
    );
  }
}
