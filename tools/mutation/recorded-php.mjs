import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

/** That of test/helpers/php-process.ts. */
const ended = Symbol.for("PHP's process ended");

/**
 * Takes the place of test/helpers/php-oracle.ts: PHP's answers are kept, so that a question that was asked before costs
 * nothing. Others are asked: no answer is made up.
 *
 * @param {any} PhpOracle the class from there
 * @param {string} path where the answers are kept
 * @param {boolean} isNew whether they are kept from now on; else they are there already
 */
export function recordedPhp(PhpOracle, path, isNew) {
  /** @type {Map<string, any>} */
  const answers = isNew ? new Map() : deserialize(readFileSync(path));

  class RecordedPhp {
    /** @type {any} */
    #php;
    #code;

    /** @param {string} [code] as there. It is part of each question */
    constructor(code) {
      this.#code = code;
    }

    get #oracle() {
      this.#php ??= new PhpOracle(this.#code);
      return this.#php;
    }

    get version() {
      return this.#oracle.version;
    }

    async ask(/** @type {any[]} */ jobs) {
      const all = await this.tryAll(jobs);
      if (all.includes(ended)) throw new Error('PHP ended');
      return all;
    }

    async tryAll(/** @type {any[]} */ jobs) {
      const code = this.#code;
      const keys = jobs.map((job) =>
        JSON.stringify({ ...job, argument: Buffer.from(job.argument).toString('latin1'), code }),
      );
      const open = keys.flatMap((key, index) => (answers.has(key) ? [] : [index]));
      const news = open.length === 0 ? [] : await this.#oracle.tryAll(open.map((index) => jobs[index]));
      const asked = new Map(open.map((index, at) => [keys[index], news[at]]));
      // A symbol cannot be kept.
      if (isNew)
        for (const [key, answer] of asked) answers.set(/** @type {string} */ (key), answer === ended ? null : answer);
      return keys.map((key) => (answers.has(key) ? (answers.get(key) ?? ended) : asked.get(key)));
    }

    renew() {
      this.#php?.renew();
    }

    async one(/** @type {any} */ operation, /** @type {any} */ argument, ini = {}) {
      return (await this.ask([{ operation, argument, ini }]))[0];
    }

    close() {
      this.#php?.close();
      if (isNew) writeFileSync(path, serialize(answers));
    }
  }
  return { PhpOracle: RecordedPhp };
}
