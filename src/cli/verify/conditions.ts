import { encodeSession } from '../../codec/index.ts';
import { unpack } from '../../stores/encoding.ts';
import { serverName } from '../../stores/mysql/connection-options.ts';
import { VERSION } from '../../stores/mysql/version.ts';
import type { SessionTable } from '../session-table.ts';
import { differsAt } from './rewrite.ts';

/** What the result of a run depends on. Two runs of which one differs are no parts of one result. */
export interface Conditions {
  /** By what users call them. None is a secret, so that a message may show them. */
  readonly named: Readonly<Record<string, string>>;
  /** A session as the encoding packs it, in Base64: only with the same key can it be unpacked. `null` where rows are not packed. */
  readonly packed: string | null;
}

/** @param php which PHP is asked about which rows, in words */
export function conditionsOf(table: SessionTable, php: string, reveals: boolean): Conditions {
  const { settings, codec, place, definition } = table;
  const { format = 'php', serializePrecision, phpVersion, maxBytes, maxDepth, maxElements } = codec;
  const { encoding, columns, phpCharset } = settings;
  return {
    named: {
      'the server': serverName(settings.connections[0]!),
      '--table': `${definition.database}.${settings.table.name}`,
      '--preset': place.preset?.name ?? 'none',
      columns: `${columns.id}, ${columns.data}`,
      phpCharset,
      encoding: encoding?.name ?? 'none',
      serializeHandler: typeof format === 'string' ? format : format.name,
      serializePrecision: String(serializePrecision ?? -1),
      phpVersion: given(phpVersion),
      ...{ maxBytes: given(maxBytes), maxDepth: given(maxDepth), maxElements: given(maxElements) },
      '--php': php,
      '--reveal': reveals ? 'given' : 'not given',
      'the version of php-session-bridge': VERSION,
    },
    packed: encoding === undefined ? null : Buffer.from(encoding.encode(sample(table))).toString('base64'),
  };
}

const given = (option: string | number | undefined): string => (option === undefined ? 'not given' : String(option));

/** @returns in words what differs; nothing where both are parts of one result */
export function differences(before: Conditions, now: Conditions, table: SessionTable): string[] {
  const differing = Object.entries(now.named).flatMap(([name, value]) =>
    before.named[name] === value ? [] : [`${name} was ${before.named[name]}, and is ${value}`],
  );
  const { encoding } = table.settings;
  const isPacked = differing.length === 0 && encoding !== undefined && before.packed !== null;
  if (!isPacked || isOurs(before.packed!, table)) return differing;
  return [`the key of ${encoding.name} was another one`];
}

function isOurs(packed: string, table: SessionTable): boolean {
  const { data, unreadable } = unpack(table.settings.encoding!, Buffer.from(packed, 'base64'));
  return unreadable === undefined && differsAt(data, sample(table)) < 0;
}

/** Of no visitor. */
const sample = ({ codec }: SessionTable): Uint8Array => encodeSession({ n: 1 }, codec);
