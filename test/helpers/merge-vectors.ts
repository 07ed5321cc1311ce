import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { latin1Bytes } from './latin1.ts';
import type { MergeAnswer, MergeCase } from './php-merge.ts';

/** A case of fixtures/merge: a byte is one character. */
interface Vector {
  readonly name: string;
  readonly format: MergeCase['format'];
  readonly rule: MergeCase['rule'];
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
  /** What is to be written, with the paths of the conflicts that the rule decided. */
  readonly result?: string;
  readonly conflicts?: readonly (readonly string[])[];
  /** By the rule `error`: the path. */
  readonly conflict?: readonly string[];
  /** The name of PHP's class. */
  readonly error?: string;
}

const folder = join(__dirname, '../../fixtures/merge');
const base64 = (text: string) => latin1Bytes(text).toString('base64');

/** What both Node's merge and PHP's have to give. */
export const mergeVectors: readonly (readonly [name: string, input: MergeCase, expected: MergeAnswer])[] = readdirSync(
  folder,
)
  .sort()
  .flatMap((file) =>
    (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector[]).map((vector) => {
      const { format, rule, base, mine, theirs } = vector;
      const input = { format, rule, base: latin1Bytes(base), mine: latin1Bytes(mine), theirs: latin1Bytes(theirs) };
      return [`${file}: ${vector.name}`, input, expectedOf(vector)] as const;
    }),
  );

function expectedOf({ result, conflicts = [], conflict, error }: Vector): MergeAnswer {
  if (error !== undefined) return { error: `PhpSessionBridge\\Merge\\${error}` };
  if (conflict !== undefined) return { conflict: conflict.map(base64) };
  return { data: base64(result!), conflicts: conflicts.map((path) => path.map(base64)) };
}
