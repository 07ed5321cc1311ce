import { ended, PhpProcess } from './php-process.ts';

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
  /** The same change of `made`, which may have variables that PHP leaves out: their names are ints. */
  changedAtFirst: Buffer;
}

/** `simple`: scalars and arrays. `plain`: also references, and objects of stdClass. `all`: also other classes. */
export type Kind = 'simple' | 'plain' | 'all';

type Question =
  | readonly ['make', readonly [seed: number, kind: Kind, isCompact: boolean]]
  | readonly ['read', readonly [session: string, isCompact: boolean]]
  | readonly ['convert', string];

/** What PHP refuses is `undefined`. */
type Answer = Made | undefined | typeof ended;

/** The PHP that is installed, with its extension igbinary. */
export class IgbinaryOracle {
  readonly #php: PhpProcess = new PhpProcess('igbinary.php', []);

  async #ask(questions: readonly Question[]): Promise<Answer[]> {
    const answers = (await this.#php.ask(questions)) as (Record<string, string> | null | typeof ended)[];
    return answers.map((answer) => {
      if (answer === null) return undefined;
      if (answer === ended) return ended;
      const bytes = Object.entries(answer).map(([name, base64]) => [name, Buffer.from(base64, 'base64')]);
      return Object.fromEntries(bytes);
    });
  }

  async make(seeds: readonly number[], kind: Kind, isCompact: boolean = true): Promise<Made[]> {
    const answers = await this.#ask(seeds.map((seed) => ['make', [seed, kind, isCompact]] as const));
    return answers.filter((answer) => answer !== undefined && answer !== ended);
  }

  /** What PHP writes for sessions in igbinary that it has read. */
  async read(
    sessions: readonly Uint8Array[],
    isCompact: boolean = true,
  ): Promise<(Written | undefined | typeof ended)[]> {
    return this.#ask(sessions.map((bytes) => ['read', [base64(bytes), isCompact]] as const));
  }

  /** The same for sessions in php_serialize. */
  async convert(sessions: readonly Uint8Array[]): Promise<(Written | undefined | typeof ended)[]> {
    return this.#ask(sessions.map((bytes) => ['convert', base64(bytes)] as const));
  }

  /** One session, in a new process: an error in one that PHP read before has no part in the answer. */
  async readAnew(session: Uint8Array): Promise<Written | undefined | typeof ended> {
    this.#php.renew();
    return (await this.read([session]))[0];
  }

  close(): void {
    this.#php.close();
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
