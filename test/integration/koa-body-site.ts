import { randomBytes } from 'node:crypto';
import type { ClientRequest, OutgoingHttpHeaders, RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type Koa from 'koa';
import type { SessionOptions } from '../../src/middleware/koa.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { binaryTable, until } from '../php/harness.ts';
import { type Answer, type Beginning, type Handler, type Question, Site, storeOf } from './koa-helpers.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';

export interface BodySiteOptions {
  mode?: SessionOptions['mode'];
  store?: Partial<MysqlStoreOptions>;
}

export const newId = () => randomBytes(16).toString('hex');

/** A handler that must not run. */
export const never: Handler = () => {
  throw new Error('The handler has run');
};

/** A site whose clients take their time with their bodies. It counts which requests have come to the session's middleware. */
export class BodySite {
  readonly table = binaryTable();
  /** Requests that have reached the session's middleware, and those that have left it. */
  arrived = 0;
  ended = 0;
  #http!: Site;
  readonly #witness: Witness;
  /** The stores' account at the database, by which their connections can be counted. */
  readonly #account = `body_${randomBytes(4).toString('hex')}`;

  private constructor(witness: Witness) {
    this.#witness = witness;
  }

  static async create(): Promise<BodySite> {
    const site = new BodySite(await Witness.connect());
    const { name, columns } = site.table;
    const { password } = testServer();
    await site.#witness.query(
      `CREATE TABLE ${name} (${columns}); CREATE USER ${site.#account}@127.0.0.1 IDENTIFIED BY '${password}';
       GRANT SELECT, INSERT, UPDATE, DELETE ON test.* TO ${site.#account}@127.0.0.1`,
    );
    return site;
  }

  async remove(): Promise<void> {
    await this.#witness.query(`DROP TABLE ${this.table.name}; DROP USER ${this.#account}@127.0.0.1`);
    await this.#witness.end();
  }

  /** @param outer middleware in front of the session */
  async start({ mode, store = {} }: BodySiteOptions = {}, ...outer: Koa.Middleware[]): Promise<void> {
    this.arrived = 0;
    this.ended = 0;
    const count: Koa.Middleware = (_, next) => {
      this.arrived++;
      return next().finally(() => this.ended++);
    };
    this.#http = await Site.start({ store: this.storeOf(store), ...(mode && { mode }) }, ...outer, count);
  }

  async restart(options: BodySiteOptions, ...outer: Koa.Middleware[]): Promise<void> {
    await this.stop();
    await this.start(options, ...outer);
  }

  storeOf(options: Partial<MysqlStoreOptions>) {
    return storeOf(this.table, {
      connection: { ...testServer(), database: 'test', user: this.#account },
      ...options,
    });
  }

  /** @returns the codes of the reported errors, and `gone` for each session that had gone */
  async stop(): Promise<unknown[]> {
    await this.#http.stop();
    return [...this.#http.codes(), ...Array(this.takeGone()).fill('gone')];
  }

  /** How many `'session:gone'` events came since the last call. */
  takeGone(): number {
    const { gone } = this.#http;
    this.#http.gone = 0;
    return gone;
  }

  get port(): number {
    return this.#http.port;
  }

  callback(): RequestListener {
    return this.#http.app.callback();
  }

  /** Begins a request, which the caller ends. */
  post(
    handler: Handler,
    id: string,
    headers: OutgoingHttpHeaders,
    first: string | Uint8Array = '',
    more: Beginning = {},
  ): ClientRequest {
    const request = this.#http.begin(handler, { id }, { method: 'POST', headers, ...more });
    request.on('error', () => undefined);
    request.flushHeaders();
    if (first.length > 0) request.write(first);
    return request;
  }

  /** What a request of HTTP/2 begins with. */
  http2Head(handler: Handler, id: string): OutgoingHttpHeaders {
    return { ':method': 'POST', cookie: `PHPSESSID=${id}`, 'x-handler': this.add(handler) };
  }

  add(handler: Handler): string {
    return this.#http.add(handler);
  }

  answer(request: ClientRequest): Promise<Answer> {
    return this.#http.answer(request);
  }

  ask(handler: Handler, question: Question): Promise<Answer> {
    return this.#http.ask(handler, question);
  }

  /** Sends these parts on one connection, each as one packet. @returns what comes back until it is closed */
  async raw(parts: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1').setNoDelay();
    for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
    return text(socket);
  }

  /** Waits until so many requests have come to the session. */
  has(count: number): Promise<void> {
    return until(() => this.arrived === count);
  }

  clients(): Promise<number> {
    return this.#http.connections();
  }

  /** How many connections the stores have to the database, in use or not. */
  async connections(): Promise<number> {
    const rows = await this.#witness.query(
      `SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = '${this.#account}'`,
    );
    return rows.length;
  }

  /** @returns the id of a new session with these data */
  async put(data: string): Promise<string> {
    const id = newId();
    await this.#witness.query(`INSERT INTO ${this.table.name} VALUES (?, ?, UNIX_TIMESTAMP())`, [id, data]);
    return id;
  }

  async row(id: string): Promise<string | undefined> {
    const [row] = await this.#witness.query(`SELECT data FROM ${this.table.name} WHERE id = ?`, [id]);
    return row && String(row.data);
  }
}
