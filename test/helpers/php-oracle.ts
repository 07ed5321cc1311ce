import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Operation = 'unserialize' | 'session' | 'edit' | 'describe' | 'eval';

/** `$_SESSION[a][b] = value`, or unset() where it is null. */
export type Edit = [path: string[], value: string | null];

/** What PHP made of it. */
export interface Answer {
  /** Whether PHP accepted it. */
  ok: boolean;
  /** What PHP writes for the value that it read. */
  bytes: Buffer;
  /** `eval`: what `session_encode()` gives. */
  session: Buffer;
  /** `describe`: the value as PHP sees it. */
  value: unknown;
}

export interface Job {
  operation: Operation;
  /** Bytes to read, or PHP code to run. */
  argument: Uint8Array | string;
  ini?: Record<string, string>;
  edits?: Edit[];
}

/** The PHP that is installed, as one process that answers any number of questions. */
export class PhpOracle {
  readonly version: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.version = execFileSync('php', ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' });
    const settings = ['-d', 'memory_limit=1G', '-d', 'display_errors=0', '-d', 'log_errors=0'];
    this.#process = spawn('php', [...settings, join(__dirname, 'oracle.php')]);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(jobs: readonly Job[]): Promise<Answer[]> {
    const questions = jobs.map(({ operation, argument, ini = {}, edits = [] }) => {
      const text = operation === 'eval' ? argument : Buffer.from(argument as Uint8Array).toString('base64');
      const encoded = edits.map(([path, value]) => [path.map((key) => Buffer.from(key).toString('base64')), value]);
      return [operation, text, ini, encoded];
    });
    this.#process.stdin.write(`${JSON.stringify(questions)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error(`PHP ended with ${this.#process.exitCode ?? this.#process.signalCode}`);
    return (JSON.parse(line) as Record<string, string>[]).map((answer) => ({
      ok: Boolean(answer.ok),
      bytes: Buffer.from(answer.bytes ?? '', 'base64'),
      session: Buffer.from(answer.session ?? '', 'base64'),
      value: answer.value,
    }));
  }

  async one(operation: Operation, argument: Uint8Array | string, ini: Record<string, string> = {}): Promise<Answer> {
    return (await this.ask([{ operation, argument, ini }]))[0]!;
  }

  close(): void {
    this.#process.kill();
  }
}
