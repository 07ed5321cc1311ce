import { checkTable } from '../../mysql.ts';
import { errorsFirst } from '../../stores/mysql/check-finding.ts';
import { assertDriver } from '../../stores/mysql/driver.ts';
import { readOptions } from '../../stores/mysql/options.ts';
import { mysqlStore } from '../../stores/mysql/store.ts';
import type { Command } from '../command.ts';
import { checkConnections } from '../doctor/connections.ts';
import { type DoctorFinding, ofTable } from '../doctor/finding.ts';
import { fix, stepsFor } from '../doctor/fix.ts';
import { checkPhp, phpFlags } from '../doctor/php.ts';
import { readServer } from '../doctor/server.ts';
import { checkVersions } from '../doctor/versions.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../numbers.ts';
import { placeFlags, readPlace } from '../place.ts';
import type { Report } from '../report.ts';

/** All that is wrong or can go wrong, and what mends it. */
export const doctor: Command = {
  summary: "check table, account, servers, versions and PHP's settings, and say what mends them",
  details:
    'It changes nothing without --fix, and locks no row. It needs the privileges of the store, or SELECT; what it may not see is in its answer.\n' +
    'The exit code is 1 if there is an error. docs/checks.md explains the codes.',
  operands: [],
  flags: {
    ...placeFlags,
    ...phpFlags,
    processes: {
      type: 'string',
      value: 'N',
      says: 'how many processes of Node use the table, on all hosts (default 1)',
    },
    'php-workers': {
      type: 'string',
      value: 'N',
      says: 'how many workers PHP has, on all hosts (default: pm.max_children of the pool)',
    },
    fix: { type: 'boolean', says: 'show the SQL for errors and warnings, ask, and run it' },
    only: { type: 'string', value: 'CODE,CODE', says: 'these findings alone' },
    yes: { type: 'boolean', says: 'with --fix: do not ask' },
  },
  examples: [
    [
      'doctor --processes 4 --php-ini /etc/php/8.4/fpm/php.ini --php-pool /etc/php/8.4/fpm/pool.d/www.conf',
      'All of it, on a host of PHP',
    ],
    ['doctor --fix --only id-collation', 'Mend one thing'],
    ['doctor --json | jq -r \'.[] | select(.severity == "error") | .code\'', 'The codes of the errors'],
  ],
  async run(call) {
    const { report, flags } = call;
    assertDriver();
    const processes = wholeNumber(flags.processes, 1, '--processes');
    const place = await readPlace(call);
    const settings = readOptions(place.store);
    const { serializeHandler, sidLength } = place.session;
    const php = await checkPhp(call, { ...place.session, store: mysqlStore(place.store) });
    const ofTheTable = await checkTable({
      ...place.store,
      processes,
      ...(serializeHandler !== undefined && { serializeHandler }),
      ...(sidLength !== undefined && { sidLength }),
    });
    const asked = await Promise.all(settings.connections.map((endpoint) => readServer(endpoint, settings)));
    const servers = asked.filter((one) => one !== undefined);
    const workers = wholeNumber(flags['php-workers'], php?.workers ?? 0, '--php-workers');
    const only = (flags.only as string | undefined)?.split(',');
    const findings = errorsFirst([
      ...ofTheTable.map(ofTable),
      ...checkVersions(servers, serializeHandler ?? 'php'),
      ...checkConnections(servers, settings, processes, workers),
      ...(php?.findings ?? [notGiven]),
    ]).filter(({ code }) => only === undefined || only.includes(code));
    report.answer(findings, () => inWords(findings, report));
    const steps = flags.fix === true ? stepsFor(findings) : [];
    if (steps.length > 0 && (await fix(steps, settings, call))) report.note('Run doctor again to see what is left.');
    return findings.some(({ severity }) => severity === 'error') ? EXIT.found : EXIT.ok;
  },
};

const notGiven: DoctorFinding = {
  ...{ code: 'php-not-checked', severity: 'info', where: [], sql: [] },
  message:
    "PHP's settings were not checked: name its files with --php-ini, --php-scan and --php-pool, or --ini-get-all",
};

const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

function inWords(findings: readonly DoctorFinding[], report: Report): string {
  const count = (wanted: string) => findings.filter(({ severity }) => severity === wanted).length;
  const sum = `${count('error')} errors, ${count('warning')} warnings, ${count('info')} to know`;
  return [
    ...findings.flatMap(({ code, severity, where, message, sql }) => [
      `${report.style(colours[severity], severity)} ${report.style('bold', code)}${where.length === 0 ? '' : ` (${where.join(', ')})`}`,
      `  ${message}`,
      ...sql.map((statement) => `    ${statement};`),
      '',
    ]),
    sum,
  ].join('\n');
}
