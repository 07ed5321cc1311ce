import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';

/** What happens to one COMMIT on its way: it never arrives, or its answer gets lost. */
export type Accident = 'lose the statement' | 'lose the answer';

/** A TCP relay before the database that cuts a connection at COMMIT, and can go away altogether. */
export class LossyRelay {
  /** For the next COMMIT, once. */
  accident: Accident | undefined;
  /** Refuse what comes after the accident, as if the network was gone. */
  thenUnreachable = false;
  /** How often a client has sent something: statements, as long as one waits for the answer to the one before. */
  turns = 0;

  readonly #server = createServer((client) => this.#relay(client));
  readonly #target: { host: string; port: number };
  readonly #sockets = new Set<Socket>();
  #unreachable = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  static async start(target: { host: string; port: number }): Promise<LossyRelay> {
    const relay = new LossyRelay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
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
        if (from === client) this.turns++;
        if (from === client && this.accident !== undefined && isCommit(chunk)) {
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
