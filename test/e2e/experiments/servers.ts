import { join } from 'node:path';
import { configureHaproxy } from '../../../tools/services/haproxy.mjs';
import { program } from '../../../tools/services/packages.mjs';
import { freePort } from '../../../tools/services/ports.mjs';
import { type Service, startProcess, untilReady } from '../../../tools/services/processes.mjs';
import type { Certificate } from './certificate.ts';

export interface Database {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

export interface ServerOptions {
  name: string;
  /** The address; default 127.0.0.1. */
  host?: string;
  /** Default: a free one. */
  port?: number;
  database: Database;
  table: string;
  /** What the table's time column is, for the PHP handler; the Node store looks for itself. */
  timeType: 'int' | 'timestamp';
  /** With one: https. */
  tls?: Certificate;
  /** For logs and configuration. */
  directory: string;
}

/** A server with the counter page, alone on its address. */
export interface CounterServer {
  readonly name: string;
  readonly host: string;
  /** Of the page. */
  readonly url: string;
  /** SIGKILL to all its processes. */
  kill(): Promise<void>;
}

/** `php -S`, which knows no TLS: with `tls`, HAProxy takes that off on the same address. */
export async function startPhp(options: ServerOptions): Promise<CounterServer> {
  const { name, host = '127.0.0.1', tls, directory } = options;
  const port = options.port ?? (await freePort());
  const ownPort = tls === undefined ? port : await freePort();
  const ini = {
    auto_prepend_file: join(__dirname, 'session.php'),
    'session.use_strict_mode': 1,
    'session.sid_length': 32,
    'session.cookie_secure': tls === undefined ? 0 : 1,
    display_errors: 0,
    log_errors: 1,
  };
  const settings = Object.entries(ini).flatMap(([key, value]) => ['-d', `${key}=${value}`]);
  const pages = join(__dirname, 'pages');
  const php = await listening(options, ownPort, [
    program('php'),
    ...[...settings, '-S', `${host}:${ownPort}`, '-t', pages],
  ]);
  if (tls === undefined) return described(options, port, [php]);

  const configuration = join(directory, `${name}.cfg`);
  const command = configureHaproxy(configuration, {
    timeout: 30,
    // As in Node's and in Apache's defaults.
    defaults: '  timeout http-keep-alive 5s',
    sections: `
listen page
  bind ${host}:${port} ssl crt ${tls.both}
  server php ${host}:${ownPort}
`,
  });
  try {
    const front = await listening(options, port, command);
    return described(options, port, [front, php]);
  } catch (error) {
    await php.stop(0);
    throw error;
  }
}

export async function startNode(options: ServerOptions): Promise<CounterServer> {
  const port = options.port ?? (await freePort());
  return described(options, port, [await listening(options, port, [process.execPath, join(__dirname, 'counter.mjs')])]);
}

function described({ name, host = '127.0.0.1', tls }: ServerOptions, port: number, services: Service[]): CounterServer {
  return {
    name,
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}/counter.php`,
    async kill() {
      for (const service of services) service.kill('SIGKILL');
      await Promise.all(services.map((service) => service.ended));
    },
  };
}

/** Starts a program that finds its settings in COUNTER, and waits until it takes connections. */
async function listening(options: ServerOptions, port: number, [command, ...args]: string[]): Promise<Service> {
  const { name, host = '127.0.0.1', directory } = options;
  const log = join(directory, `${name}.log`);
  const service = startProcess(command!, args, {
    log,
    env: { COUNTER: JSON.stringify({ ...options, host, port }), PHP_CLI_SERVER_WORKERS: '8' },
  });
  await untilReady(service, { name, host, port, log, timeout: 30_000 });
  return service;
}
