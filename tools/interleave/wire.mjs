import { once } from 'node:events';
import { createServer, connect as tcpConnect } from 'node:net';
import { Answer, CLOSE_STATEMENT, EXECUTE, errorPacket, Packets, PREPARE, QUERY, QUIT, query } from './packets.mjs';

/** The name of the session table: a statement that has it is one of the store's protocol. */
export const table = 'interleave';

/**
 * @typedef {'read' | 'lock' | 'placeholder' | 'touch' | 'replace' | 'remove' | 'write' | 'commit' | 'rollback'} Kind
 *   `touch` and `replace` commit themselves, `commit` is a text with COMMIT at its end
 */

/**
 * @typedef {object} Command a statement on its way
 * @property {Buffer} packet
 * @property {string} sql
 * @property {Kind | undefined} kind `undefined`: it is let through, as it is none of the protocol
 * @property {boolean} commits whether what it did stays
 * @property {'held' | 'sent' | 'answered'} phase held before the server, or before its client
 * @property {Answer} answer
 * @property {unknown} request of the actor, when the statement came
 */

/** All connections of one actor, each statement of which waits until it is told what happens to it. */
export class Wire {
  /** @type {Set<Link>} */
  links = new Set();
  /** What the actor does just now; statements that come belong to it. @type {unknown} */
  request;
  /** Statements that the server has answered since the controller looked. @type {Command[]} */
  answered = [];
  #server = createServer((client) => this.links.add(new Link(this, client)));
  /** @type {() => void} */
  onEvent;
  target;

  /**
   * @param {{ host: string, port: number }} target
   * @param {() => void} onEvent is called when a statement or an answer has come, or a connection has gone
   */
  constructor(target, onEvent) {
    this.target = target;
    this.onEvent = onEvent;
  }

  /** @returns {Promise<number>} the port */
  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return /** @type {import('node:net').AddressInfo} */ (this.#server.address()).port;
  }

  stop() {
    for (const link of this.links) link.destroy();
    this.#server.close();
  }

  /** The connection whose statement the actor waits for. @returns {Link | undefined} */
  get waiting() {
    return [...this.links].find((link) => !link.isCut && link.command?.kind !== undefined);
  }
}

/** One connection. */
export class Link {
  /** @type {Command | undefined} */
  command;
  inTransaction = false;
  autocommit = true;
  /** The server has rolled back and ended the connection; its client has not heard of it yet. */
  isExpired = false;
  /** Its client has gone. */
  isCut = false;
  #wire;
  #client;
  #server;
  #fromClient = new Packets();
  #fromServer = new Packets();
  #isLoggedIn = false;
  /** @type {Map<number, string>} */
  #prepared = new Map();
  /** Told of the answer to a ROLLBACK of our own. @type {(() => void) | undefined} */
  #onRollback;

