import { execFileSync } from 'node:child_process';
import { ended, PhpProcess } from './php-process.ts';

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
  readonly #php: PhpProcess;

  /** @param code PHP code that runs at the start of each process, such as classes */
  constructor(code?: string) {
    this.version = execFileSync('php', ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' });
    const first = code === undefined ? undefined : question({ operation: 'eval', argument: code });
    this.#php = new PhpProcess('oracle.php', ['-d', 'memory_limit=1G'], first);
  }

  /** @throws Error if PHP's process ended */
  async ask(jobs: readonly Job[]): Promise<Answer[]> {
    const answers = await this.tryAll(jobs);
    if (answers.includes(ended)) throw new Error('PHP ended');
    return answers as Answer[];
  }

  /** For data with which an extension of PHP may end the process. */
  async tryAll(jobs: readonly Job[]): Promise<(Answer | typeof ended)[]> {
    const answers = (await this.#php.ask(jobs.map(question))) as (Record<string, string> | typeof ended)[];
    return answers.map((answer) =>
      answer === ended
        ? ended
        : {
            ok: Boolean(answer.ok),
            bytes: Buffer.from(answer.bytes ?? '', 'base64'),
            session: Buffer.from(answer.session ?? '', 'base64'),
            value: answer.value,
          },
    );
  }

  async one(operation: Operation, argument: Uint8Array | string, ini: Record<string, string> = {}): Promise<Answer> {
    return (await this.ask([{ operation, argument, ini }]))[0]!;
  }

  /** Begins a new process: PHP keeps all code that it compiled until it ends. */
  renew(): void {
    this.#php.renew();
  }

  close(): void {
    this.#php.close();
  }
}

function question({ operation, argument, ini = {}, edits = [] }: Job): unknown {
  const text = operation === 'eval' ? argument : Buffer.from(argument as Uint8Array).toString('base64');
  const encoded = edits.map(([path, value]) => [path.map((key) => Buffer.from(key).toString('base64')), value]);
  return [operation, text, ini, encoded];
}
