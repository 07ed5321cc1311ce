import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CommandError, UsageError } from './exit-codes.ts';
import type { World } from './world.ts';

/**
 * The bytes of a file, or of standard input for `-`.
 *
 * @throws UsageError; it does not name the file, whose name may be an id
 */
export async function readInput(name: string, { directory, stdin }: World): Promise<Buffer> {
  if (name === '-') return buffer(stdin);
  return readFile(resolve(directory, name)).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(`the file cannot be read (${code})`);
  });
}

/**
 * Makes a file that this user alone can read.
 *
 * @throws CommandError where there is one already, or none can be made
 */
export async function writePrivate(name: string, bytes: Uint8Array, { directory }: World): Promise<void> {
  await writeFile(resolve(directory, name), bytes, { mode: 0o600, flag: 'wx' }).catch(
    ({ code }: NodeJS.ErrnoException) => {
      const why = code === 'EEXIST' ? 'there is one of this name already' : code;
      throw new CommandError(`the file cannot be made: ${why}`);
    },
  );
}
