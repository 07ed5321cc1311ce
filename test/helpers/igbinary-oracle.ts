import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A session as PHP has it, in two formats. */
export interface Written {
  session: Buffer;
  serialized: Buffer;
}

/** A random session, and what PHP writes for it. */
export interface Made extends Written {
  /** At first. What is a literal in PHP's code is shared there, and not once the session was read. */
  made: Buffer;
  /** After a change: the variable `counter` is `'hello'`. */
  changed: Buffer;
}

/** `simple`: scalars and arrays. `plain`: also references, and objects of stdClass. `all`: also other classes. */
export type Kind = 'simple' | 'plain' | 'all';

type Question =
  | readonly ['make', readonly [seed: number, kind: Kind, isCompact: boolean]]
  | readonly ['read', readonly [session: string, isCompact: boolean]]
  | readonly ['convert', string];

/** What PHP refuses is `undefined`. `ended`: PHP's process ended over it, so it says nothing. */
type Answer = Made | undefined | 'ended';

/** The PHP that is installed, with its extension igbinary. */
export class IgbinaryOracle {
  #process!: ChildProcessWithoutNullStreams;
  #lines!: AsyncIterator<string>;

  constructor() {
    this.#start();
  }

  #start(): void {
    this.#process = spawn('php', ['-d', 'display_errors=0', '-d', 'log_errors=0', join(__dirname, 'igbinary.php')]);
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.resume();
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async #ask(questions: readonly Question[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < questions.length) {
      const rest = questions.slice(answers.length);
      this.#process.stdin.write(`${JSON.stringify(rest)}\n`);
      for (let left = rest.length; left > 0; left--) {
        const { value: line, done } = await this.#lines.next();
        if (done) {
          answers.push('ended');
          this.#start();
          break;
        }
        const answer: Record<string, string> | null = JSON.parse(line);
        const bytes = Object.entries(answer ?? {}).map(([name, base64]) => [name, Buffer.from(base64, 'base64')]);
        answers.push(answer === null ? undefined : Object.fromEntries(bytes));
      }
    }
    return answers;
  }

  async make(seeds: readonly number[], kind: Kind, isCompact: boolean = true): Promise<Made[]> {
    const answers = await this.#ask(seeds.map((seed) => ['make', [seed, kind, isCompact]] as const));
    return answers.filter((answer) => answer !== undefined && answer !== 'ended');
  }

  /** What PHP writes for sessions in igbinary that it has read. */
  async read(sessions: readonly Uint8Array[], isCompact: boolean = true): Promise<(Written | undefined | 'ended')[]> {
    return this.#ask(sessions.map((bytes) => ['read', [base64(bytes), isCompact]] as const));
  }

  /** The same for sessions in php_serialize. */
  async convert(sessions: readonly Uint8Array[]): Promise<(Written | undefined | 'ended')[]> {
    return this.#ask(sessions.map((bytes) => ['convert', base64(bytes)] as const));
  }

  /** One session, in a new process: an error in one that PHP read before has no part in the answer. */
  async readAnew(session: Uint8Array): Promise<Written | undefined | 'ended'> {
    this.close();
    this.#start();
    return (await this.read([session]))[0];
  }

  close(): void {
    this.#process.kill();
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
