import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Endpoint } from '../../tools/services/engines.mjs';
import { type Service, startProcess } from '../../tools/services/processes.mjs';

/** A way to a server that can lose packets without an error on either side. */
export interface Network {
  /** `network namespace`, or what takes its place. */
  kind: string;
  /** Where a program finds the server. */
  server: Endpoint;
  /** What to put before the command of a program that shall use this network. */
  command: string[];
  /** From now on nothing arrives on either side. */
  drop(): void;
  /** From now on everything does, also what is sent again. */
  pass(): void;
  stop(): Promise<void>;
}

/**
 * A network of its own in the kernel: a namespace that is joined to ours by a pair of virtual interfaces. Packets get
 * lost when one of them is down. The servers listen on loopback only, so a relay on our side carries on what arrives.
 *
 * Who may not make namespaces gets a relay that reads no more, and closes nothing: the server sees the same silence, and only
 * the other side's kernel can tell, as what it sends is acknowledged.
 */
export async function startNetwork(server: Endpoint): Promise<Network> {
  const namespace = await makeNamespace();
  const relay = await startRelay(server, namespace?.address ?? '127.0.0.1');
  const stop = async () => {
    await relay.stop();
    await namespace?.stop();
  };
  const common = { server: { ...server, ...relay.at } as Endpoint, stop };
  if (namespace === undefined) {
    return { kind: 'relay that forwards nothing', command: [], drop: relay.drop, pass: relay.pass, ...common };
  }
  const { command, drop, pass } = namespace;
  return { kind: 'network namespace', command, drop, pass, ...common };
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

async function makeNamespace() {
  if (process.getuid?.() !== 0) return undefined;
  // It exists as long as this process, which ends with us.
  const keeper: Service = startProcess('unshare', ['--net', 'sleep', 'infinity'], { log: '/dev/null' });
  const inside = ['nsenter', '--net', '--target', String(keeper.pid)];
  const name = `psb${keeper.pid}`;
  const [high, low] = [(keeper.pid >> 6) & 255, (keeper.pid & 63) * 4];
  const [ours, theirs] = [`198.18.${high}.${low + 1}`, `198.18.${high}.${low + 2}`]; // RFC 2544: for tests
  try {
    while (
      execFileSync('readlink', [`/proc/${keeper.pid}/ns/net`]).equals(execFileSync('readlink', ['/proc/self/ns/net']))
    ) {
      if (!keeper.running()) throw new Error('unshare has ended');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'inside', 'netns', String(keeper.pid));
    ip('addr', 'add', `${ours}/30`, 'dev', name);
    ip('link', 'set', name, 'up');
    execFileSync(inside[0]!, [...inside.slice(1), 'ip', 'addr', 'add', `${theirs}/30`, 'dev', 'inside']);
    execFileSync(inside[0]!, [...inside.slice(1), 'ip', 'link', 'set', 'inside', 'up']);
  } catch {
    await keeper.stop(0);
    return undefined; // The kernel has no such thing, or we may not.
  }
  return {
    address: ours,
    command: inside,
    drop: () => void ip('link', 'set', name, 'down'),
    pass: () => void ip('link', 'set', name, 'up'),
    async stop() {
      ip('link', 'del', name); // Connections that are being closed inside would keep it for minutes.
      await keeper.stop(0);
    },
  };
}

async function startRelay(server: Endpoint, host: string) {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const onward = connect(server.port, server.host);
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay();
      from.on('error', () => undefined);
      from.on('data', (chunk) => to.write(chunk));
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  listener.listen(0, host);
  await once(listener, 'listening');
  const all = (what: 'pause' | 'resume') => () => {
    for (const socket of sockets) socket[what]();
  };
  return {
    at: { host, port: (listener.address() as AddressInfo).port },
    drop: all('pause'),
    pass: all('resume'),
    async stop() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
