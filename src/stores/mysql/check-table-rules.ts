import type { Facts } from './check-facts.ts';
import type { Finding, FindingCode, Severity } from './check-finding.ts';
import {
  accountOf,
  createTable,
  engineOf,
  mendData,
  mendId,
  mendTime,
  type TableFacts,
  tableOf,
} from './check-mend.ts';
import { giveDefault } from './new-row.ts';
import { demandingColumns, holdsDates, holdsText, type Requirement, unmet } from './schema.ts';
import { describeZone, type Offsets, zoneOf } from './time-zone.ts';

/** One line of the table of rules: a finding, whenever `when` holds. */
export interface Rule<F extends Facts> {
  readonly code: FindingCode;
  readonly severity: Severity;
  when(facts: F): boolean;
  means(facts: F): string;
  /** The statements that mend it; left out where no SQL can. */
  mend?(facts: F): string[];
}

/** What a rule says; which server it was, the caller knows. */
export type Statement = Omit<Finding, 'servers'>;

export function apply<F extends Facts>(rules: readonly Rule<F>[], facts: F): Statement[] {
  return rules
    .filter((rule) => rule.when(facts))
    .map((rule) => ({
      code: rule.code,
      severity: rule.severity,
      message: rule.means(facts),
      sql: rule.mend?.(facts) ?? [],
    }));
}

export function checkSchema(facts: Facts, sidLength: number): Statement[] {
  const { schema } = facts;
  if (schema === undefined) return [];
  const { settings } = facts;
  const isUnmet = (code: Requirement) => unmet(code, schema, settings) !== undefined;
  const requirement = (code: Requirement, sql: string[]): Statement => {
    return { code, severity: 'error', message: `${settings.table.name}: ${unmet(code, schema, settings)}`, sql };
  };
  // Without the table or its columns there is nothing to say about them.
  if (isUnmet('table-missing')) return [requirement('table-missing', createTable(facts))];
  const { id, data, time } = schema;
  if (isUnmet('column-missing') || id === undefined || data === undefined || time === undefined) {
    const { quoted } = settings;
    const addTime = `ALTER TABLE ${tableOf(facts)} ADD COLUMN ${quoted.time} TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, ADD KEY (${quoted.time})`;
    return [requirement('column-missing', time === undefined && id && data ? [addTime] : [])];
  }
  const table: TableFacts = { ...facts, schema, id, data, time, sidLength };
  const mends: [Requirement, () => string[]][] = [
    ['id-type', () => mendId(table)],
    ['data-type', () => mendData(table)],
    ['time-type', () => mendTime(table)],
    ['time-zone', () => mendTime(table)],
    ['id-key', () => [...(isUnmet('id-type') ? mendId(table) : []), addKey(table)]],
    ['engine-without-transactions', () => moveEngine(table)],
  ];
  const unusable = mends.filter(([code]) => isUnmet(code)).map(([code, mend]) => requirement(code, mend()));
  const findings = [...unusable, ...apply(TABLE_RULES, table)];
  // What is to be altered is the table behind it.
  return schema.isView ? findings.map((finding) => ({ ...finding, sql: [] })) : findings;
}

function addKey(facts: TableFacts): string {
  const kind = facts.schema.indexes.some(({ name }) => name === 'PRIMARY') ? 'UNIQUE' : 'PRIMARY';
  return `ALTER TABLE ${tableOf(facts)} ADD ${kind} KEY (${facts.settings.quoted.id})`;
}

const moveEngine = (facts: Facts) => [`ALTER TABLE ${tableOf(facts)} ENGINE=${engineOf(facts)}`];
const onNdb = ({ schema }: TableFacts) => /^ndb/i.test(schema.engine ?? '');

const hasSummer = (offsets: Offsets | undefined) => offsets !== undefined && offsets[1] !== offsets[2];

/** Whether the option has an offset for a zone that has it now, but not always. */
const changesAway = ({ offsets: { ours, server } }: TableFacts) =>
  hasSummer(server) && !hasSummer(ours) && ours?.[0] === server![0];

