import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { UsageError } from '../exit-codes.ts';
import type { Handles } from '../handles.ts';
import type { Share } from './preset-share.ts';
import type { Tally } from './tally.ts';

/** How far a run has come. */
export interface Progress {
  /** The database and the table. */
  readonly table: string;
  /** The key of the last row that was read. It is as good as an id. */
  readonly after: string;
  readonly tally: Tally;
  readonly share: Share;
}

const CIPHER = 'aes-256-gcm';

/**
 * The file of `--resume`. It has the key of a row in it, so it is encrypted with the key of this user's handles. Nobody else can read it, and
 * nobody can change it unseen.
 */
export class Checkpoint {
  readonly #file: string;
  readonly #key: Uint8Array;

  constructor(file: string, handles: Handles) {
    this.#file = file;
    this.#key = handles.keyFor('verify --resume');
  }

  /**
   * @returns `undefined` where there is no file
   * @throws UsageError for a file that is not this user's, or of another table
   */
  async read(table: string): Promise<Progress | undefined> {
    const stored = await readFile(this.#file).catch(({ code }: NodeJS.ErrnoException) => {
      if (code === 'ENOENT') return undefined;
      throw new UsageError(`--resume: the file cannot be read (${code})`);
    });
    if (stored === undefined) return undefined;
    let progress: Progress;
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, stored.subarray(0, 12));
      decipher.setAuthTag(stored.subarray(12, 28));
      progress = JSON.parse(Buffer.concat([decipher.update(stored.subarray(28)), decipher.final()]).toString());
    } catch {
      throw new UsageError('--resume: the file is not of a run with this handle key: remove it, and begin anew');
    }
    if (progress.table !== table) throw new UsageError('--resume: the file is of a run on another table');
    return progress;
  }

  /** Whole or not at all. */
  async write(progress: Progress): Promise<void> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(progress)), cipher.final()]);
    const written = `${this.#file}.new`;
    await rm(written, { force: true });
    try {
      await writeFile(written, Buffer.concat([nonce, cipher.getAuthTag(), text]), { mode: 0o600, flag: 'wx' });
      await rename(written, this.#file);
    } catch (error) {
      throw new UsageError(`--resume: the file cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  /** For a run that came to its end. */
  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
