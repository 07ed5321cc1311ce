import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from './exit-codes.ts';
import type { World } from './world.ts';

/** Hex digits of a handle: 64 bits, so that ten million sessions have handles of their own. */
const DIGITS = 16;
/** Digits that may name one, if no other one begins so. */
const LEAST = 6;

/**
 * Names for sessions that can be shown, as an id is as good as a password. A handle is the beginning of a keyed hash (HMAC-SHA-256) of the row's key. Without
 * the key of these hashes nobody can tell to which id one belongs, even if he has the id.
 */
export class Handles {
  readonly #key: Uint8Array;

  private constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * The key is of this user: it is made once, in a file that only he can read. PHP_SESSION_BRIDGE_HANDLE_KEY is for several people or hosts that want the
   * same handles.
   *
   * @throws UsageError where the file can be neither read nor made
   */
  static async of({ env }: World): Promise<Handles> {
    const given = env.PHP_SESSION_BRIDGE_HANDLE_KEY;
    if (given !== undefined) {
      if (given.length < 32) throw new UsageError('PHP_SESSION_BRIDGE_HANDLE_KEY must have at least 32 characters');
      return new Handles(Buffer.from(given));
    }
    return new Handles(await readOrMake(join(stateFolder(env), 'handle-key')));
  }

  /** 32 bytes for another purpose than handles, such as a file that only the same user shall read. They do not lead back to the key. */
  keyFor(purpose: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#key, '', `php-session-bridge ${purpose}`, 32));
  }

  of(rowKey: string): string {
    return createHmac('sha256', this.#key).update(rowKey).digest('hex').slice(0, DIGITS);
  }

  /** A handle of a user: another one than that of a session whose key is his id. */
  ofUser(id: string | number): string {
    return this.of(`user\0${id}`);
  }

  /** @throws UsageError for what can be no handle */
  test(beginning: string): (rowKey: string) => boolean {
    if (!/^[0-9a-f]+$/.test(beginning) || beginning.length < LEAST || beginning.length > DIGITS) {
      const form = `a handle has ${DIGITS} of the digits 0-9 and a-f, of which ${LEAST} or more may be given`;
      throw new UsageError(`${form}. Take one from php-session-bridge list, or - and give an id on standard input`);
    }
    return (rowKey) => this.of(rowKey).startsWith(beginning);
  }
}

/** What this program keeps of a user: the XDG Base Directory Specification has this place for it. */
export function stateFolder(env: World['env']): string {
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'php-session-bridge');
}

async function readOrMake(file: string): Promise<Uint8Array> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Only if there is none: another process may make it now.
    await writeFile(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new UsageError(`${file} cannot be made (${code}): set PHP_SESSION_BRIDGE_HANDLE_KEY`);
  }
  const key = await readFile(file).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${code}): set PHP_SESSION_BRIDGE_HANDLE_KEY`);
  });
  // Another process may be writing it.
  if (key.length !== 32) throw new UsageError(`${file} does not hold 32 bytes: remove it, and it is made anew`);
  return key;
}