const TABLE_RULES: readonly Rule<TableFacts>[] = [
  {
    code: 'engine-not-shared',
    severity: 'error',
    when: (facts) => facts.isNdb && !onNdb(facts) && facts.schema.hasTransactions,
    means: ({ schema }) =>
      `the server belongs to an NDB Cluster, but a table in ${schema.engine} is on this server alone: the other SQL nodes have other sessions`,
    mend: moveEngine,
  },
  {
    code: 'named-lock-local',
    severity: 'error',
    when: ({ namedLock }) => namedLock !== undefined,
    means: ({ namedLock }) => namedLock!,
  },
  {
    code: 'column-without-default',
    severity: 'error',
    when: (facts) => demandingColumns(facts.schema).length > 0,
    means: (facts) =>
      `a new row has id, data, time and what the option row.insert gives, and ${demandingColumns(facts.schema)
        .map(({ name }) => name)
        .join(', ')} must be given`,
    mend: (facts) => demandingColumns(facts.schema).map((column) => giveDefault(tableOf(facts), column)),
  },
  {
    code: 'privilege-missing',
    severity: 'error',
    when: ({ deniedPrivileges }) => (deniedPrivileges?.length ?? 0) > 0,
    means: ({ deniedPrivileges }) => `this account has no ${deniedPrivileges!.join(', ')} on the table`,
    mend: (facts) => [`GRANT ${facts.deniedPrivileges!.join(', ')} ON ${tableOf(facts)} TO ${accountOf(facts)}`],
  },
  {
    code: 'id-length',
    severity: 'error',
    when: ({ id, sidLength }) => id.characters !== null && id.characters < sidLength,
    means: ({ id, sidLength }) =>
      `the id column takes ${id.characters} characters, and ids have ${sidLength} (session.sid_length)`,
    mend: mendId,
  },
  {
    code: 'id-padded',
    severity: 'warning',
    when: ({ id, sidLength }) => id.type === 'binary' && id.characters !== sidLength,
    means: ({ id }) => `BINARY adds zero bytes to ids shorter than ${id.characters}, and these are not found again`,
    mend: mendId,
  },
  {
    code: 'id-collation',
    severity: 'warning',
    when: ({ id }) => id.collation !== null && !/(_bin|_cs)$/.test(id.collation),
    means: ({ id }) =>
      `by the collation ${id.collation}, 'abc' and 'ABC' are one id: PHP handlers that do not compare give the session of the one to the other`,
    mend: mendId,
  },
  {
    code: 'data-size',
    severity: 'warning',
    when: (facts) => !onNdb(facts) && (facts.data.bytes ?? 0) <= 65_535,
    means: ({ data }) =>
      `the data column ends at ${data.bytes} bytes: longer sessions are refused here, and cut by PHP handlers where sql_mode is not strict; PHP deletes a session that was cut`,
    mend: mendData,
  },
  {
    code: 'data-charset',
    severity: 'warning',
    when: ({ data }) => holdsText(data),
    means: ({ data, settings }) =>
      `a text column converts: between ${data.charset} and the character set of each connection (the option phpCharset says ${settings.phpCharset} for PHP's); bytes that are no text are refused here, and become '?' where sql_mode is not strict`,
    mend: mendData,
  },
  {
    code: 'ndb-blob',
    severity: 'warning',
    when: (facts) => onNdb(facts) && facts.data.type !== 'varbinary',
    means: ({ data }) =>
      `on NDB, even a plain SELECT of ${data.type.toUpperCase()} waits for whoever holds the row, and fails after TransactionDeadlockDetectionTimeout; VARBINARY is in the row and waits for nobody`,
    mend: mendData,
  },
  {
    code: 'time-null',
    severity: 'warning',
    when: ({ time }) => time.nullable,
    means: ({ hasNullTimes, settings: { columns } }) =>
      hasNullTimes === true
        ? `there are rows whose ${columns.time} is NULL: they never expire`
        : `${columns.time} may be NULL, and is so for rows that are inserted without it: such rows never expire`,
    mend: mendTime,
  },
  {
    code: 'time-index',
    severity: 'warning',
    when: ({ schema, time }) => !schema.indexes.some(({ columns: [first] }) => first!.name === time.name),
    means: ({ settings: { columns } }) =>
      `no index begins with ${columns.time}: to find expired sessions, all are read each time`,
    mend: (facts) => [`ALTER TABLE ${tableOf(facts)} ADD KEY (${facts.settings.quoted.time})`],
  },
  {
    code: 'time-zone-unknown',
    severity: 'error',
    when: ({ offsets }) => offsets.ours === undefined,
    means: ({ settings }) =>
      `the server does not know the time zone ${zoneOf(settings)} of the option timeZone: its time zone tables are not loaded, or there is no such zone`,
  },
  {
    code: 'time-zone-rows',
    severity: 'warning',
    when: ({ otherZone }) => otherZone !== undefined,
    means: ({ otherZone }) => otherZone!,
  },
  {
    code: 'time-zone-summer',
    severity: 'warning',
    when: (facts) => facts.time.type === 'datetime' && facts.schema.knowsZone && changesAway(facts),
    means: ({ settings, schema }) =>
      `the server's time zone is ${describeZone(schema.zone)}, which is another time than ${zoneOf(settings)} (the option timeZone) for a part of the year`,
    mend: mendTime,
  },
  {
    code: 'time-zone-summer',
    severity: 'info',
    when: ({ time, schema, offsets: { ours, server } }) =>
      holdsDates(time) && hasSummer(time.type !== 'datetime' ? server : schema.knowsZone ? ours : undefined),
    means: ({ time, settings, schema }) =>
      `${time.type === 'datetime' ? zoneOf(settings) : describeZone(schema.zone)} has summer time: when it begins, PHP handlers that count back from NOW() in this zone take what was used before for an hour older, and delete it. This store and its PHP handler do not`,
  },
  {
    code: 'time-2038',
    severity: 'info',
    when: ({ time }) => time.type === 'int' && !/unsigned/.test(time.fullType),
    means: () => 'Unix seconds in an INT with a sign end in January 2038',
    mend: mendTime,
  },
];
