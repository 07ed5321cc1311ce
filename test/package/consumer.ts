import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';

export const clone = join(__dirname, '..', '..');

/**
 * An application that has installed the package from its tarball. It lies outside the clone, whose node_modules it
 * would find otherwise: so there is no Koa, mysql2 or @types/node unless a test puts it there.
 */
export class Consumer {
  readonly #directory: { path: string; remove(): void };

  private constructor(directory: { path: string; remove(): void }) {
    this.#directory = directory;
  }

  static async create(): Promise<Consumer> {
    const consumer = new Consumer(temporaryDirectory('consumer'));
    try {
      // Builds dist/ first, if src/ has changed since (the script `prepack`).
      const pack = ['pack', '--pack-destination', consumer.path(), '--cache', consumer.path('npm'), '--logs-max=0'];
      await run('npm', pack, clone);
      const [tarball] = readdirSync(consumer.path()).filter((name) => name.endsWith('.tgz'));
      mkdirSync(consumer.package, { recursive: true });
      await run('tar', ['-xzf', tarball!, '--strip-components=1', '-C', consumer.package], consumer.path());
    } catch (error) {
      consumer.remove();
      throw error;
    }
    return consumer;
  }

  path(...parts: string[]): string {
    return join(this.#directory.path, ...parts);
  }

  /** Where the package is installed. */
  get package(): string {
    return this.path('node_modules', 'php-session-bridge');
  }

  /** Installs packages that the clone has. */
  install(...names: string[]): void {
    for (const name of names) {
      const place = this.path('node_modules', name);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(clone, 'node_modules', name), place);
    }
  }

  /** Installs packages from the registry, as `name@version` or `name@npm:package@version`, which the clone may have in another one. */
  async fetch(...packages: string[]): Promise<void> {
    this.write('fetched/package.json', '{}');
    const options = ['--prefix', this.path('fetched'), '--cache', this.path('npm'), '--logs-max=0'];
    await run('npm', ['install', ...options, '--no-audit', '--no-fund', '--no-package-lock', ...packages], this.path());
    for (const each of packages) {
      const name = each.slice(0, each.indexOf('@', 1));
      symlinkSync(this.path('fetched', 'node_modules', name), this.path('node_modules', name));
    }
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a program of this directory as if it was one of the application's, and fails as it does. */
  async program(file: string, ...options: string[]): Promise<void> {
    copyFileSync(join(__dirname, file), this.path(basename(file)));
    await run(process.execPath, [...options, basename(file)], this.path());
  }

  remove(): void {
    this.#directory.remove();
  }
}

/**
 * @returns what it printed
 * @throws Error with all that it printed, if it fails
 */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: 200_000, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${basename(command)} ${args.join(' ')} failed\n${stdout}${stderr}`);
  }
}

export interface Manifest {
  name: string;
  types: string;
  typesVersions: { '*': Record<string, string[]> };
  exports: Record<string, string | Record<'module-sync' | 'import' | 'default', { types: string; default: string }>>;
}
