import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

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
      const code = this.#code;
      const keys = jobs.map((job) =>
        JSON.stringify({ ...job, argument: Buffer.from(job.argument).toString('latin1'), code }),
      );
      const open = keys.flatMap((key, index) => (answers.has(key) ? [] : [index]));
      const news = open.length === 0 ? [] : await this.#oracle.ask(open.map((index) => jobs[index]));
      const asked = new Map(open.map((index, at) => [keys[index], news[at]]));
      if (isNew) for (const [key, answer] of asked) answers.set(/** @type {string} */ (key), answer);
      return keys.map((key) => answers.get(key) ?? asked.get(key));
    }

    /** PHP's process does not end over what is recorded. */
    tryAll(/** @type {any[]} */ jobs) {
      return this.ask(jobs);
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
