import { once } from 'node:events';
import { createServer, connect as tcpConnect } from 'node:net';
import { Answer, CLOSE_STATEMENT, EXECUTE, errorPacket, Packets, PREPARE, QUERY, QUIT, query } from './packets.mjs';

/** The names of the session tables, by what holds their data: a statement that has one is one of the store's protocol. */
export const tables = { bytes: 'interleave', text: 'interleave_text' };

/**
 * @typedef {'read' | 'lock' | 'placeholder' | 'touch' | 'replace' | 'remove' | 'write' | 'commit' | 'rollback' | 'name' | 'unname'} Kind
 *   `touch` and `replace` commit themselves, `commit` is a text with COMMIT at its end, `name` takes a named lock
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

/** All connections of one actor. Each statement waits until the controller decides about it. */
export class Wire {
  /** @type {Set<Link>} */
  links = new Set();
  /** What the actor does just now; statements that come belong to it. @type {unknown} */
  request;
  /** Statements that the server has answered since the controller looked. @type {Command[]} */
  answered = [];
  #server = createServer((client) => this.links.add(new Link(this, client)));
  /** Is called when a statement or an answer has come, or a connection has gone. @type {() => void} */
  onEvent = () => undefined;
  /** The wire of the actor that uses the connection from this port, where several actors share connections. @type {(port?: number) => Wire} */
  ownerOf = () => this;
  target;
  undoesAll;

