import { codeOf } from './code.ts';
import type { Content } from './contents.ts';
import { understand } from './match.ts';
import type { PhpIni } from './php-ini-part.ts';
import type { Recognition, RecognizedFormat, Unknown } from './recognition.ts';
import type { SampledRow } from './sample.ts';
import type { Server } from './server.ts';
import { sessionPart } from './session-part.ts';
import type { Answer, Seen, Signature } from './signature.ts';
import { columnOf, type Table } from './tables.ts';
import { timeZonePart } from './time-zone-part.ts';
import { whyUnreadable } from './unreadable.ts';

/** What is known when a table is judged. */
export interface Known {
  readonly server: Server;
  readonly php: PhpIni;
}

/**
 * Puts together what a signature, the rows and php.ini say.
 *
 * @param rows those that were looked at; the number of an error, if the server could not read them
 * @returns `undefined` if the table is not this application's
 */
export function answerFor(
  table: Table,
  signature: Signature,
  rows: readonly SampledRow[] | number,
  known: Known,
): Recognition | undefined {
  const { server, php } = known;
  const sampled = typeof rows === 'number' ? [] : rows;
  const understood = understand(sampled, signature);
  if (understood === undefined) return undefined;
  const { contents, isEncrypted, count } = understood;
  const isMarked = signature.marks.some((mark) => has(contents, [mark]));
  if (count === 0 && !isNamed(table, signature)) return undefined;
  const also = signature.also ?? [];
  const seen: Seen = {
    ...{ database: server.database, table, rows: sampled, contents, isEncrypted, php, format: usualFormat(contents) },
    has: (...path) => has(contents, path),
    values: (column) => {
      const at = also.indexOf(column);
      return sampled.flatMap(({ others }) => others[at] ?? []);
    },
  };
  const answer = signature.read === undefined ? {} : signature.read(seen);
  if (answer === undefined) return undefined;
  const { preset } = signature;
  const hasPreset =
    !table.isView && answer.hasPreset !== false && (preset !== undefined || signature.needsNoPreset === true);
  const parts = hasPreset ? partsOf(signature, seen, answer, known) : NOTHING;
  const { format } = seen;
  const { versions, todo = [] } = answer;
  const recognition: Omit<Recognition, 'code'> = {
    table: server.isChosen ? table.name : `${server.database}.${table.name}`,
    application: signature.application,
    ...(versions !== undefined && { versions }),
    certainty: isSure(table, signature, { isMarked, count }) && !answer.isLikely ? 'sure' : 'likely',
    ...(hasPreset && preset !== undefined && { preset }),
    ...parts,
    ...(signature.encoding !== undefined && contents.length > 0 && { encoding: signature.encoding.name }),
    ...(isEncrypted && { encoding: "Laravel's encryption" }),
    ...(format !== undefined && { format }),
    time: { column: columnOf(table, signature.time)!.name, meaning: answer.meaning ?? signature.meaning },
    rows: { seen: sampled.length, understood: count },
    ...(typeof rows === 'number' && { unreadable: rows }),
    sure: [...sureOf(seen, signature, isMarked), ...(answer.sure ?? []), ...parts.sure],
    todo: [
      ...todo,
      ...parts.todo,
      ...(table.isView ? ['It is a view, and no table: Node needs the table behind it, whose keys can be seen'] : []),
      ...(typeof rows === 'number' ? [whyUnreadable(rows)] : []),
    ],
  };
  return { ...recognition, code: hasPreset ? codeOf(recognition) : '' };
}

const NOTHING = {
  ...{ options: {}, store: {}, session: {}, phpIni: { store: {}, session: {} } },
  ...{ sure: [] as string[], unknown: [] as Unknown[], todo: [] as string[] },
};

/** The options, in a table that Node can share. */
function partsOf(signature: Signature, seen: Seen, answer: Answer, { server, php }: Known): typeof NOTHING {
  const { table } = seen;
  const name = server.isChosen ? table.name : `${server.database}.${table.name}`;
  const prefix = prefixOf(table.name, signature);
  const isUsual = server.isChosen && (prefix !== undefined || table.name === signature.usualTable);
  const zone = timeZonePart(signature, seen, server);
  const ofSession = sessionPart(signature, seen, answer, php);
  return {
    options: { ...answer.options, ...(prefix !== undefined && { prefix }) },
    store: { ...(!isUsual && { table: name }), ...answer.store, ...zone.store },
    session: ofSession.session,
    phpIni: ofSession.phpIni,
    sure: [...zone.sure, ...ofSession.sure],
    unknown: [...(answer.unknown ?? []), ...zone.unknown, ...ofSession.unknown],
    todo: [...missingKey(table, signature), ...ofSession.todo],
  } as typeof NOTHING;
}

/** More columns than other software has by chance. */
const MANY_COLUMNS = 5;

/** Whether nothing else has such a table, or such rows. */
function isSure(
  table: Table,
  signature: Signature,
  { isMarked, count }: { isMarked: boolean; count: number },
): boolean {
  const { shownBy, isGuess, isWhole = () => true, usualTable, prefix, columns } = signature;
  if (isGuess) return false;
  if (shownBy === 'rows') return count > 0 && (isMarked ? isWhole(table) : signature.needsNoPreset === true);
  const isUsual = prefix === undefined ? table.name === usualTable : prefixOf(table.name, signature) !== undefined;
  return count > 0 || isUsual || Object.keys(columns).length >= MANY_COLUMNS;
}

/** Whether a table that no row shows may be this application's. */
function isNamed({ name }: Table, { shownBy, emptyTable }: Signature): boolean {
  return emptyTable === undefined ? shownBy === 'columns' : emptyTable.test(name);
}

/** What comes before the usual name; `undefined` for a name that the option cannot make. */
function prefixOf(name: string, { prefix, usualTable }: Signature): string | undefined {
  return prefix !== undefined && name.endsWith(usualTable) ? name.slice(0, -usualTable.length) : undefined;
}

function usualFormat(contents: readonly Content[]): RecognizedFormat | undefined {
  const counts = new Map<RecognizedFormat, number>();
  for (const { format } of contents) counts.set(format, (counts.get(format) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function has(contents: readonly Content[], path: readonly string[]): boolean {
  return contents.some(({ session }) => {
    let value: unknown = session;
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false;
      value = (value as Record<string, unknown>)[part];
    }
    return true;
  });
}

function sureOf(seen: Seen, { application, shownBy }: Signature, isMarked: boolean): string[] {
  return [
    ...(shownBy === 'columns' ? [`the columns are those of ${application}`] : []),
    ...(isMarked ? [`sessions have what ${application} stores in each`] : []),
    ...(seen.format === undefined ? [] : [`sessions are in the format ${seen.format}`]),
  ];
}

/** Node takes the id alone for a key. */
function missingKey(table: Table, { id }: Signature): string[] {
  const name = columnOf(table, id)!.name;
  const isKey = table.indexes.some(
    ({ isUnique, columns: [first, second] }) =>
      isUnique && first!.name === name && first!.isWhole && second === undefined,
  );
  return isKey
    ? []
    : [
        `mysqlStore() needs a primary or unique key on the column ${name} alone: ALTER TABLE \`${table.name}\` ADD UNIQUE (\`${name}\`)`,
      ];
}
