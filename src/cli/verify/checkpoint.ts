import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { UsageError } from '../exit-codes.ts';
import type { SessionTable } from '../session-table.ts';
import { type Conditions, differences } from './conditions.ts';
import type { Share } from './preset-share.ts';
import type { Tally } from './tally.ts';

/** How far a run has come. */
export interface Progress {
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
  readonly #table: SessionTable;
  readonly #conditions: Conditions;
  readonly #key: Uint8Array;

  /** @param conditions of this run */
  constructor(file: string, table: SessionTable, conditions: Conditions) {
    this.#file = file;
    this.#table = table;
    this.#conditions = conditions;
    this.#key = table.handles.keyFor('verify --resume');
  }

  /**
   * @returns `undefined` where there is no file
   * @throws UsageError for a file that is not this user's, or of a run under other conditions
   */
  async read(): Promise<Progress | undefined> {
    const stored = await readFile(this.#file).catch(({ code }: NodeJS.ErrnoException) => {
      if (code === 'ENOENT') return undefined;
      throw new UsageError(`--resume: the file cannot be read (${code})`);
    });
    if (stored === undefined) return undefined;
    let saved: Progress & { readonly conditions: Conditions };
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, stored.subarray(0, 12));
      decipher.setAuthTag(stored.subarray(12, 28));
      saved = JSON.parse(Buffer.concat([decipher.update(stored.subarray(28)), decipher.final()]).toString());
    } catch {
      throw new UsageError('--resume: the file is not of a run with this handle key: remove it, and begin anew');
    }
    const differing = differences(saved.conditions, this.#conditions, this.#table);
    if (differing.length > 0) {
      const what = `--resume: the file is of another run: ${differing.join('; ')}`;
      throw new UsageError(`${what}. Give it as it was, or remove the file, and begin anew`);
    }
    return saved;
  }

  /** Whole or not at all. */
  async write(progress: Progress): Promise<void> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const text = JSON.stringify({ ...progress, conditions: this.#conditions });
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    const written = `${this.#file}.new`;
    await rm(written, { force: true });
    try {
      await writeFile(written, Buffer.concat([nonce, cipher.getAuthTag(), sealed]), { mode: 0o600, flag: 'wx' });
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
