import type { Facts } from './check-facts.ts';
import type { Finding, FindingCode, Severity } from './check-finding.ts';
import { accountOf, createTable, engineOf, fixData, fixId, fixTime, type TableFacts, tableOf } from './check-fix.ts';
import { giveDefault } from './new-row.ts';
import { demandingColumns, holdsDates, holdsText, type Requirement, unmet } from './table-definition.ts';
import { describeZone, type Offsets, zoneOf } from './time-zone.ts';

/** One line of the table of rules: a finding, whenever `when` holds. */
export interface Rule<F extends Facts> {
  readonly code: FindingCode;
  readonly severity: Severity;
  when(facts: F): boolean;
  message(facts: F): string;
  /** The statements that fix it; left out where no SQL can. */
  fix?(facts: F): string[];
}

/** What a rule says; which server it was, the caller knows. */
export type Statement = Omit<Finding, 'servers'>;

export function apply<F extends Facts>(rules: readonly Rule<F>[], facts: F): Statement[] {
  return rules
    .filter((rule) => rule.when(facts))
    .map((rule) => ({
      code: rule.code,
      severity: rule.severity,
      message: rule.message(facts),
      sql: rule.fix?.(facts) ?? [],
    }));
}

export function checkDefinition(facts: Facts, sidLength: number): Statement[] {
  const { definition } = facts;
  if (definition === undefined) return [];
  const { settings } = facts;
  const isUnmet = (code: Requirement) => unmet(code, definition, settings) !== undefined;
  const requirement = (code: Requirement, sql: string[]): Statement => {
    return { code, severity: 'error', message: `${settings.table.name}: ${unmet(code, definition, settings)}`, sql };
  };
  // Without the table or its columns there is nothing to say about them.
  if (isUnmet('table-missing')) return [requirement('table-missing', createTable(facts))];
  const { id, data, time } = definition;
  if (isUnmet('column-missing') || id === undefined || data === undefined || time === undefined) {
    const { quoted } = settings;
    const addTime = `ALTER TABLE ${tableOf(facts)} ADD COLUMN ${quoted.time} TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, ADD KEY (${quoted.time})`;
    return [requirement('column-missing', time === undefined && id && data ? [addTime] : [])];
  }
  const table: TableFacts = { ...facts, definition, id, data, time, sidLength };
  const fixes: [Requirement, () => string[]][] = [
    ['id-type', () => fixId(table)],
    ['data-type', () => fixData(table)],
    ['time-type', () => fixTime(table)],
    ['time-zone', () => fixTime(table)],
    ['id-key', () => [...(isUnmet('id-type') ? fixId(table) : []), addKey(table)]],
    ['engine-without-transactions', () => moveEngine(table)],
  ];
  const unusable = fixes.filter(([code]) => isUnmet(code)).map(([code, fix]) => requirement(code, fix()));
  const findings = [...unusable, ...apply(TABLE_RULES, table)];
  // The table that the view selects from must be altered, and not the view.
  return definition.isView ? findings.map((finding) => ({ ...finding, sql: [] })) : findings;
}

function addKey(facts: TableFacts): string {
  const kind = facts.definition.indexes.some(({ name }) => name === 'PRIMARY') ? 'UNIQUE' : 'PRIMARY';
  return `ALTER TABLE ${tableOf(facts)} ADD ${kind} KEY (${facts.settings.quoted.id})`;
}

const moveEngine = (facts: Facts) => [`ALTER TABLE ${tableOf(facts)} ENGINE=${engineOf(facts)}`];
const onNdb = ({ definition }: TableFacts) => /^ndb/i.test(definition.engine ?? '');

const hasSummer = (offsets: Offsets | undefined) => offsets !== undefined && offsets[1] !== offsets[2];

/** Whether the option has an offset for a zone that has it now, but not always. */
const changesAway = ({ offsets: { ours, server } }: TableFacts) =>
  hasSummer(server) && !hasSummer(ours) && ours?.[0] === server![0];

