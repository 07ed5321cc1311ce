import { type Kind, kinds, type Verdict } from './judge.ts';

/** The smallest row of its kind. */
export interface Example {
  readonly handle: string;
  readonly size: number;
  readonly offset: number | null;
  /** The bytes around the offset, masked unless `--reveal` was given. */
  readonly shown: string;
}

interface Line {
  rows: number;
  example: Example | null;
}

/** What was found, by kind. Its size does not depend on how many rows there are. It can be written to JSON and read again. */
export interface Tally {
  rows: number;
  /** Of the rows as they are stored. */
  bytes: number;
  /** Rows that PHP was asked about, and those of them about which it cannot tell. */
  php: { asked: number; unknown: number };
  /** By `kind`, or `kind code`. */
  readonly lines: Record<string, Line>;
}

export const emptyTally = (): Tally => ({ rows: 0, bytes: 0, php: { asked: 0, unknown: 0 }, lines: {} });

/** @param example is asked where this row is the smallest of a kind that is not `identical` */
export function count(tally: Tally, { kind, code }: Verdict, size: number, example: () => Example): void {
  const name = code === undefined ? kind : `${kind} ${code}`;
  tally.lines[name] ??= { rows: 0, example: null };
  const line = tally.lines[name]!;
  line.rows++;
  tally.rows++;
  tally.bytes += size;
  if (kind !== 'identical' && (line.example === null || size < line.example.size)) line.example = example();
}

export const kindOf = (name: string): Kind => name.split(' ')[0] as Kind;

/** Whether each row is one that Node writes as it was, or as PHP does. */
export function isGood({ lines }: Tally): boolean {
  return Object.keys(lines).every((name) => kinds[kindOf(name)].isGood);
}
