import { text } from 'node:stream/consumers';
import { decodeSession, encodeSession, type PhpArray } from '../../codec/index.ts';
import { bufferOf } from '../../stores/encoding.ts';
import type { SessionLease } from '../../stores/store.ts';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { readJson, readPath, setAt } from '../json-path.ts';
import { mayComeBack, storeByKey, withLock } from '../locked-session.ts';
import { type PhpType, typeOf, valueAt } from '../outline.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';

/** Changes one value of a session. */
export const set: Command = {
  summary: 'changes one value of a session, under its lock',
  details: `PATH is a JSON Pointer (RFC 6901): /user/name; a / in a key is ~1, a ~ is ~0. JSON makes no objects of PHP: {} is an array with keys. 1 is an int and 1.0 a
float. All else in the row keeps its bytes. A value of another type than the one that is there is refused. PATH or JSON can be - and come from standard
input, as others can see arguments.`,
  operands: ['HANDLE', 'PATH', 'JSON'],
  flags: {
    ...placeFlags,
    force: { type: 'boolean', says: 'give it another type' },
  },
  examples: [
    ['set 4f2a9c01 /user/theme \'"dark"\'', 'A text'],
    ['set 4f2a9c01 /count 0 --json', 'A number; the answer is JSON'],
  ],
  async run(call) {
    const { report, flags, operands, world } = call;
    const [handle, path, json] = operands as [string, string, string];
    const input = [path, json].includes('-') ? (await text(world.stdin)).trim() : '';
    const keys = readPath(path === '-' ? input : path);
    return SessionTable.use(call, async (table) => {
      const value = readJson(json === '-' ? input : json);
      const key = await table.find(handle, call);
      const store = storeByKey(table);
      try {
        const change = await withLock(store, key, world.signal, (lease) =>
          write(table, lease, keys, value, flags.force === true),
        );
        report.answer(change, () =>
          change.written ? `Written: ${change.before} before, ${change.after} now.` : 'It has this value already.',
        );
        if (change.written && table.place.store.lock === 'none') report.warn(mayComeBack);
        return EXIT.ok;
      } finally {
        await store.close();
      }
    });
  },
};

interface Changed {
  /** `none`: there was no such value. */
  before: PhpType | 'none';
  after: PhpType;
  written: boolean;
}

async function write(
  { codec }: SessionTable,
  lease: SessionLease,
  keys: readonly string[],
  value: unknown,
  force: boolean,
): Promise<Changed> {
  if (lease.unreadable !== undefined) throw lease.unreadable;
  const stored = lease.data!;
  const old = valueAt(decodeSession(stored, { ...codec, view: 'exact' }), keys);
  const before = old === undefined ? 'none' : typeOf(old);
  const after = typeOf(value);
  if (before !== 'none' && before !== after && !force) {
    throw new CommandError(
      `it is of the type ${before} there, and would become ${after}: PHP's code may not expect that. --force does it`,
    );
  }
  const session = decodeSession(stored, codec);
  setAt(session, keys, value);
  const bytes = encodeSession(session, codec);
  const now = valueAt(decodeSession(bytes, { ...codec, view: 'exact' }) as PhpArray, keys);
  if (now === undefined || typeOf(now) !== after) {
    throw new CommandError(
      `this value cannot be written there as ${after}: give it in another form, or change it in the application`,
    );
  }
  if (bufferOf(bytes).equals(bufferOf(stored))) return { before, after, written: false };
  if ((await lease.commit({ data: bytes })) === 'gone')
    throw new CommandError('the session was ended meanwhile: nothing was written');
  return { before, after, written: true };
}
