import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PhpSessionError, type SessionDecodeOptions } from '../../src/codec/index.ts';
import { type ConflictRule, merge } from '../../src/session/merge.ts';
import { mergeLine } from './merge-vectors.mjs';

export interface MergeCase {
  readonly format: 'php' | 'php_binary' | 'php_serialize';
  /** `function`: `byPath`, which both languages have. */
  readonly rule: 'mine' | 'theirs' | 'error' | 'function';
  readonly base: Uint8Array;
  readonly mine: Uint8Array;
  readonly theirs: Uint8Array;
}

/** What became of it; bytes are in base64, and so are keys. */
export type MergeAnswer =
  | { readonly data: string; readonly conflicts: readonly (readonly string[])[] }
  | { readonly conflict: readonly string[] }
  | { readonly error: string };

/** PHP's merge, in real PHP. */
export function mergeInPhp(cases: readonly MergeCase[]): MergeAnswer[] {
  const settings = ['-d', 'memory_limit=1G', '-d', 'display_errors=stderr'];
  const output = execFileSync('php', [...settings, join(__dirname, 'merge.php')], {
    input: cases.map(mergeLine).join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Node's merge, with its errors by the names of PHP's classes. */
export function mergeInNode(
  { format, rule, base, mine, theirs }: MergeCase,
  phpVersion: NonNullable<SessionDecodeOptions['phpVersion']> = '8.5',
): MergeAnswer {
  try {
    const merged = merge(base, mine, theirs, rule === 'function' ? byPath : rule, { format, phpVersion });
    return {
      data: Buffer.from(merged.data).toString('base64'),
      conflicts: merged.conflicts.map((path) => path.map(keyInBase64)),
    };
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    if (error.code === 'ERR_SESSION_CONFLICT') return { conflict: error.path!.map(keyInBase64) };
    const name = error.code === 'ERR_PHP_SYNTAX' ? 'MalformedSession' : 'UnmergeableSession';
    return { error: `PhpSessionBridge\\Merge\\${name}` };
  }
}

/** What it decides depends on the path alone. */
const byPath: Extract<ConflictRule, (...args: never) => unknown> = ({ path, mine, theirs }) => {
  // Only of text, as the plain view has less than PHP's texts: 1 is an int or a float, and bytes are an object.
  const isText = typeof theirs === 'string' && /^[ -~]*$/.test(theirs);
  const decisions = [mine, isText ? theirs : undefined, undefined, 42, { x: 0.5 }];
  return decisions[keyBytes(path.join('/')).length % decisions.length];
};

function keyInBase64(key: string): string {
  return keyBytes(key).toString('base64');
}

/** A byte that is not part of valid UTF-8 is half of a surrogate pair in a key. */
function keyBytes(key: string): Buffer {
  return Buffer.concat(
    [...key].map((character) =>
      /^[\udc80-\udcff]$/.test(character) ? Buffer.from([character.charCodeAt(0) - 0xdc00]) : Buffer.from(character),
    ),
  );
}
