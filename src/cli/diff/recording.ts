import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bufferOf } from '../../stores/encoding.ts';
import type { ColumnValue, RowColumns } from '../../stores/store.ts';
import { CommandError, UsageError } from '../exit-codes.ts';
import { type Handles, stateFolder } from '../handles.ts';
import type { World } from '../world.ts';

/** What a page of PHP did to a session. */
export interface Recording {
  /** Unpacked, in the format of the table. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Other columns that the application reads with its sessions. */
  readonly columns: RowColumns;
}

/** A recording as it is in its file. All that comes from the session is sealed: AES-256-GCM, by a key that is made of that of the handles. */
interface Stored {
  /** Milliseconds since 1970. */
  readonly ends: number;
  /** base64: 12 random bytes, 16 of the tag, and the rest. */
  readonly sealed: string;
}

const ALGORITHM = 'aes-256-gcm';

/** The recordings of a user: files that he alone can read, each for some hours. */
export class Recordings {
  readonly #folder: string;
  readonly #key: Uint8Array;

  private constructor(folder: string, key: Uint8Array) {
    this.#folder = folder;
    this.#key = key;
  }

  /** Those whose time is over are deleted now. @throws UsageError where the folder cannot be made */
  static async of({ env }: World, handles: Handles): Promise<Recordings> {
    const folder = join(stateFolder(env), 'recordings');
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(({ code }: NodeJS.ErrnoException) => {
      throw new UsageError(`${folder} cannot be made (${code})`);
    });
    const recordings = new Recordings(folder, handles.keyFor('recordings'));
    for (const name of await readdir(folder)) {
      const stored = await readStored(join(folder, name));
      if (stored === undefined || stored.ends < Date.now()) await rm(join(folder, name), { force: true });
    }
    return recordings;
  }

  /** @returns its name */
  async add({ before, after, columns }: Recording, hours: number): Promise<string> {
    const packed = { before: base64(before), after: base64(after), columns: mapColumns(columns, packColumn) };
    const nonce = randomBytes(12);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(packed)), cipher.final()]);
    const stored: Stored = {
      ends: Date.now() + hours * 3_600_000,
      sealed: base64(Buffer.concat([nonce, cipher.getAuthTag(), text])),
    };
    const name = randomBytes(4).toString('hex');
    await writeFile(join(this.#folder, name), JSON.stringify(stored), { mode: 0o600, flag: 'wx' });
    return name;
  }

  /** @throws CommandError where there is none, or another key has sealed it */
  async get(name: string): Promise<Recording> {
    const stored = /^[0-9a-f]{8}$/.test(name) ? await readStored(join(this.#folder, name)) : undefined;
    if (stored === undefined)
      throw new CommandError('there is no such recording (any more): make one with diff record');
    const sealed = Buffer.from(stored.sealed, 'base64');
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(sealed.subarray(12, 28));
      const text = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString();
      const { before, after, columns } = JSON.parse(text);
      return {
        ...{ before: Buffer.from(before, 'base64'), after: Buffer.from(after, 'base64') },
        columns: mapColumns(columns, unpackColumn),
      };
    } catch {
      throw new CommandError('this recording was made with another key of handles, or was changed');
    }
  }
}

const base64 = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64');

async function readStored(file: string): Promise<Stored | undefined> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8'));
    return typeof stored.ends === 'number' && typeof stored.sealed === 'string' ? stored : undefined;
  } catch {
    return undefined;
  }
}

const mapColumns = <From, To>(columns: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, map(value)]));

type PackedColumn = string | number | null | { bytes: string };
const packColumn = (value: ColumnValue): PackedColumn =>
  value instanceof Uint8Array ? { bytes: base64(value) } : value;
const unpackColumn = (value: PackedColumn): ColumnValue =>
  typeof value === 'object' && value !== null ? Buffer.from(value.bytes, 'base64') : value;