  /**
   * @param {{ host: string, port: number }} target
   * @param {{ undoesAll?: boolean }} [engine] `undoesAll`: after any error the transaction is rolled back, as on NDB
   */
  constructor(target, { undoesAll = false } = {}) {
    this.target = target;
    this.undoesAll = undoesAll;
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
  /** It has a named lock, or has asked for one. */
  hasName = false;
  autocommit = true;
  /** The server has rolled back and ended the connection; its client does not know this yet. */
  isExpired = false;
  /** Its client has gone. */
  isCut = false;
  #wire;
  #client;
  #server;
  #fromClient = new Packets();
  #fromServer = new Packets();
  #isLoggedIn = false;
  #hasAttributes = false;
  /** @type {Map<number, string>} */
  #prepared = new Map();
  /** Told of the answer to a statement of our own. @type {(() => void) | undefined} */
  #onAnswer;
  /** Whether the client has gone and the connection to the server is being closed. */
  #isEnding = false;

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
    if (code === QUIT) {
      void this.#left(); // The server would roll back some time later.
      return;
    }
    if (!this.#isLoggedIn || code === CLOSE_STATEMENT) {
      this.#server.write(packet);
      return;
    }
    let sql = '';
    if (code === QUERY) sql = packet.subarray(this.#textAt(packet)).toString('latin1');
    else if (code === PREPARE) sql = packet.subarray(5).toString('latin1');
    else if (code === EXECUTE) sql = this.#prepared.get(packet.readUInt32LE(5)) ?? '';
    const kind = code === PREPARE ? undefined : kindOf(sql, this.autocommit && !this.inTransaction);
    const commits = kind === 'commit' || kind === 'touch' || kind === 'replace';
    this.#moveTo(this.#wire.ownerOf(this.#client.remotePort));
    if (kind !== undefined && this.#wire.waiting !== undefined) throw new Error('an actor says two things at once');
    const answer = new Answer(code);
    this.command = { packet, sql, kind, commits, phase: 'held', answer, request: this.#wire.request };
    if (kind === undefined) this.send();
    else this.#wire.onEvent();
  }

  /** @param {Wire} wire */
  #moveTo(wire) {
    this.#wire.links.delete(this);
    this.#wire = wire;
    wire.links.add(this);
  }

  /**
   * On MySQL there are attributes before the text, here always none.
   *
   * @param {Buffer} packet of a query
   */
  #textAt(packet) {
    this.#hasAttributes = packet[5] === 0;
    return this.#hasAttributes ? 7 : 5;
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
    // An error does not say it. The server has rolled back at a deadlock, or when another node of Galera was first.
    const isUndone = answer.error === 1213 || (answer.error !== 0 && this.#wire.undoesAll);
    this.inTransaction = answer.inTransaction ?? (this.inTransaction && !isUndone);
    this.autocommit = answer.autocommit ?? this.autocommit;
    if (command.kind === 'unname' && answer.error === 0) this.hasName = false;
    command.phase = 'answered';
    // On Galera it can be the preparation of a statement that gets the error that the transaction is gone.
    const isOurs = command.request === undefined;
    if (command.kind !== undefined || (answer.error !== 0 && !isOurs)) this.#wire.answered.push(command);
    if (this.#onAnswer !== undefined) {
      this.#onAnswer();
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
    if (command.kind === 'name') this.hasName = true;
    this.#server.write(patient(command.packet));
  }

  deliver() {
    const { command } = this;
    this.command = undefined;
    if (command !== undefined) this.#client.write(Buffer.concat(command.answer.packets));
  }

  /**
   * Answers in place of the server. A deadlock (1213) has rolled back the transaction; a statement that waited too long for a lock
   * (1205) has done nothing, or has rolled back too, as the engine does it.
   *
   * @param {1205 | 1213} number
   */
  async refuse(number) {
    if (number === 1213 || this.#wire.undoesAll) await this.#rollback();
    this.command = undefined;
    this.#client.write(errorPacket(number));
  }

  /** The server ends the connection, as it does after `maxHold`; the client learns of it by `cut()`. */
  async expire() {
    const { command } = this;
    this.isExpired = true;
    await this.#giveUp();
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
    if (this.#isEnding || this.command?.phase === 'sent') return; // until there is an answer
    this.#isEnding = true;
    if (this.#isLoggedIn && !this.isExpired && !this.#server.destroyed) await this.#giveUp();
    this.destroy();
  }

  destroy() {
    this.isCut = true;
    this.command = undefined;
    this.inTransaction = false;
    this.hasName = false;
    this.#onAnswer?.();
    this.#client.destroy();
    this.#server.destroy();
    this.#wire.links.delete(this);
    this.#wire.onEvent();
  }

  async #giveUp() {
    await this.#rollback();
    if (this.hasName) await this.#ask('DO RELEASE_ALL_LOCKS()');
    this.hasName = false;
  }

  #rollback() {
    return this.#ask('ROLLBACK');
  }

  /** @param {string} sql gives no rows */
  async #ask(sql) {
    const answer = new Answer(QUERY);
    const packet = query(sql, this.#hasAttributes);
    await new Promise((/** @type {(done: void) => void} */ resolve) => {
      this.#onAnswer = resolve;
      this.command = { packet, sql: '', kind: undefined, commits: false, phase: 'sent', answer, request: undefined };
      this.#server.write(packet);
    });
    this.#onAnswer = undefined;
    this.command = undefined;
  }

  /** Whether the server does a statement of the protocol, for a client that waits or for one that has gone. */
  get isSent() {
    return this.command?.kind !== undefined && this.command.phase === 'sent';
  }

  /** Whether others may wait for it. */
  get isOwner() {
    return this.inTransaction || this.hasName;
  }

  /** Whether the connection is being ended. */
  get isLeaving() {
    return this.isCut && !this.isSent;
  }
}

/**
 * What waits for a lock goes on when the controller lets its owner go on, and not when time has passed.
 *
 * @param {Buffer} packet
 * @returns {Buffer} of the same length
 */
function patient(packet) {
  const before = ['innodb_lock_wait_timeout = ', 'GET_LOCK(?, '].find((text) => packet.includes(text));
  if (before === undefined) return packet;
  const copy = Buffer.from(packet);
  copy.write('9', packet.indexOf(before) + before.length);
  return copy;
}

/**
 * @param {string} sql
 * @param {boolean} isAlone whether it commits itself: there is no transaction
 * @returns {Kind | undefined}
 */
function kindOf(sql, isAlone) {
  if (sql === 'ROLLBACK') return 'rollback';
  if (/SELECT [^;]*; COMMIT$/.test(sql)) return 'read'; // of PHP's lock 'merge'
  if (sql.endsWith('COMMIT')) return 'commit';
  if (sql.includes('GET_LOCK(')) return 'name';
  if (sql.includes('RELEASE_LOCK(')) return 'unname';
  if (!Object.values(tables).some((table) => sql.includes(`\`${table}\``))) return undefined;
  if (sql.endsWith('FOR UPDATE')) return 'lock';
  if (sql.startsWith('SELECT')) return 'read';
  if (sql.startsWith('INSERT')) return 'placeholder';
  if (sql.startsWith('DELETE')) return 'remove';
  if (!isAlone) return 'write';
  return sql.includes('`data` =') ? 'replace' : 'touch';
}
