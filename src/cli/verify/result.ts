import { duration } from '../numbers.ts';
import type { Report } from '../report.ts';
import { kinds } from './judge.ts';
import type { Php } from './php.ts';
import type { Share } from './preset-share.ts';
import { isGood, kindOf, type Tally } from './tally.ts';

/** What a run of `verify` has found. */
export interface Result {
  /** The database and the table. */
  readonly name: string;
  readonly tally: Tally;
  readonly share: Share;
  /** In words why PHP was not asked. */
  readonly php: Php | string;
  /** Of this run. */
  readonly seconds: number;
  /** Rows of the runs before it, which this one has gone on with. */
  readonly rowsBefore: number;
}

export function toJson({ name, tally, share, php, seconds, rowsBefore }: Result): object {
  return {
    ...{ table: name, ok: isGood(tally), rows: tally.rows, bytes: tally.bytes },
    ...{ seconds, rowsBefore },
    kinds: Object.entries(tally.lines).map(([line, { rows, example }]) => ({
      ...{ kind: kindOf(line), code: line.split(' ')[1] ?? null, ok: kinds[kindOf(line)].isGood, rows, example },
    })),
    php: typeof php === 'string' ? { version: null, why: php } : { version: php.version, ...tally.php },
    presets: { looked: share.looked, reads: share.reads },
  };
}

export function toWords(result: Result, report: Report): string {
  const { name, tally, seconds, rowsBefore } = result;
  const rate = Math.round((tally.rows - rowsBefore) / seconds);
  const went = rowsBefore === 0 ? '' : ` (${rowsBefore} of them in earlier runs)`;
  return [
    `${name}: ${tally.rows} sessions${went}, ${megabytes(tally.bytes)}, ${duration(seconds)}, ${rate} a second`,
    '',
    tableOf(tally, report),
    ...examplesOf(tally),
    '',
    phpLine(result),
    ...presetLines(result.share),
    '',
    isGood(tally)
      ? report.style('green', 'Node writes every session as it was, or as PHP does.')
      : report.style('red', 'There are sessions that Node does not write as they were.'),
  ].join('\n');
}

function tableOf({ lines, rows: all }: Tally, report: Report): string {
  const order = Object.keys(kinds);
  const rows = Object.entries(lines)
    .sort(([a], [b]) => order.indexOf(kindOf(a)) - order.indexOf(kindOf(b)))
    .map(([line, { rows }]) => [rows, share(rows, all), line, kinds[kindOf(line)].says]);
  return report.table(['sessions', 'share', 'kind', 'what it means'], rows);
}

function examplesOf({ lines }: Tally): string[] {
  return Object.entries(lines).flatMap(([line, { example }]) =>
    example === null
      ? []
      : [
          '',
          `${line}, the smallest: ${example.handle}, ${example.size} bytes${at(example.offset)}`,
          `  ${example.shown}`,
        ],
  );
}

const at = (offset: number | null): string => (offset === null ? '' : `, at byte ${offset}`);

function phpLine({ php, tally }: Result): string {
  if (typeof php === 'string') return `PHP was not asked: ${php}.`;
  const { asked, unknown } = tally.php;
  const not = unknown === 0 ? '' : ` It cannot tell of ${unknown}: it lacks classes of the application, or ended.`;
  return `PHP ${php.version} was asked about ${asked} of them.${not}`;
}

function presetLines({ looked, reads }: Share): string[] {
  const byShare = new Map<number, string[]>();
  for (const [name, rows] of Object.entries(reads)) byShare.set(rows, [...(byShare.get(rows) ?? []), name]);
  const shares = [...byShare].sort(([a], [b]) => b - a);
  if (shares.length === 0) return [];
  return [
    `Presets that would read what is in the rows (${looked} were looked at):`,
    ...shares.map(([rows, names]) => `  ${share(rows, looked).padStart(7)}  ${names.join(', ')}`),
  ];
}

/** Never 100 % where one is missing, and never 0 % where there is one. */
function share(part: number, all: number): string {
  if (part === all) return '100 %';
  const percent = (part / all) * 100;
  if (percent < 0.01) return '< 0.01 %';
  return percent > 99.99 ? '> 99.99 %' : `${percent.toFixed(2)} %`;
}

const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
