/** Milliseconds that the database stands still. */
const STANDSTILL = 5_000;

/** What can be done to a farm to see how it takes it. */
export class Trouble {
  #servers;
  #database;
  /** @type {NodeJS.Timeout | undefined} */
  #standstill;
  #until = 0;

  /**
   * @param {Record<string, { kill: (signal: NodeJS.Signals) => void }>} servers
   * @param {{ kill: (signal: NodeJS.Signals) => void }} database
   */
  constructor(servers, database) {
    this.#servers = servers;
    this.#database = database;
  }

  /**
   * Ends a server as a crash does, in the middle of whatever it does. The farm starts it again.
   *
   * @param {string} name
   * @returns {boolean} whether there is such a server
   */
  kill(name) {
    if (!Object.hasOwn(this.#servers, name)) return false;
    this.#servers[name]?.kill('SIGKILL');
    return true;
  }

  /**
   * Freezes the database: its connections stay open, and nothing is answered.
   *
   * @returns {boolean} false when it stands still already
   */
  stopDatabase() {
    if (this.#standstill !== undefined) return false;
    this.#database.kill('SIGSTOP');
    this.#until = Date.now() + STANDSTILL;
    this.#standstill = setTimeout(() => this.end(), STANDSTILL);
    return true;
  }

  /** Milliseconds until the database goes on; 0 when it runs. */
  get standstill() {
    return this.#standstill === undefined ? 0 : Math.max(1, this.#until - Date.now());
  }

  end() {
    if (this.#standstill === undefined) return;
    clearTimeout(this.#standstill);
    this.#standstill = undefined;
    this.#database.kill('SIGCONT');
  }
}
