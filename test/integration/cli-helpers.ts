import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll } from '@jest/globals';
import { program } from '../../src/cli/program.ts';
import { testServer } from './mysql-store-helpers.ts';

/** What a command said, and how it ended. */
export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

export interface Run {
  /** Standard input. Default: nothing. */
  input?: string | undefined;
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Whether both outputs are terminals. Default false. */
  isTerminal?: boolean;
}

/** The database of these tests, as the commands take it. */
export function connectionOf(database: string, { user, password, host, port } = testServer()): string {
  return `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** A folder of a user, and commands that are run in it. It goes after the tests of the file. */
export class Shell {
  /** Where a configuration file can be. */
  directory = '';
  readonly #database: string;

  constructor(database: string) {
    this.#database = database;
    beforeAll(() => {
      this.directory = mkdtempSync(join(tmpdir(), 'psb-cli-'));
    });
    afterAll(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** Runs a command as `npx php-session-bridge` does, in this process. */
  async run(args: readonly string[], { input = '', env = {}, signal, isTerminal = false }: Run = {}): Promise<Said> {
    const [stdout, stderr] = [new Sink(isTerminal), new Sink(isTerminal)];
    const code = await program({
      args,
      env: {
        HOME: this.directory,
        PHP_SESSION_BRIDGE_CONNECTION: connectionOf(this.#database),
        ...env,
      },
      directory: this.directory,
      stdin: Readable.from([Buffer.from(input)]),
      ...{ stdout, stderr, signal: signal ?? new AbortController().signal },
    });
    return { out: stdout.text, err: stderr.text, code };
  }
}

class Sink extends Writable {
  text = '';
  readonly columns = 100;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
