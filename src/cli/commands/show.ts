import type { ScannedRow } from '../../stores/mysql/scan.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { duration, wholeNumber } from '../numbers.ts';
import { outlineLines, outlineOf } from '../outline.ts';
import { placeFlags } from '../place.ts';
import { revealFlag } from '../reveal.ts';
import { SessionTable } from '../session-table.ts';

/** What is in one session. */
export const show: Command = {
  summary: 'what is in one session: the types and sizes of its values',
  details: 'It reads one row, without its lock. Names and values are shown with --reveal only.',
  operands: ['HANDLE'],
  flags: {
    ...placeFlags,
    ...revealFlag,
    depth: { type: 'string', value: 'N', says: 'how many levels of arrays and objects are opened (default 3)' },
  },
  examples: [
    ['show 4f2a9c01', 'Types and sizes'],
    ['show 4f2a9c01 --reveal --depth 10 --json', 'All of it, as JSON'],
  ],
  async run(call) {
    const { report, flags, operands } = call;
    const depth = wholeNumber(flags.depth, 3, '--depth');
    return SessionTable.use(call, async (table) => {
      const row = await table.row(await table.find(operands[0]!, call));
      const outline = outlineOf('$_SESSION', table.decodeExact(row), {
        reveal: flags.reveal === true,
        depth,
      });
      const about = { handle: table.handles.of(row.key), age: row.age, size: row.size };
      report.answer({ ...about, session: outline }, () => [headOf(about), ...outlineLines(outline)].join('\n'));
      return EXIT.ok;
    });
  },
};

const headOf = ({ handle, age, size }: { handle: string } & Pick<ScannedRow, 'age' | 'size'>) =>
  `${handle}: ${size} bytes, ${age === null ? 'without a time' : `last used ${duration(age)} ago`}`;
