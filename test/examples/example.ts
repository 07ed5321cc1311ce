import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { type Service, startProcess } from '../../tools/services/processes.mjs';
import { Consumer, clone, run } from '../package/consumer.ts';
import { binaryTable, type Harness, startHarness, type Table } from '../php/harness.ts';

/** The table that the examples have by default. */
export const table: Table = { ...binaryTable(), name: 'session' };

/** PHP beside the example, with a database of the test file's own: all examples have the same table. */
export async function startPhp(): Promise<Harness> {
  const database = await startMariadb();
  const { host, port, user, password } = database;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  const php = await startHarness([table]).catch(async (error) => {
    await database.stop();
    throw error;
  });
  return {
    ...php,
    async stop() {
      await php.stop();
      await database.stop();
    },
  };
}

/** A page of PHP, in strict mode as the examples are. */
export async function phpPage(php: Harness, id: string, code: string): Promise<unknown> {
  const ini = { 'session.use_strict_mode': '1' };
  const { result } = await php.ask({ driver: 'pdo', table, id, ini }, `$handler->start(); ${code}`);
  return result;
}

/** An application that has installed its packages from the registry, and this one from its tarball. */
export class Example {
  readonly consumer: Consumer;
  /** A Node for frameworks that need a newer one. */
  readonly newestNode: string = process.env.PSB_NEWEST_NODE!;
  readonly port: number;
  #program: Service | undefined;

  private constructor(consumer: Consumer, port: number) {
    this.consumer = consumer;
    this.port = port;
  }

  /** @param from folder of the clone with the application, `package.json` included */
  static async install(from: string): Promise<Example> {
    const consumer = await Consumer.create();
    const example = new Example(consumer, await freePort());
    try {
      cpSync(join(clone, from), consumer.path(), { recursive: true });
      const manifest = JSON.parse(readFileSync(consumer.path('package.json'), 'utf8'));
      const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
      manifest.dependencies['php-session-bridge'] = `file:php-session-bridge-${version}.tgz`;
      consumer.write('package.json', JSON.stringify(manifest));
      const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--logs-max=0'];
      await run('npm', ['install', ...options], consumer.path());
    } catch (error) {
      consumer.remove();
      throw error;
    }
    return example;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The variables that a program of the example gets. */
  get environment(): Record<string, string> {
    const { host, port, user, password } = JSON.parse(process.env.PSB_TEST_MYSQL!);
    return {
      DATABASE: `mysql://${user}:${password}@${host}:${port}/test`,
      PORT: String(this.port),
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
    };
  }

  /** Starts a script of Node in the folder of the example, and waits until it answers. */
  async start(
    args: readonly string[],
    env: Record<string, string> = {},
    path = '/',
    node = process.execPath,
  ): Promise<void> {
    this.#program = startProcess(node, args, {
      cwd: this.consumer.path(),
      env: { ...this.environment, ...env },
      log: this.consumer.path('log'),
    });
    while (!(await fetch(this.url + path).catch(() => undefined))) {
      if (!this.#program.running()) throw new Error(this.log());
      await sleep(20);
    }
  }

  /** What the program has printed. */
  log(): string {
    return readFileSync(this.consumer.path('log'), 'utf8');
  }

  /** As a service manager ends it. @returns how it ended */
  async end(): Promise<string> {
    this.#program!.kill('SIGTERM');
    const hung = sleep(20_000, 'it did not end', { ref: false });
    return Promise.race([this.#program!.ended, hung]);
  }

  async remove(): Promise<void> {
    await this.#program?.stop(100);
    this.consumer.remove();
  }
}

/** A browser's cookies. */
export class Browser {
  id: string | undefined;

  /** No server that ends has to wait for a connection that is kept. */
  get headers(): Record<string, string> {
    return { connection: 'close', ...(this.id !== undefined && { cookie: `PHPSESSID=${this.id}` }) };
  }

  async ask(url: string, init: RequestInit = {}): Promise<{ status: number; text: string; headers: Headers }> {
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { ...this.headers, ...(init.headers as Record<string, string>) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, value] = /^PHPSESSID=([^;]*)/.exec(line) ?? [];
      if (value !== undefined) this.id = value === 'deleted' ? undefined : value;
    }
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
}