  /**
   * @param {Wire} wire
   * @param {import('node:net').Socket} client
   */
  constructor(wire, client) {
    this.#wire = wire;
    this.#client = client;
    this.#server = tcpConnect(wire.target);
    for (const socket of [client, this.#server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => {
      for (const packet of this.#fromClient.take(chunk)) this.#said(packet);
    });
    client.on('close', () => void this.#left());
    this.#server.on('data', (chunk) => {
      for (const packet of this.#fromServer.take(chunk)) this.#answered(packet);
    });
    this.#server.on('close', () => {
      if (!this.isExpired) this.destroy();
    });
  }

  /** @param {Buffer} packet */
  #said(packet) {
    const code = packet[4] ?? 0;
    if (!this.#isLoggedIn || code === CLOSE_STATEMENT || code === QUIT) {
      this.#server.write(packet);
      return;
    }
    let sql = '';
    if (code === QUERY || code === PREPARE) sql = packet.subarray(5).toString('latin1');
    else if (code === EXECUTE) sql = this.#prepared.get(packet.readUInt32LE(5)) ?? '';
    const kind = code === PREPARE ? undefined : kindOf(sql, this.autocommit);
    const commits = kind === 'commit' || kind === 'touch' || kind === 'replace';
    const answer = new Answer(code);
    this.command = { packet, sql, kind, commits, phase: 'held', answer, request: this.#wire.request };
    if (kind === undefined) this.send();
    else this.#wire.onEvent();
  }

  /** @param {Buffer} packet */
  #answered(packet) {
    if (!this.#isLoggedIn) {
      this.#isLoggedIn = packet[4] === 0 && packet[3] !== 0; // the greeting has the number 0, OK a later one
      this.#client.write(packet);
      return;
    }
    const { command } = this;
    if (command === undefined) return;
    const { answer } = command;
    answer.take(packet);
    if (!answer.isComplete) return;
    this.inTransaction = answer.inTransaction ?? this.inTransaction;
    this.autocommit = answer.autocommit ?? this.autocommit;
    command.phase = 'answered';
    if (command.kind !== undefined) this.#wire.answered.push(command);
    if (this.#onRollback !== undefined) {
      this.#onRollback();
    } else if (this.isCut) {
      void this.#left();
    } else if (command.kind === undefined) {
      if (answer.statement !== 0) this.#prepared.set(answer.statement, command.sql);
      this.deliver();
    }
    this.#wire.onEvent();
  }

  send() {
    const { command } = this;
    if (command === undefined) return;
    command.phase = 'sent';
    // The same length. What waits for a lock goes on when the controller lets its owner go on, and not when time has passed.
    const patient = command.kind === undefined && /innodb_lock_wait_timeout = [12],/.test(command.sql);
    const { packet, sql } = command;
    if (!patient) this.#server.write(packet);
    else this.#server.write(query(sql.replace(/(innodb_lock_wait_timeout) = [12],/, '$1 = 9,')));
  }

  deliver() {
    const { command } = this;
    this.command = undefined;
    if (command !== undefined) this.#client.write(Buffer.concat(command.answer.packets));
  }

  /**
   * Answers in place of the server. A deadlock (1213) has rolled back the transaction; a statement that waited too long for a lock
   * (1205) has done nothing.
   *
   * @param {1205 | 1213} number
   */
  async refuse(number) {
    if (number === 1213) await this.#rollback();
    this.command = undefined;
    this.#client.write(errorPacket(number));
  }

  /** The server ends the connection, as it does after `maxHold`; the client learns of it by `cut()`. */
  async expire() {
    const { command } = this;
    this.isExpired = true;
    await this.#rollback();
    this.command = command;
    this.#server.destroy();
  }

  /** The client loses the connection. What the server is doing goes on to its end. */
  cut() {
    this.isCut = true;
    this.#client.destroy();
  }

  /** Rolls back as the server does when a client has gone; but before anything else happens. */
  async #left() {
    this.isCut = true;
    if (this.command?.phase === 'sent') return; // until there is an answer
    if (this.#isLoggedIn && !this.isExpired && !this.#server.destroyed) await this.#rollback();
    this.destroy();
  }

  destroy() {
    this.isCut = true;
    this.command = undefined;
    this.inTransaction = false;
    this.#onRollback?.();
    this.#client.destroy();
    this.#server.destroy();
    this.#wire.links.delete(this);
    this.#wire.onEvent();
  }

  async #rollback() {
    const answer = new Answer(QUERY);
    const packet = query('ROLLBACK');
    await new Promise((/** @type {(done: void) => void} */ resolve) => {
      this.#onRollback = resolve;
      this.command = { packet, sql: '', kind: undefined, commits: false, phase: 'sent', answer, request: undefined };
      this.#server.write(packet);
    });
    this.#onRollback = undefined;
    this.command = undefined;
  }

  /** Whether the server does a statement of the protocol, for a client that waits or for one that has gone. */
  get isSent() {
    return this.command?.kind !== undefined && this.command.phase === 'sent';
  }

  /** Whether the connection is being ended. */
  get isLeaving() {
    return this.isCut && !this.isSent;
  }
}

/**
 * @param {string} sql
 * @param {boolean} autocommit
 * @returns {Kind | undefined}
 */
function kindOf(sql, autocommit) {
  if (sql === 'ROLLBACK') return 'rollback';
  if (sql.endsWith('COMMIT')) return 'commit';
  if (!sql.includes(`\`${table}\``)) return undefined;
  if (sql.endsWith('FOR UPDATE')) return 'lock';
  if (sql.startsWith('SELECT')) return 'read';
  if (sql.startsWith('INSERT')) return 'placeholder';
  if (sql.startsWith('DELETE')) return 'remove';
  if (!autocommit) return 'write';
  return sql.includes('`data` =') ? 'replace' : 'touch';
}
