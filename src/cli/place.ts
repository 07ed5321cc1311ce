import { randomBytes } from 'node:crypto';
import { msgpack } from '../codec/msgpack/index.ts';
import { igbinary } from '../igbinary.ts';
import type { MysqlStoreOptions, Preset, SessionOptions } from '../presets/index.ts';
import { type Recognition, recognize } from '../recognize.ts';
import type { Call, Flag } from './command.ts';
import { type Configuration, connectionFlags, readConfiguration } from './configuration.ts';
import { UsageError } from './exit-codes.ts';
import { loadPresets } from './load-presets.ts';
import type { World } from './world.ts';

/** Where the sessions are, and what they are like. */
export interface Place {
  readonly store: MysqlStoreOptions;
  readonly session: Partial<SessionOptions>;
  readonly preset?: Preset;
}

/** The flags of each command that needs a session table. */
export const placeFlags: Record<string, Flag> = {
  ...connectionFlags,
  preset: {
    type: 'string',
    value: 'NAME',
    says: 'the application (default: that of the configuration, or what is recognized)',
  },
  table: { type: 'string', value: 'NAME', says: 'the session table (default: that of the application)' },
};

/** What is known of the application. */
interface Application {
  readonly preset?: Preset;
  readonly store?: object;
  readonly session?: object;
}

/**
 * Finds out where the sessions are and what they are like. Where neither a flag nor the configuration says which application it is, the database is asked.
 *
 * @throws UsageError for what is missing or wrong
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE`, where the database is asked and does not answer
 */
export async function readPlace(call: Call): Promise<Place> {
  const configuration = await readConfiguration(call);
  const table = call.flags.table as string | undefined;
  const { connection, session } = configuration;
  const store = { ...configuration.store, ...(table !== undefined && { table }) };
  const { preset, ...found } = await findApplication(call, { ...configuration, store });
  return {
    // Tools collect no old sessions beside what they do.
    store: { ...preset?.store, ...found.store, ...store, connection, gcInterval: 0 },
    session: { ...preset?.session, ...found.session, ...session },
    ...(preset && { preset }),
  };
}

async function findApplication(
  { flags, world, report }: Call,
  { connection, preset, store }: Configuration,
): Promise<Application> {
  const name = flags.preset as string | undefined;
  if (name !== undefined) return { preset: await makePreset(name, {}) };
  if (preset !== undefined) return { preset };
  const found = (await recognize({ connection })).filter(
    ({ code, table }) => code !== '' && (store?.table === undefined || store.table === table),
  );
  const [only, ...others] = found;
  if (only === undefined) return {};
  if (others.length > 0) {
    const tables = found.map(({ table, application }) => `${table} (${application})`).join(', ');
    throw new UsageError(`several tables have sessions: ${tables}. Choose one with --table`);
  }
  const certainty = only.certainty === 'sure' ? '' : ', as it seems';
  report.note(`${only.table}: ${only.application}${certainty}. A configuration can say another one.`);
  return recognized(only, world);
}

/** @throws UsageError where the environment has to say something that the rows do not show */
async function recognized(
  { table, preset, options, store, session, encoding, unknown }: Recognition,
  { env }: World,
): Promise<Application> {
  const isEncrypted = encoding === "Laravel's encryption";
  const given: Record<string, Record<string, unknown>> = { preset: {}, store: {}, session: {} };
  for (const { option, of, env: variable, where, needed, isNumber } of unknown) {
    if (!needed || variable === undefined) continue;
    const value = env[variable] ?? (of === 'preset' && !isEncrypted ? standIn(option) : undefined);
    if (value === undefined) throw new UsageError(`${table}: set ${variable} to ${where}`);
    const [name, inner] = option.split('.') as [string, string?];
    const read = isNumber ? Number(value) : value;
    given[of]![name] = inner === undefined ? read : { [inner]: read };
  }
  return {
    ...(preset && { preset: await makePreset(preset, { ...options, ...given.preset }) }),
    store: { table, ...store, ...given.store },
    session: { ...session, ...formatOf(session.serializeHandler), ...given.session },
  };
}

/** For options of a preset by which it reads cookies. Tools read rows alone. */
const standIn = (option: string): string =>
  option === 'key' ? `base64:${randomBytes(32).toString('base64')}` : 'unknown';

function formatOf(name: unknown): Partial<SessionOptions> {
  if (name === 'igbinary') return { serializeHandler: igbinary };
  return name === 'msgpack' ? { serializeHandler: msgpack() } : {};
}

/** @throws UsageError */
async function makePreset(name: string, options: object): Promise<Preset> {
  const presets = await loadPresets();
  const make = presets.get(name);
  if (make === undefined) throw new UsageError(`--preset must be one of ${[...presets.keys()].join(', ')}`);
  try {
    return make(options);
  } catch (error) {
    throw new UsageError(`${name}(): ${(error as Error).message}. Make the preset in a configuration file`);
  }
}
