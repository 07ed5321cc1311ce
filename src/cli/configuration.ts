import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isOptions } from '../option-rules.ts';
import type { MysqlStoreOptions, Preset, SessionOptions } from '../presets/index.ts';
import type { Call, Flag } from './command.ts';
import { UsageError } from './exit-codes.ts';

/**
 * What a configuration file has as its default export. An application can import the same file:
 * `mysqlStore({ connection, ...preset.store, ...store })`, `phpSession({ store, ...preset.session, ...session })`.
 */
export interface Configuration {
  /** As for `mysqlStore()`. */
  readonly connection: MysqlStoreOptions['connection'];
  /** Default: what `recognize()` finds. */
  readonly preset?: Preset;
  /** Other options of `mysqlStore()`, which come after those of the preset. */
  readonly store?: Partial<MysqlStoreOptions>;
  /** The same of `phpSession()`. */
  readonly session?: Partial<SessionOptions>;
}

/** The flags of each command that needs a database. */
export const connectionFlags: Record<string, Flag> = {
  config: { type: 'string', value: 'FILE', says: 'the configuration (default php-session-bridge.config.js, or .mjs)' },
  connection: {
    type: 'string',
    value: 'URI',
    says: 'the database (better: PHP_SESSION_BRIDGE_CONNECTION, which others cannot see)',
  },
};

const FILES = ['php-session-bridge.config.js', 'php-session-bridge.config.mjs'];
const NAMES = ['connection', 'preset', 'store', 'session'];

/**
 * Reads the configuration. Its connection can be in a flag or in the environment, which come first.
 *
 * @throws UsageError for what is missing or wrong
 */
export async function readConfiguration({ flags, world, report }: Call): Promise<Configuration> {
  const file = await findFile(flags.config as string | undefined, world.directory);
  const configuration = file === undefined ? {} : await load(file);
  const argument = flags.connection as string | undefined;
  if (argument !== undefined && /:\/\/[^/@]*:[^/]+@/.test(argument)) {
    report.warn('a password in an argument can be seen by all users of this host: set PHP_SESSION_BRIDGE_CONNECTION');
  }
  const connection = argument ?? world.env.PHP_SESSION_BRIDGE_CONNECTION ?? configuration.connection;
  if (connection === undefined) {
    throw new UsageError(
      `which database? Set PHP_SESSION_BRIDGE_CONNECTION=mysql://user:password@host/database, or make ${FILES[0]}`,
    );
  }
  return { ...configuration, connection };
}

async function findFile(given: string | undefined, directory: string): Promise<string | undefined> {
  for (const name of given === undefined ? FILES : [given]) {
    const file = resolve(directory, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  if (given !== undefined) throw new UsageError('--config: there is no such file, or it may not be read');
  return undefined;
}

async function load(file: string): Promise<Partial<Configuration>> {
  let loaded: { default?: unknown };
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    // A message of the file's own could hold what the file holds, such as a password.
    throw new UsageError(`${file} cannot be loaded (${(error as Error).name}). Try: node ${file}`);
  }
  const configuration = loaded.default;
  if (!isOptions(configuration)) throw new UsageError(`${file} must have an object as its default export`);
  const unknown = Object.keys(configuration).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`${file}: ${unknown} is none of ${NAMES.join(', ')}`);
  return configuration;
}
