import type { Report } from '../report.ts';
import type { ServerPicture, Transaction } from './picture.ts';

/** Transactions that are shown of one server. */
const MOST = 20;

/** One picture in words. */
export function screen(pictures: readonly ServerPicture[], report: Report): string {
  return pictures.map((picture) => ofServer(picture, report)).join('\n\n');
}

function ofServer(picture: ServerPicture, report: Report): string {
  const { server, version, connections, table, rates, transactions, unseen } = picture;
  const waiting = transactions.filter(({ does }) => does === 'waits').length;
  const facts = [
    connections === null ? undefined : `connections ${connections.all} of ${connections.most}${sides(connections)}`,
    table === null ? undefined : `about ${table.rows} sessions, ${(table.bytes / 1e6).toFixed(1)} MB`,
    rates === null
      ? undefined
      : `a second: ${Math.round(rates.statements)} statements, ${Math.round(rates.commits)} commits, ${rates.lockWaits.toFixed(1)} waits for a lock`,
  ].filter((fact) => fact !== undefined);
  return [
    `${report.style('bold', server)}${version === '' ? '' : `  ${version}`}  ${transactions.length - waiting} hold, ${waiting} wait`,
    ...facts,
    ...(transactions.length === 0 ? [] : ['', tableOf(transactions.slice(0, MOST), report)]),
    ...(transactions.length > MOST ? [`${transactions.length - MOST} more`] : []),
    ...unseen.map((what) => report.style('yellow', `not seen: ${what}`)),
  ].join('\n');
}

const sides = ({ node, php }: NonNullable<ServerPicture['connections']>): string =>
  node === null ? '' : ` (Node ${node}, PHP ${php})`;

function tableOf(transactions: readonly Transaction[], report: Report): string {
  return report.table(
    ['connection', 'does', 'seconds', 'session', 'statement', 'who', 'waits for'],
    transactions.map(({ connection, does, seconds, session, statement, who, waitsFor }) => [
      ...[connection, does, seconds.toFixed(1), session ?? '-', statement, who],
      waitsFor.join(', '),
    ]),
  );
}
