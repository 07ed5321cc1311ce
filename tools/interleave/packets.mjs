// The part of the protocol of MySQL and MariaDB that shows where a command and its answer begin and end.

/** Commands, by their first byte. */
export const QUIT = 0x01;
export const QUERY = 0x03;
export const PREPARE = 0x16;
export const EXECUTE = 0x17;
export const CLOSE_STATEMENT = 0x19;
export const SET_OPTION = 0x1b;

/** Flags of the server's status. */
const IN_TRANSACTION = 0x0001;
const AUTOCOMMIT = 0x0002;
const MORE_RESULTS = 0x0008;

const OK = 0x00;
const ERROR = 0xff;
const END = 0xfe;

/** Cuts a stream of bytes into packets, each with its header of four bytes. */
export class Packets {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /**
   * @param {Buffer} chunk
   * @returns {Buffer[]} the packets that are complete
   */
  take(chunk) {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const packets = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUIntLE(0, 3)) {
      const end = 4 + this.#rest.readUIntLE(0, 3);
      packets.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return packets;
  }
}

/** What the server says to one command. */
export class Answer {
  /** @type {Buffer[]} */
  packets = [];
  isComplete = false;
  /** The number of the server's error, if it is one. */
  error = 0;
  /** Of a prepared statement. */
  statement = 0;
  /** How many rows the first statement changed, or matched. @type {number | undefined} */
  affected;
  /** Whether the connection is in a transaction after it; `undefined` if the answer does not say so. @type {boolean | undefined} */
  inTransaction;
  /** @type {boolean | undefined} */
  autocommit;
  /** @type {'first' | 'columns' | 'rows' | 'prepared'} */
  #state = 'first';
  #command;
  #left = 0;

  /** @param {number} command */
  constructor(command) {
    this.#command = command;
  }

  /** @param {Buffer} packet the next one */
  take(packet) {
    this.packets.push(packet);
    const body = packet.subarray(4);
    if (this.#state === 'prepared') {
      this.isComplete = --this.#left === 0;
    } else if (body[0] === ERROR) {
      this.error = body.readUInt16LE(1);
      this.isComplete = true;
    } else if (this.#state !== 'first') {
      if (body[0] !== END || body.length >= 9) return;
      if (this.#state === 'columns') this.#state = 'rows';
      else this.#end(body.readUInt16LE(3));
    } else if (this.#command === SET_OPTION && body[0] === END) {
      this.#end(body.readUInt16LE(3)); // mysqli allows several statements in a text
    } else if (body[0] !== OK) {
      this.#state = 'columns';
    } else if (this.#command === PREPARE) {
      this.statement = body.readUInt32LE(1);
      // Of each list the members, and a packet that ends it.
      for (const many of [body.readUInt16LE(5), body.readUInt16LE(7)]) this.#left += many === 0 ? 0 : many + 1;
      this.#state = 'prepared';
      this.isComplete = this.#left === 0;
    } else {
      this.affected ??= body[1] ?? 0; // never as many that it takes more than a byte
      // Affected rows and the last id, both of one or more bytes, stand before it.
      this.#end(body.readUInt16LE(afterNumber(body, afterNumber(body, 1))));
    }
  }

  /** @param {number} status */
  #end(status) {
    this.#state = 'first';
    this.inTransaction = (status & IN_TRANSACTION) !== 0;
    this.autocommit = (status & AUTOCOMMIT) !== 0;
    this.isComplete = (status & MORE_RESULTS) === 0;
  }
}

/**
 * @param {Buffer} body
 * @param {number} at where a number of one or more bytes begins
 * @returns {number} where it ends
 */
function afterNumber(body, at) {
  const bytes = { 252: 3, 253: 4, 254: 9 }[body[at] ?? 0];
  return at + (bytes ?? 1);
}

/**
 * @param {string} sql
 * @param {boolean} hasAttributes whether the connection has CLIENT_QUERY_ATTRIBUTES: then their number (0) and that of their sets (1)
 *   come first
 * @returns {Buffer} the command that sends it
 */
export function query(sql, hasAttributes) {
  return framed(0, Buffer.concat([Buffer.from(hasAttributes ? [QUERY, 0, 1] : [QUERY]), Buffer.from(sql)]));
}

/**
 * @param {1205 | 1213} number
 * @returns {Buffer} the answer to a command that failed with it
 */
export function errorPacket(number) {
  const state = number === 1213 ? '#40001' : '#HY000';
  const head = Buffer.from([ERROR, number & 0xff, number >> 8]);
  return framed(1, Buffer.concat([head, Buffer.from(`${state}said by the checker`)]));
}

/**
 * @param {number} sequence
 * @param {Buffer} body
 */
function framed(sequence, body) {
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, body]);
}
