import type { SessionData } from '../../codec/index.ts';
import type { Command } from '../command.ts';
import { CommandError, EXIT, UsageError } from '../exit-codes.ts';
import { loginsOf } from '../logins.ts';
import { wholeNumber } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';
import { MapShape } from '../types/shape.ts';
import { type IsName, interfaceOf } from '../types/typescript.ts';

/** Of the sessions, or of the arrays at one place in them, must have a key that is a name. */
const SHARE = 1 / 20;
/** Shorter names of users are parts of other words. */
const SHORTEST_USER = 3;

/** A type for `phpSession<MySession>()`. */
export const types: Command = {
  summary: 'a TypeScript interface of $_SESSION, from all rows',
  details: `There is no value in it. A key is a name where many sessions have it; keys that differ from session to session, numbers, and keys with a user's name in them are data:
they become an index signature. Read it before you publish it: what is a name is a guess.`,
  operands: [],
  flags: {
    ...placeFlags,
    name: { type: 'string', value: 'NAME', says: 'of the interface (default MySession)' },
    least: {
      type: 'string',
      value: 'N',
      says: 'sessions that must have a key, besides a twentieth of all (default 10)',
    },
  },
  examples: [['types > my-session.ts', 'Make a file for phpSession<MySession>()']],
  async run(call) {
    const { report, flags } = call;
    const name = String(flags.name ?? 'MySession');
    if (!/^[A-Z]\w*$/.test(name))
      throw new UsageError('--name must be the name of a type: a capital letter, then letters and digits');
    const least = wholeNumber(flags.least, 10, '--least');
    return SessionTable.use(call, async (table) => {
      const shape = new MapShape();
      const users = new Set<string>();
      const claims = table.place.preset?.login === undefined ? undefined : loginsOf(table);
      let [seen, unreadable] = [0, 0];
      for await (const rows of table.batches()) {
        for (const row of rows) {
          let session: SessionData;
          try {
            session = table.decode(row);
          } catch {
            unreadable++;
            continue;
          }
          const claim = claims?.(session, row.columns).claim;
          for (const user of [claim?.id, claim?.name]) users.add(String(user ?? '').toLowerCase());
          shape.add(session, shape.count.sessions, 0);
        }
        seen += rows.length;
        report.progress(() => `${seen} sessions`);
      }
      if (shape.count.sessions === 0) throw new CommandError('no session can be read');
      const text = interfaceOf(name, shape, nameTest(least, users));
      report.answer({ interface: text, sessions: shape.count.sessions, unreadable }, () => text);
      report.note(`from ${shape.count.sessions} sessions${unreadable > 0 ? `; ${unreadable} cannot be read` : ''}`);
      if (shape.count.sessions < least)
        report.warn(`there are fewer sessions than ${least}: no key counts as a name. See --least`);
      return EXIT.ok;
    });
  },
};

/** @param users ids and names, in small letters */
function nameTest(least: number, users: ReadonlySet<string>): IsName {
  const known = [...users].filter((user) => user.length >= SHORTEST_USER);
  const isPersonal = (key: string) => known.some((user) => key.toLowerCase().includes(user));
  return (key, sessions, of) =>
    sessions >= Math.max(least, of * SHARE) &&
    /^[\x20-\x7e]{1,120}$/.test(key) &&
    // A number, an address, a hash alone.
    !/^-?\d+$|@|^[0-9a-f]{16,}$/i.test(key) &&
    !isPersonal(key);
}
