import { isSessionId } from '../session-id.ts';
import type { Settings } from './options.ts';
import { holdsDates, type TableDefinition } from './table-definition.ts';

/** Unix seconds since 2001. A number below is how long something lasts. */
const FIRST_MOMENT = 1_000_000_000;
/** Any id, to see what `row.key` makes of one. */
const PROBE = '0'.repeat(32);

/** A column with numbers, and what is wrong if none of them is of the kind that we write. */
interface Numbers {
  readonly quoted: string;
  readonly isMoment: boolean;
  readonly wrong: string;
}

/** A row of the sample: its data, its key, and whether each of `numbersOf()` is a moment. */
export type SampledRow = readonly [data: Uint8Array, key: string, ...moments: (number | string | null)[]];

/** Columns where a wrong version of an application shows: of a time, or of a span. */
export function numbersOf({ quoted, columns, timeMeaning, row }: Settings, { time }: TableDefinition): Numbers[] {
  const expires: Numbers = { quoted: quoted.time, isMoment: true, wrong: `${columns.time} holds no times` };
  const constants = row.insert.flatMap(({ name, quoted, value, option }): Numbers[] => {
    if (typeof value !== 'number' || value === 0) return [];
    const isMoment = value >= FIRST_MOMENT;
    return [{ quoted, isMoment, wrong: `${name} holds ${isMoment ? 'no times' : 'times'}, unlike ${option}` }];
  });
  return timeMeaning === 'expiresAt' && time !== undefined && !holdsDates(time) ? [expires, ...constants] : constants;
}

/** SQL for what of a row the sample has beside its data. */
export function sampledColumns(settings: Settings, definition: TableDefinition): string[] {
  const moments = numbersOf(settings, definition).map(({ quoted }) => `${quoted} >= ${FIRST_MOMENT}`);
  return [`CAST(${settings.quoted.id} AS CHAR CHARACTER SET utf8mb4)`, ...moments];
}

/** @returns in words why PHP's side would not read a row of ours; `undefined` where one of these is as ours would be */
export function whyOthers(
  settings: Settings,
  numbers: readonly Numbers[],
  rows: readonly SampledRow[],
): string | undefined {
  if (rows.length === 0) return undefined;
  const isKey = keyTest(settings);
  if (rows.every(([, key]) => !isKey(key))) return 'their ids are not such as row.id and row.key make';
  return numbers.find(({ isMoment }, i) =>
    rows.every((row) => row[i + 2] !== null && Number(row[i + 2]) !== Number(isMoment)),
  )?.wrong;
}

/** Whether it can be the key of an id: with a prefix, though perhaps another one, as applications share tables; or a hash as long as this one. */
function keyTest({ row }: Settings): (key: string) => boolean {
  let probe: string;
  try {
    probe = row.keyOf(PROBE);
  } catch {
    return () => true; // It takes no such id.
  }
  if (!probe.endsWith(PROBE)) return (key) => key.length === probe.length;
  const separator = probe.at(-PROBE.length - 1);
  if (separator === undefined) return row.isId;
  if (isSessionId(separator)) return () => true; // It could be anywhere in an id.
  return (key) => key.includes(separator) && row.isId(key.slice(key.lastIndexOf(separator) + 1));
}
