import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';

/** What happens to one statement on its way, usually COMMIT: it never arrives, or its answer gets lost. */
export type Accident = 'lose the statement' | 'lose the answer';

/** A TCP relay before the database that counts what is said, cuts a connection at such a statement, and can go away altogether. */
export class Relay {
  /** For the next COMMIT, once. */
  accident: Accident | undefined;
  /** Whether this packet is the one that has the accident, instead of COMMIT. */
  isFateful: (packet: Buffer) => boolean = isCommit;
  /** Refuse what comes after the accident, as if the network was gone. */
  thenUnreachable = false;
  /**
   * How often clients have waited for the database: each time that one said something after the server had answered it. In a
   * network each costs the way there and back.
   */
  turns = 0;
  /** What clients have said, in the pieces in which it came; bytes, in latin1. */
  readonly said: string[] = [];

  readonly #server = createServer((client) => this.#relay(client));
  readonly #target: { host: string; port: number };
  readonly #sockets = new Set<Socket>();
  #unreachable = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  static async start(target: { host: string; port: number }): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The turns of this work alone; `said` is of it alone too, then. */
  async count(work: () => Promise<unknown>): Promise<number> {
    this.turns = 0;
    this.said.length = 0;
    await work();
    return this.turns;
  }

  reachAgain(): void {
    this.#unreachable = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(client: Socket): void {
    if (this.#unreachable) {
      client.destroy();
      return;
    }
    const server = tcpConnect(this.#target);
    let mute = false;
    let isAnswered = true; // The server speaks first.
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk) => {
        if (from === client) {
          if (isAnswered) this.turns++;
          this.said.push(chunk.toString('latin1'));
        }
        isAnswered = from === server;
        if (from === client && this.accident !== undefined && this.isFateful(chunk)) {
          const { accident } = this;
          this.accident = undefined;
          this.#unreachable = this.thenUnreachable;
          if (accident === 'lose the statement') {
            client.destroy();
            return;
          }
          mute = true;
        }
        if (from === server && mute) client.destroy();
        else to.write(chunk);
      });
    }
  }
}

/** The end of a COM_QUERY packet; before the text, MySQL has query attributes where MariaDB has none. */
function isCommit(packet: Buffer): boolean {
  return packet[4] === 3 && packet.subarray(-6).toString('latin1') === 'COMMIT';
}
