import { PhpSessionError } from '../../errors.ts';
import { type OptionRules, readByRules, wholeNumber } from '../../option-rules.ts';
import { Deadline, DeadlineExpired } from '../deadline.ts';
import { unpackAll } from '../encoding.ts';
import { type Facts, readFacts } from './check-facts.ts';
import { errorsFirst, type Finding } from './check-finding.ts';
import { checkServer } from './check-server-rules.ts';
import { checkDefinition, type Statement } from './check-table-rules.ts';
import { Connection } from './connection.ts';
import { type MysqlConnectionOptions, serverNames } from './connection-options.ts';
import { assertDriver } from './driver.ts';
import { isForeign } from './errors.ts';
import { type MysqlStoreOptions, readOptions, type Settings } from './options.ts';
import { describeZone } from './time-zone.ts';

export interface StoreCheckOptions extends MysqlStoreOptions {
  /** How many processes have such a store, on all hosts together. Default 1. */
  processes?: number;
  /** PHP's `session.sid_length`: characters of the ids that it gives out. Default 32, as in PHP. */
  sidLength?: number;
}

/** The options that are not the store's. */
type OwnOptions = Pick<StoreCheckOptions, 'processes' | 'sidLength'>;

const rules: OptionRules<OwnOptions> = {
  processes: { default: 1, ...wholeNumber(1, 1_000_000) },
  sidLength: { ini: 'session.sid_length', default: 32, ...wholeNumber(1, 256) },
};

/** What the rows of a table hold that no session format of PHP fits, in words; `undefined` when there is nothing to say. */
export type NameEncoding = (rows: readonly Uint8Array[]) => string | undefined;

/** `checkTable()`, but for what only the codec knows. */
export async function check(options: StoreCheckOptions, nameEncoding: NameEncoding): Promise<Finding[]> {
  assertDriver();
  const { processes: given, sidLength: length, ...store } = options;
  const own = { processes: given, sidLength: length } as OwnOptions;
  const { processes, sidLength } = readByRules(rules, own, 'checkTable()') as Required<OwnOptions>;
  const settings = readOptions(store);
  const findings = new Map<string, Finding>();
  const zones = new Map<string, string[]>();
  for (const endpoint of settings.connections) {
    const facts = await readFrom(endpoint, settings);
    if (typeof facts === 'object' && facts.definition?.time?.type === 'datetime') {
      const zone = describeZone(facts.definition.zone);
      zones.set(zone, [...(zones.get(zone) ?? []), serverNames([endpoint])]);
    }
    const statements =
      typeof facts === 'string'
        ? [unreachable(facts)]
        : [
            ...checkDefinition(facts, settings.row.keyOf('0'.repeat(sidLength)).length),
            ...checkSessions(facts, nameEncoding),
            ...checkServer(facts, processes * connectionsOf(settings)),
          ];
    for (const statement of statements) {
      // Most is the same on all servers.
      const key = JSON.stringify(statement);
      const servers = [...(findings.get(key)?.servers ?? []), serverNames([endpoint])];
      findings.set(key, { ...statement, servers });
    }
  }
  return errorsFirst([...findings.values(), ...otherZones(zones)]);
}

function checkSessions({ settings, sessions = [] }: Facts, nameEncoding: NameEncoding): Statement[] {
  const { encoding, table } = settings;
  const unpacked = encoding === undefined ? sessions : unpackAll(encoding, sessions);
  const isOther = unpacked.length === 0 && sessions.length > 0;
  const found = isOther ? `not in ${encoding!.name}` : nameEncoding(unpacked);
  if (found === undefined) return [];
  const message = `${table.name}: what the rows hold is ${found}`;
  return [{ code: 'data-encoding', severity: 'error', message, sql: [] }];
}

/** @param zones servers by the zone of their connections */
function otherZones(zones: ReadonlyMap<string, readonly string[]>): Finding[] {
  if (zones.size < 2) return [];
  const list = [...zones].map(([zone, servers]) => `${zone} on ${servers.join(', ')}`).join('; ');
  return [
    {
      code: 'time-zone-servers',
      severity: 'warning',
      servers: [...zones.values()].flat(),
      message: `the servers have different time zones, so NOW() in a DATETIME, and SYSTEM, depend on the server: ${list}`,
      sql: [],
    },
  ];
}

const unreachable = (why: string): Statement => ({
  code: 'server-unreachable',
  severity: 'error',
  message: `the server cannot be asked (${why})`,
  sql: [],
});

/** @returns the code of the error when the connection cannot be made, or breaks */
async function readFrom(endpoint: MysqlConnectionOptions, settings: Settings): Promise<Facts | string> {
  const connection = new Connection(endpoint, settings, { autocommit: true });
  try {
    return await readFacts(settings, connection, new Deadline(settings.timeout));
  } catch (error) {
    if (error instanceof PhpSessionError || isForeign(error)) throw error;
    return error instanceof DeadlineExpired ? 'no answer in time' : String((error as { code?: unknown }).code);
  } finally {
    await connection.end();
  }
}

/** Connections to one server that a store may have: for locks, for single statements, and to watch several servers. */
function connectionsOf({ connectionLimit, connections }: Settings): number {
  return 3 * connectionLimit + (connections.length > 1 ? 1 : 0);
}
