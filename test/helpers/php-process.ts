import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** PHP's process ended over a question, or did not answer: nothing is known about this one. The mutation tests load this file more than once. */
export const ended: unique symbol = Symbol.for("PHP's process ended");

/** How long PHP may take for one answer, in milliseconds. */
const patience = 60_000;

/**
 * A script of this folder that PHP runs, as one process for any number of questions: it reads lists of them, one list a line in JSON, and
 * writes an answer a line. With some data PHP's extensions end their process. Then another one goes on with the next question.
 */
export class PhpProcess {
  readonly #script: string;
  readonly #settings: readonly string[];
  readonly #first: unknown;
  #child!: ChildProcessWithoutNullStreams;
  #lines!: AsyncIterator<string>;
  /** Whether the answer to the first question still comes. */
  #isNew = false;
  #ends = 0;

  /**
   * @param settings options of the command `php`
   * @param first a question for each new process, if there is one. Its answer is left out
   */
  constructor(script: string, settings: readonly string[], first?: unknown) {
    this.#script = join(__dirname, script);
    this.#settings = settings;
    this.#first = first;
    this.#start();
  }

  #start(): void {
    const quiet = ['-d', 'display_errors=0', '-d', 'log_errors=0'];
    this.#child = spawn('php', [...quiet, ...this.#settings, this.#script]);
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.resume();
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#isNew = this.#first !== undefined;
    if (this.#isNew) this.#child.stdin.write(`${JSON.stringify([this.#first])}\n`);
  }

  /** One answer to each question, in their order. */
  async ask(questions: readonly unknown[]): Promise<unknown[]> {
    const answers: unknown[] = [];
    while (answers.length < questions.length) {
      const rest = questions.slice(answers.length);
      this.#child.stdin.write(`${JSON.stringify(rest)}\n`);
      for (let left = rest.length; left > 0; left--) {
        const answer = await this.#answer();
        answers.push(answer);
        if (answer !== ended) continue;
        this.#ends++;
        this.renew();
        break;
      }
    }
    return answers;
  }

  async #answer(): Promise<unknown> {
    const child = this.#child;
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    if (this.#isNew) {
      this.#isNew = false;
      await this.#lines.next();
    }
    const { value, done } = await this.#lines.next();
    clearTimeout(timer);
    return done ? ended : JSON.parse(value);
  }

  /** Begins a new process. What PHP read before has no part in its answers. */
  renew(): void {
    this.#child.kill();
    this.#start();
  }

  close(): void {
    if (this.#ends > 0) console.log(`PHP's process ended over ${this.#ends} questions, which are left out`);
    this.#child.kill();
  }
}
