import { decodeSession, type PhpArray } from '../../codec/index.ts';
import type { Call, Command } from '../command.ts';
import { type Difference, differences } from '../diff/compare.ts';
import { recordRow } from '../diff/record.ts';
import { Recordings } from '../diff/recording.ts';
import { replay } from '../diff/replay.ts';
import { EXIT, type ExitCode, UsageError } from '../exit-codes.ts';
import { readInput } from '../files.ts';
import { pointerTo, readPath } from '../json-path.ts';
import { wholeNumber } from '../numbers.ts';
import { entriesOf, inWords, outlineOf, valueAt } from '../outline.ts';
import { placeFlags } from '../place.ts';
import { revealFlag } from '../reveal.ts';
import { SessionTable } from '../session-table.ts';

/** Whether a page of Node does to a session what PHP's page did. */
export const diff: Command = {
  summary: "whether a page of Node does to a session what PHP's page did",
  details: `diff record HANDLE watches a row while you open PHP's page, and prints the name of a recording. diff replay NAME asks Node's page with the session as it was
before, in another table, and compares. Nothing is written to the session table. A recording is encrypted, in a file of mode 0600, and deleted after a day.`,
  operands: ['record|replay', 'HANDLE|NAME'],
  flags: {
    ...placeFlags,
    ...revealFlag,
    wait: { type: 'string', value: 'SECONDS', says: 'record: how long to wait for a change (default 300)' },
    keep: {
      type: 'string',
      value: 'HOURS',
      says: 'record: when the recording is deleted, by the next diff (default 24)',
    },
    to: { type: 'string', value: 'URL', says: "replay: Node's page" },
    shadow: {
      type: 'string',
      value: 'TABLE',
      says: "replay: the table of Node's page, which is not that of the sessions",
    },
    method: { type: 'string', value: 'METHOD', says: 'replay: of the request (default GET, with a body POST)' },
    body: { type: 'string', value: 'FILE', says: 'replay: the body of the request; - is standard input' },
    type: { type: 'string', value: 'TYPE', says: 'replay: of the body (default application/x-www-form-urlencoded)' },
    ignore: { type: 'string', value: 'PATHS', says: 'replay: what may differ: JSON Pointers with commas between them' },
  },
  examples: [
    ['diff record 4f2a9c01', "Record PHP's page"],
    ['diff replay 9b1c04d7 --to http://127.0.0.1:3000/cart --shadow session_shadow', "Ask Node's page, and compare"],
  ],
  async run(call) {
    const [action, what] = call.operands as [string, string];
    if (action !== 'record' && action !== 'replay') throw new UsageError('it must be diff record or diff replay');
    return SessionTable.use(call, async (table) => {
      const recordings = await Recordings.of(call.world, table.handles);
      return action === 'record' ? record(table, recordings, what, call) : compare(table, recordings, what, call);
    });
  },
};

async function record(table: SessionTable, recordings: Recordings, handle: string, call: Call): Promise<ExitCode> {
  const { flags, report } = call;
  const seconds = wholeNumber(flags.wait, 300, '--wait');
  const hours = wholeNumber(flags.keep, 24, '--keep');
  const key = await table.find(handle, call);
  table.decodeExact(await table.row(key)); // what cannot be read cannot be compared later
  const recording = await recordRow(table, key, seconds, call);
  const name = await recordings.add(recording, hours);
  const changes = differences(exact(table, recording.before), exact(table, recording.after)).length;
  report.answer({ name, changes }, () => name);
  report.note(
    changes === 0
      ? 'Nothing has changed in the session.'
      : `${changes} places have changed. It is kept for ${hours} hours.`,
  );
  return EXIT.ok;
}

async function compare(table: SessionTable, recordings: Recordings, name: string, call: Call): Promise<ExitCode> {
  const { flags, report, world } = call;
  const { to, shadow, type = 'application/x-www-form-urlencoded' } = flags as Record<string, string | undefined>;
  if (to === undefined || !URL.canParse(to)) throw new UsageError("--to must be the address of Node's page");
  if (shadow === undefined) throw new UsageError("--shadow must be the table of Node's page");
  const ignored = flags.ignore === undefined ? [] : String(flags.ignore).split(',').map(readPath);
  const body = flags.body === undefined ? undefined : { bytes: await readInput(String(flags.body), world), type };
  const recording = await recordings.get(name);
  const request = {
    ...{ url: to, method: String(flags.method ?? (body ? 'POST' : 'GET')), signal: world.signal },
    ...(body && { body }),
  };
  const { status, after, hasNewId } = await replay(table, recording, shadow, request);
  const [before, php, node] = [recording.before, recording.after, after].map((bytes) => exact(table, bytes));
  const found = differences(php, node);
  const different = found.filter(({ path }) => !ignored.some((keys) => keys.every((key, at) => path[at] === key)));
  const described = different.map((one) => describe(one, php!, flags.reveal === true));
  const counts = { php: differences(before, php).length, node: differences(before, node).length };
  const isSame = Buffer.compare(recording.after, after) === 0;
  report.answer(
    { status, hasNewId, isSame, changes: counts, ignored: found.length - different.length, differences: described },
    () =>
      [
        ...(described.length > 0
          ? [report.table(['path', 'difference', 'PHP', 'Node'], described.map(Object.values)), '']
          : []),
        `PHP's page changed ${counts.php} places, Node's ${counts.node}. ${different.length} differ${ignoredText(found.length - different.length)}.`,
        ...(isSame ? ['Both sessions have the same bytes.'] : []),
      ].join('\n'),
  );
  if (counts.node === 0 && counts.php > 0) {
    report.warn(
      `Node's page has changed nothing. Does it use the table ${shadow}, the cookie ${table.session.name}, and the same keys?`,
    );
  }
  if (status >= 400) report.warn(`Node's page answered ${status}`);
  if (hasNewId) report.note("Node's page gave the session a new id, which PHP's did not: a recorded row keeps its id.");
  return different.length > 0 ? EXIT.found : EXIT.ok;
}

const exact = ({ codec }: SessionTable, bytes: Uint8Array): PhpArray =>
  decodeSession(bytes, { ...codec, view: 'exact' });
const ignoredText = (count: number): string => (count === 0 ? '' : `, besides ${count} that may`);

/** In the order of the columns. */
interface Described {
  path: string;
  kind: Difference['kind'];
  php: string;
  node: string;
}

function describe({ path, kind, first, second }: Difference, php: PhpArray, reveal: boolean): Described {
  const side = (value: unknown) => (value === undefined ? '' : inWords(outlineOf('', value, { reveal, depth: 0 })));
  return { path: reveal ? pointerTo(path) || '/' : places(path, php), kind, php: side(first), node: side(second) };
}

/** Where it is, without a name: `key 2 > key 1`. */
function places(path: readonly string[], session: unknown): string {
  const steps = path.map((key, depth) => {
    const at = (entriesOf(valueAt(session, path.slice(0, depth))) ?? []).findIndex(([one]) => String(one) === key);
    return at < 0 ? 'a new key' : `key ${at + 1}`;
  });
  return steps.join(' > ') || 'the session';
}
