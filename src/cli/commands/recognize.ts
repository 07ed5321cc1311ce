import { type Recognition, recognize } from '../../recognize.ts';
import type { Command } from '../command.ts';
import { connectionFlags, readConfiguration } from '../configuration.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { Report } from '../report.ts';

/** What `recognize()` finds in a database. */
export const recognizeCommand: Command = {
  summary: 'which PHP applications have their sessions in this database, and the options for them',
  details:
    'It reads the columns of the tables, and a few rows. SELECT is enough. No id, key or value of a session is shown.',
  operands: [],
  flags: {
    ...connectionFlags,
    database: { type: 'string', value: 'NAME', says: 'another database than that of the connection' },
  },
  examples: [
    ['recognize', 'All that is found, with code to paste'],
    ["recognize --json | jq -r '.[].table'", 'The names of the tables'],
  ],
  async run(call) {
    const { connection } = await readConfiguration(call);
    const database = call.flags.database as string | undefined;
    const found = await recognize({ connection, ...(database !== undefined && { database }) });
    if (found.length === 0) throw new CommandError('no table looks as if it had sessions of PHP');
    call.report.answer(found, () => found.map((one) => describe(one, call.report)).join('\n\n'));
    return EXIT.ok;
  },
};

function describe(
  { table, application, versions, certainty, rows, sure, unknown, todo, code }: Recognition,
  report: Report,
): string {
  const title = [application, versions, certainty === 'sure' ? '' : '(likely)'].filter(Boolean).join(' ');
  return [
    `${report.style('bold', table)}: ${title}`,
    `  ${rows.seen} rows looked at, ${rows.understood} understood`,
    ...sure.map((what) => `  ${what}`),
    ...unknown.map(({ option, why, where }) => `  not known: ${option}, as ${why}. PHP has it in ${where}`),
    ...todo.map((what) => report.style('yellow', `  to do: ${what}`)),
    ...(code === '' ? [] : ['', code.trimEnd().replace(/^(?=.)/gm, '    ')]),
  ].join('\n');
}
