import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import Koa from 'koa';
import { createConnection } from 'mysql2/promise';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../src/middleware/koa.ts';
import { type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import { type Harness, startHarness, type Table } from '../php/harness.ts';
import { testServer } from './mysql-store-helpers.ts';

export type Context = Koa.ParameterizedContext<Koa.DefaultState, PhpSessionContext>;
/** What it returns is the response, as JSON. */
export type Handler = (ctx: Context) => unknown;

export interface Question {
  /** The session cookie. */
  id?: string | undefined;
  /** The whole `Cookie` header, instead. */
  cookie?: string;
}

export interface Beginning {
  method?: string;
  headers?: OutgoingHttpHeaders;
  agent?: Agent;
  /** Of another server with the same application. */
  port?: number;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** `Name: value`, as they were sent. */
  lines: string[];
  /** What `Set-Cookie` says of the session; undefined if there is none. */
  id: string | undefined;
  /** What the handler returned. */
  value: unknown;
}

/** A Koa application on a port, in which each request brings its own handler. */
export class Site {
  readonly app = new Koa<Koa.DefaultState, PhpSessionContext>();
  /** What came by `app.on('error')`. */
  readonly errors: unknown[] = [];
  /** How many `'session:gone'` events came. */
  gone = 0;
  readonly #options: SessionOptions;
  readonly #handlers = new Map<string, Handler>();
  #server!: Server;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.app.on('error', (error) => this.errors.push(error));
    this.app.on('session:gone', () => this.gone++);
  }

  /** @param outer middleware before the session */
  static async start(options: SessionOptions, ...outer: Koa.Middleware[]): Promise<Site> {
    const site = new Site(options);
    for (const one of outer) site.app.use(one as never);
    site.app.use(phpSession(options));
    site.app.use(async (ctx) => {
      const value = await site.#handlers.get(ctx.get('x-handler'))!(ctx);
      if (ctx.respond !== false && ctx.body === undefined) ctx.body = { value };
    });
    site.#server = site.app.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  /** Sends a request; the client goes away with `destroy()`. */
  send(handler: Handler, question: Question = {}): ClientRequest {
    return this.begin(handler, question).end();
  }

  /** The same; what it sends as its body, and when, is up to the caller. */
  begin(handler: Handler, { id, cookie }: Question = {}, { headers: more, ...options }: Beginning = {}): ClientRequest {
    const header = cookie ?? (id === undefined ? undefined : `${this.name}=${encodeURIComponent(id)}`);
    const headers = { 'x-handler': this.add(handler), ...(header !== undefined && { cookie: header }), ...more };
    return request({ host: '127.0.0.1', port: this.port, agent: false, ...options, headers });
  }

  /** @returns what a request must send as `x-handler` */
  add(handler: Handler): string {
    const number = String(this.#handlers.size);
    this.#handlers.set(number, handler);
    return number;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  ask(handler: Handler = () => undefined, question: Question = {}): Promise<Answer> {
    return this.answer(this.send(handler, question));
  }

  async answer(sent: ClientRequest): Promise<Answer> {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await text(response);
    const { rawHeaders, headers, statusCode } = response;
    const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []));
    const cookie = headers['set-cookie']
      ?.filter((one) => one.startsWith(`${this.name}=`))
      .map((one) => one.split(';')[0]);
    const id = cookie?.[0]?.slice(this.name.length + 1);
    const isJson = headers['content-type']?.startsWith('application/json');
    return {
      status: statusCode!,
      headers,
      lines,
      id: id && decodeURIComponent(id),
      value: isJson ? JSON.parse(body).value : body,
    };
  }

  get name(): string {
    return this.#options.name ?? 'PHPSESSID';
  }

  /** The codes of the errors reported since the last call. */
  codes(): unknown[] {
    return this.errors.splice(0).map((error) => (error as { code?: unknown }).code ?? error);
  }

  /** How many clients are connected. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#options.store.close();
  }
}

/**
 * Starts PHP for the tests of a file, and a site for each test. A test fails if errors or logouts were reported that it did not look at.
 *
 * @param tables the first is the site's
 * @param use gets both, before each test
 */
export function siteForEach(tables: [Table, ...Table[]], use: (php: Harness, site: Site) => void): void {
  let php: Harness;
  let site: Site;
  beforeAll(async () => {
    php = await startHarness(tables);
  });
  afterAll(() => php.stop());
  beforeEach(async () => {
    site = await Site.start({ store: storeOf(tables[0]) });
    use(php, site);
  });
  afterEach(async () => {
    expect(site.codes()).toEqual([]);
    expect(site.gone).toBe(0);
    await site.stop();
  });
}

export function storeOf(table: Table, options: Partial<MysqlStoreOptions> = {}) {
  return mysqlStore({ connection: { ...testServer(), database: 'test' }, table: table.name, ...options });
}

/**
 * Puts a session into the table.
 *
 * @param age seconds since it was used
 * @returns its id, which no other test uses
 */
export async function putNew(php: Harness, table: Table, data: string, age = 0): Promise<string> {
  const id = randomBytes(16).toString('hex');
  await php.put(table, id, data, age);
  return id;
}

/** Whether a transaction holds the lock of this row now. */
export async function isLocked(table: Table, id: string): Promise<boolean> {
  const other = await createConnection({ ...testServer(), database: 'test' });
  try {
    await other.query(`SELECT id FROM ${table.name} WHERE id = ? FOR UPDATE NOWAIT`, [id]);
    return false;
  } catch (error) {
    if ((error as { errno?: number }).errno !== 1205) throw error;
    return true;
  } finally {
    await other.end();
  }
}

/** Something that a test lets happen when it wants. */
export function signal() {
  let happen!: () => void;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happen, happened };
}
