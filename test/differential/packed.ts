import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type PhpFunction =
  | 'json_encode'
  | 'json_decode'
  | 'rawurlencode'
  | 'rawurldecode'
  | 'gzdeflate'
  | 'gzinflate'
  | 'base64_encode'
  | 'base64_decode';

/** The installed PHP, asked for what its functions make of bytes. */
export class PackingPhp {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(serializePrecision = -1) {
    this.#process = spawn('php', [join(__dirname, 'packed.php'), String(serializePrecision)]);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @returns `undefined` for PHP's false */
  async ask(name: PhpFunction, all: readonly Uint8Array[]): Promise<(Buffer | undefined)[]> {
    const questions = all.map((bytes) => [name, Buffer.from(bytes).toString('base64')]);
    this.#process.stdin.write(`${JSON.stringify(questions)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error(`PHP ended with ${this.#process.exitCode ?? this.#process.signalCode}`);
    return (JSON.parse(line) as (string | null)[]).map((text) =>
      text === null ? undefined : Buffer.from(text, 'base64'),
    );
  }

  close(): void {
    this.#process.kill();
  }
}
