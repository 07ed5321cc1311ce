import type { ScannedRow } from '../../stores/mysql/scan.ts';
import type { Call, Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { duration, wholeNumber } from '../numbers.ts';
import { placeFlags } from '../place.ts';
import { SessionTable } from '../session-table.ts';
import { ahead, paced } from '../verify/batches.ts';
import { Checkpoint } from '../verify/checkpoint.ts';
import { conditionsOf } from '../verify/conditions.ts';
import { excerpt } from '../verify/examples.ts';
import { judge, judgeWithPhp, type Verdict } from '../verify/judge.ts';
import { Php } from '../verify/php.ts';
import { PresetShare } from '../verify/preset-share.ts';
import { toJson, toWords } from '../verify/result.ts';
import { count, emptyTally, isGood, type Tally } from '../verify/tally.ts';

/**
 * Rows in a batch. So few have been dealt with before V8 takes them for lasting: from about 300 on, their buffers stay until it collects all
 * garbage, which is 30 MB more. Fewer need a server that answers at once.
 */
const BATCH = 60;
/** Milliseconds between two writes of the file of `--resume`. */
const SAVED_EACH = 5_000;

/** Proves that Node writes each row as PHP does, before it writes one. */
export const verify: Command = {
  summary: 'read every session, write it anew in memory, and compare with its bytes and with PHP',
  details:
    'It changes nothing in the database: SELECT on the table is enough, and no row is locked. Each row is decoded, encoded anew and compared. The PHP that is\n' +
    'installed here does the same with some of the rows, and with all that differ. The exit code is 1 if there is a row that Node does not write as it was, or as PHP does.',
  operands: [],
  flags: {
    ...placeFlags,
    php: { type: 'string', value: 'N', says: 'ask PHP about one row of N (default 10); 1 is all of them' },
    'no-php': { type: 'boolean', says: 'do not ask PHP' },
    rate: { type: 'string', value: 'ROWS', says: 'rows a second at most (default: as many as can be)' },
    resume: {
      type: 'string',
      value: 'FILE',
      says: 'keep in this file how far it is, and go on there if it was stopped; the file is encrypted, and goes at the end',
    },
    reveal: { type: 'boolean', says: 'show examples as they are: they are personal data' },
  },
  examples: [
    ['verify', 'All rows of the table'],
    ['verify --rate 2000 --resume verify.state', 'Slowly, on a busy server, and to be stopped with Ctrl-C at any time'],
    ['verify --php 1 --json', 'Each row by PHP too, as JSON'],
  ],
  run: (call) => SessionTable.use(call, (table) => run(call, table)),
};

async function run(call: Call, table: SessionTable) {
  const { flags, world } = call;
  const rate = flags.rate === undefined ? undefined : wholeNumber(flags.rate, 0, '--rate');
  const each = wholeNumber(flags.php, 10, '--php');
  const { format = 'php', serializePrecision = -1 } = table.codec;
  const php = flags['no-php'] === true ? '--no-php was given' : await Php.start(format, serializePrecision, world);
  try {
    return await readAll(call, table, php, { rate, each });
  } finally {
    if (typeof php !== 'string') php.end();
  }
}

interface Pace {
  /** Rows a second; `undefined` for as many as come. */
  readonly rate: number | undefined;
  /** PHP is asked about one row of so many. */
  readonly each: number;
}

async function readAll({ flags, report, world }: Call, table: SessionTable, php: Php | string, { rate, each }: Pace) {
  const reveals = flags.reveal === true;
  const asked = typeof php === 'string' ? 'not asked' : `one row of ${each} by PHP ${php.version}`;
  const checkpoint =
    flags.resume === undefined
      ? undefined
      : new Checkpoint(flags.resume as string, table, conditionsOf(table, asked, reveals));
  const before = await checkpoint?.read();
  const tally = before?.tally ?? emptyTally();
  const presets = await PresetShare.load(before?.share);
  const start = performance.now();
  const rowsBefore = tally.rows;
  let after = before?.after;
  let saved = start;
  const save = async () => {
    if (after !== undefined) await checkpoint?.write({ after, tally, share: presets.share });
    saved = performance.now();
  };
  const read = table.batches({ after, most: Math.min(BATCH, Math.ceil((rate ?? Infinity) / 5)) });
  try {
    for await (const rows of paced(ahead(read), rate, world.signal)) {
      await look(rows, each, { table, tally, php, presets, reveals });
      after = rows.at(-1)?.key ?? after;
      if (performance.now() - saved > SAVED_EACH) await save();
      report.progress(() => progressOf(tally, tally.rows - rowsBefore, performance.now() - start));
    }
  } catch (error) {
    await save();
    if (world.signal.aborted && checkpoint !== undefined) report.note('stopped: the same command goes on from here');
    throw error;
  }
  await checkpoint?.remove();
  const name = `${table.definition.database}.${table.settings.table.name}`;
  const result = { name, tally, share: presets.share, php, seconds: (performance.now() - start) / 1000, rowsBefore };
  report.answer(report.isJson ? toJson(result) : undefined, () => toWords(result, report));
  return isGood(tally) ? EXIT.ok : EXIT.found;
}

interface Looking {
  readonly table: SessionTable;
  readonly tally: Tally;
  readonly php: Php | string;
  readonly presets: PresetShare;
  readonly reveals: boolean;
}

/** @param each PHP is asked about one row of so many */
async function look(
  rows: readonly ScannedRow[],
  each: number,
  { table, tally, php, presets, reveals }: Looking,
): Promise<void> {
  const { codec, settings, handles } = table;
  const verdicts: Verdict[] = rows.map(({ data }) => judge(data, codec, settings.encoding));
  if (typeof php !== 'string') {
    const asked = verdicts.flatMap(({ kind }, i) =>
      kind !== 'unpacked' && (kind !== 'identical' || (tally.rows + i) % each === 0) ? [i] : [],
    );
    const answers = await php.ask(asked.map((i) => verdicts[i]!.session));
    for (const [n, i] of asked.entries()) {
      const better = judgeWithPhp(verdicts[i]!, answers[n]!);
      tally.php.asked++;
      if (better === undefined) tally.php.unknown++;
      else verdicts[i] = better;
    }
  }
  for (const [i, { key, data, size }] of rows.entries()) {
    presets.look(data);
    const verdict = verdicts[i]!;
    const { session, offset } = verdict;
    count(tally, verdict, size, () => ({
      ...{ handle: handles.of(key), size, offset: offset ?? null },
      shown: excerpt(session, offset, reveals),
    }));
  }
}

function progressOf(tally: Tally, rows: number, milliseconds: number): string {
  const rate = Math.round((rows / milliseconds) * 1000);
  return `${tally.rows} sessions, ${rate} a second, for ${duration(milliseconds / 1000)}`;
}
