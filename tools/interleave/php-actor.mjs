import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startPhpServer } from '../services/php.mjs';
import { PhpLog } from './php-log.mjs';
import { PhpScript } from './php-script.mjs';
import { tables, Wire } from './wire.mjs';

/** Promises that PHP's handler breaks on purpose: see php-faulty.php. */
export const phpFaults = [
  'reports a write that it did not do',
  'reports no write, and did one',
  'does not delete',
  'keeps its locks',
  'overwrites what others have stored since it read',
  'writes into the session that has begun after a logout',
];

/** @typedef {import('../services/engines.mjs').Endpoint} Endpoint */

/** One browser at one PHP, which runs one script at a time: a page, with one session in it or more. */
export class PhpActor {
  name;
  wire;
  isFinished = false;
  /** See `Actor`. PHP has no queue of its own. */
  isQueued = false;
  #endpoint;
  #how;
  #log = new PhpLog();
  /** Where scripts tell what they do. */
  #server = createServer((socket) => void this.#listen(socket));
  /** @type {import('../services/php.mjs').PhpServer | undefined} */
  #php;
  #ports = { wire: 0, checker: 0 };
  /** @type {PhpScript | undefined} */
  #script;
  /** @type {string | undefined} */
  #cookie;
  #isStopped = false;

  /**
   * @param {string} name
   * @param {Endpoint} endpoint
   * @param {import('./process.mjs').How & { fault: string }} how
   */
  constructor(name, endpoint, how) {
    this.name = name;
    this.#endpoint = endpoint;
    this.#how = how;
    this.wire = new Wire(endpoint, how);
  }

  /**
   * @param {string} name
   * @param {Endpoint} endpoint
   * @param {import('./process.mjs').How & { fault: string }} how `fault`: one of `phpFaults`; '' for none
   */
  static async start(name, endpoint, how) {
    const actor = new PhpActor(name, endpoint, how);
    await actor.#start();
    return actor;
  }

  async #start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    this.#ports = { wire: await this.wire.start(), checker: port };
    const ini = {
      ...{ display_errors: 1, html_errors: 0, error_reporting: 32767, log_errors: 1, error_log: this.#log.file },
      ...{ 'session.gc_probability': 0, 'session.use_strict_mode': 0, max_execution_time: 0 },
    };
    const router = fileURLToPath(new URL('php-actor.php', import.meta.url));
    this.#php = await startPhpServer({ router, workers: 1, ini });
  }

  async stop() {
    this.#isStopped = true;
    this.wire.stop();
    this.#server.close();
    await this.#php?.stop();
    this.#log.remove();
  }

  /**
   * One script after the other.
   *
   * @param {import('./plan.mjs').ActorPlan} plan
   * @param {string} shared the id that all actors know
   * @param {import('./history.mjs').History} history
   */
  async run({ php, requests }, shared, history) {
    this.isFinished = false;
    this.#cookie = shared;
    /** @type {import('./php-script.mjs').SessionPlan[][]} */
    const scripts = [];
    for (const [i, plan] of requests.entries()) {
      if (!plan.again) scripts.push([]);
      scripts.at(-1)?.push({ name: `${this.name}${i + 1}`, plan });
    }
    for (const sessions of scripts) {
      const isGiven = php?.given ?? false;
      this.#script = new PhpScript(this.name, sessions, isGiven, this.wire, history, this.#log);
      const cookie = sessions[0]?.plan.cookie === 'shared' ? shared : this.#cookie;
      try {
        await this.#serve(this.#script, { ...php, sessions: sessions.map(({ plan }) => plan) }, cookie);
      } catch (error) {
        if (this.#isStopped) return;
        throw error;
      }
    }
    this.isFinished = true;
    this.wire.onEvent();
  }

  /**
   * @param {PhpScript} script
   * @param {object} plan
   * @param {string | undefined} cookie
   */
  async #serve(script, plan, cookie) {
    const { wire, checker } = this.#ports;
    const connection = { ...this.#endpoint, port: wire };
    const { data, fault } = this.#how;
    const response = await fetch(/** @type {string} */ (this.#php?.url), {
      method: 'POST',
      headers: cookie === undefined ? {} : { cookie: `PHPSESSID=${cookie}` },
      body: JSON.stringify({ ...plan, connection, table: tables[data], checker, fault }),
    });
    script.isOver(response.status, await response.text());
    for (const header of response.headers.getSetCookie()) {
      const id = /^PHPSESSID=([^;]*)/.exec(header)?.[1];
      if (id !== undefined) this.#cookie = id === 'deleted' ? undefined : id;
    }
  }

  /** @param {import('node:net').Socket} socket of a script */
  async #listen(socket) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    for await (const line of createInterface(socket)) {
      const answer = this.#script?.hear(JSON.parse(line));
      socket.write(`${JSON.stringify(answer ?? null)}\n`);
    }
  }
}
