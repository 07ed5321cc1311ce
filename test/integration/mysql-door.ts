import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

/**
 * One more address of a database server, which can be taken away in the ways in which servers go: as if the process had
 * died, or as if machine or network had. Several of them before one server are like the SQL nodes of one cluster.
 */
export class Door {
  /** How many connections came, since the start. */
  arrivals = 0;

  readonly #target: { host: string; port: number };
  readonly #server: Server;
  readonly #clients = new Map<Socket, Socket>();
  readonly #all = new Set<Socket>();
  #port = 0;
  #isFrozen = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#relay(client));
  }

  static async open(target: { host: string; port: number }): Promise<Door> {
    const door = new Door(target);
    door.#server.listen(0, '127.0.0.1');
    await once(door.#server, 'listening');
    door.#port = (door.#server.address() as AddressInfo).port;
    return door;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#clients.size;
  }

  /** What the server calls them (HOST in its process list). */
  get names(): string[] {
    return [...this.#clients.values()].map(({ localAddress, localPort }) => `${localAddress}:${localPort}`);
  }

  /** As if the process had been killed: connections are reset, new ones refused. */
  async kill(): Promise<void> {
    this.#server.close();
    for (const socket of this.#all) socket.resetAndDestroy();
    await once(this.#server, 'close');
  }

  /** As if the machine had lost power, or a cable: nothing comes back, not even that a connection has ended. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#all) socket.pause();
  }

  /** After `kill()` or `freeze()`. */
  async reopen(): Promise<void> {
    this.#isFrozen = false;
    for (const socket of this.#all) socket.resume();
    // Connections whose other end has gone.
    for (const [client, server] of this.#clients) if (server.destroyed) client.destroy();
    if (this.#server.listening) return;
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.kill();
    for (const socket of this.#all) socket.destroy();
  }

  #relay(client: Socket): void {
    this.arrivals++;
    const server = tcpConnect(this.#target);
    this.#clients.set(client, server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#all.add(from);
      from.on('error', () => undefined);
      from.on('data', (chunk) => to.write(chunk));
      from.on('close', () => {
        this.#all.delete(from);
        this.#clients.delete(from);
        if (!this.#isFrozen) to.destroy();
      });
      if (this.#isFrozen) from.pause();
    }
  }
}