const TABLE_RULES: readonly Rule<TableFacts>[] = [
  {
    code: 'engine-not-shared',
    severity: 'error',
    when: (facts) => facts.isNdb && !onNdb(facts) && facts.definition.hasTransactions,
    message: ({ definition }) =>
      `the server belongs to an NDB Cluster, but a table in ${definition.engine} is on this server alone: the other SQL nodes have other sessions`,
    fix: moveEngine,
  },
  {
    code: 'named-lock-local',
    severity: 'error',
    when: ({ namedLock }) => namedLock !== undefined,
    message: ({ namedLock }) => namedLock!,
  },
  {
    code: 'column-without-default',
    severity: 'error',
    when: (facts) => facts.settings.row.makesRows && demandingColumns(facts.definition).length > 0,
    message: (facts) =>
      `a new row has id, data, time and what the option row.insert gives, and ${demandingColumns(facts.definition)
        .map(({ name }) => name)
        .join(', ')} must be given`,
    fix: (facts) => demandingColumns(facts.definition).map((column) => giveDefault(tableOf(facts), column)),
  },
  {
    code: 'privilege-missing',
    severity: 'error',
    when: ({ deniedPrivileges }) => (deniedPrivileges?.length ?? 0) > 0,
    message: ({ deniedPrivileges }) => `this account has no ${deniedPrivileges!.join(', ')} on the table`,
    fix: (facts) => [`GRANT ${facts.deniedPrivileges!.join(', ')} ON ${tableOf(facts)} TO ${accountOf(facts)}`],
  },
  {
    code: 'id-length',
    severity: 'error',
    when: ({ id, sidLength }) => id.characters !== null && id.characters < sidLength,
    message: ({ id, sidLength }) =>
      `the id column takes ${id.characters} characters, and ids have ${sidLength} (session.sid_length)`,
    fix: fixId,
  },
  {
    code: 'id-padded',
    severity: 'warning',
    when: ({ id, sidLength }) => id.type === 'binary' && id.characters !== sidLength,
    message: ({ id }) => `BINARY adds zero bytes to ids shorter than ${id.characters}, and these are not found again`,
    fix: fixId,
  },
  {
    code: 'id-collation',
    severity: 'warning',
    when: ({ id }) => id.collation !== null && !/(_bin|_cs)$/.test(id.collation),
    message: ({ id }) =>
      `by the collation ${id.collation}, 'abc' and 'ABC' are one id: PHP handlers that do not compare give the session of the one to the other`,
    fix: fixId,
  },
  {
    code: 'data-size',
    severity: 'warning',
    when: (facts) => !onNdb(facts) && (facts.data.bytes ?? 0) <= 65_535,
    message: ({ data }) =>
      `the data column ends at ${data.bytes} bytes: longer sessions are refused here, and cut by PHP handlers where sql_mode is not strict; PHP deletes a session that was cut`,
    fix: fixData,
  },
  {
    code: 'data-charset',
    severity: 'warning',
    when: ({ data }) => holdsText(data),
    message: ({ data, settings }) =>
      `a text column converts: between ${data.charset} and the character set of each connection (the option phpCharset says ${settings.phpCharset} for PHP's); bytes that are no text are refused here, and become '?' where sql_mode is not strict`,
    fix: fixData,
  },
  {
    code: 'ndb-blob',
    severity: 'warning',
    when: (facts) => onNdb(facts) && facts.data.type !== 'varbinary',
    message: ({ data }) =>
      `on NDB, even a plain SELECT of ${data.type.toUpperCase()} waits while the row is locked, and fails after TransactionDeadlockDetectionTimeout; VARBINARY is in the row and waits for no lock`,
    fix: fixData,
  },
  {
    code: 'time-null',
    severity: 'warning',
    when: ({ time }) => time.nullable,
    message: ({ hasNullTimes, settings: { columns } }) =>
      hasNullTimes === true
        ? `there are rows whose ${columns.time} is NULL: they never expire`
        : `${columns.time} may be NULL, and is so for rows that are inserted without it: such rows never expire`,
    fix: fixTime,
  },
  {
    code: 'time-index',
    severity: 'warning',
    when: ({ definition, time }) => !definition.indexes.some(({ columns: [first] }) => first!.name === time.name),
    message: ({ settings: { columns } }) =>
      `no index begins with ${columns.time}: to find expired sessions, all are read each time`,
    fix: (facts) => [`ALTER TABLE ${tableOf(facts)} ADD KEY (${facts.settings.quoted.time})`],
  },
  {
    code: 'time-zone-unknown',
    severity: 'error',
    when: ({ offsets }) => offsets.ours === undefined,
    message: ({ settings }) =>
      `the server does not know the time zone ${zoneOf(settings)} of the option timeZone: its time zone tables are not loaded, or there is no such zone`,
  },
  {
    code: 'time-zone-rows',
    severity: 'warning',
    when: ({ otherZone }) => otherZone !== undefined,
    message: ({ otherZone }) => otherZone!,
  },
  {
    code: 'time-zone-summer',
    severity: 'warning',
    when: (facts) => facts.time.type === 'datetime' && facts.definition.knowsZone && changesAway(facts),
    message: ({ settings, definition }) =>
      `the server's time zone is ${describeZone(definition.zone)}, which is another time than ${zoneOf(settings)} (the option timeZone) for a part of the year`,
    fix: fixTime,
  },
  {
    code: 'time-zone-summer',
    severity: 'info',
    when: ({ time, definition, offsets: { ours, server } }) =>
      holdsDates(time) && hasSummer(time.type !== 'datetime' ? server : definition.knowsZone ? ours : undefined),
    message: ({ time, settings, definition }) =>
      `${time.type === 'datetime' ? zoneOf(settings) : describeZone(definition.zone)} has summer time: when it begins, PHP handlers that count back from NOW() in this zone take what was used before for an hour older, and delete it. This store and its PHP handler do not`,
  },
  {
    code: 'time-2038',
    severity: 'info',
    when: ({ time }) => time.type === 'int' && !/unsigned/.test(time.fullType),
    message: () => 'Unix seconds in an INT with a sign end in January 2038',
    fix: fixTime,
  },
];
