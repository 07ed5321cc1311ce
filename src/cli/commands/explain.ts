import type { Call, Command } from '../command.ts';
import { CommandError, EXIT, UsageError } from '../exit-codes.ts';
import { type Explained, type Explanation, explainBytes } from '../explain/explanation.ts';
import { readInput, writePrivate } from '../files.ts';
import { formatNames, formatOf } from '../formats.ts';
import { inWords } from '../outline.ts';
import { placeFlags } from '../place.ts';
import { printable } from '../report.ts';
import { revealFlag } from '../reveal.ts';
import { SessionTable } from '../session-table.ts';

/** What bytes are. */
export const explain: Command = {
  summary: 'what the bytes of a row or a file are, piece by piece, and where they break',
  details: `It names what is around a session, its format, and each variable with its type and its place. Of a row that PHP could not read it says what PHP does with it,
and --salvage writes the variables that are whole into a new file. No row is changed. Names and values are shown with --reveal only.`,
  operands: ['[HANDLE]'],
  flags: {
    ...placeFlags,
    ...revealFlag,
    file: { type: 'string', value: 'FILE', says: 'the bytes of a file instead of a row; - is standard input' },
    format: { type: 'string', value: 'FORMAT', says: `${formatNames} (default: what the bytes show)` },
    salvage: { type: 'string', value: 'FILE', says: 'makes this file, of mode 0600, of the variables that are whole' },
  },
  examples: [
    ['explain 4f2a9c01', 'A row'],
    ['explain --file - < session.bin', 'Bytes from elsewhere'],
    ['explain 4f2a9c01 --salvage saved.bin', 'What can be saved of a row that was cut'],
  ],
  async run(call) {
    const { report, flags, world } = call;
    const { explanation, saved } = await read(call);
    if (flags.salvage !== undefined) {
      if (saved === undefined)
        throw new CommandError(
          'nothing can be saved: no variable is whole, or the format does not show where one ends',
        );
      await writePrivate(flags.salvage as string, saved, world);
      report.note(
        `${saved.length} bytes were saved, in the format ${explanation.format} and without what was around it`,
      );
    }
    report.answer(explanation, () => describe(explanation, report.table.bind(report)));
    return explanation.broken === null && explanation.error === null ? EXIT.ok : EXIT.found;
  },
};

async function read(call: Call): Promise<Explained> {
  const { flags, operands, world } = call;
  const given = flags.format === undefined ? undefined : formatOf(flags.format, '--format');
  const reveal = flags.reveal === true;
  if ((flags.file === undefined) === (operands[0] === undefined)) throw new UsageError('give a handle, or --file');
  if (flags.file !== undefined)
    return explainBytes(await readInput(flags.file as string, world), { format: given, reveal });
  return SessionTable.use(call, async (table) => {
    const { data } = await table.row(await table.find(operands[0]!, call));
    return explainBytes(data, {
      format: given,
      reveal,
      encoding: table.settings.encoding,
      expected: table.codec.format,
    });
  });
}

function describe(explained: Explanation, table: (head: string[], rows: (string | number)[][]) => string): string {
  const { size, layers, format, others, variables, broken, rest, php } = explained;
  const rows = variables.map(({ name, offset, length, ...value }) => [
    ...[printable(name), offset ?? '', length ?? '', inWords(value)],
  ]);
  return [
    `${size} bytes${layers.map((layer) => `, in ${layer.name}${layer.damage ? ` (${layer.damage})` : ''}`).join('')}`,
    format === null
      ? 'They are in no format that is known.'
      : `Format: ${format}${others.length > 0 ? ` (or ${others.join(', ')})` : ''}`,
    ...(explained.note === null ? [] : [explained.note]),
    ...(rows.length > 0 ? ['', table(['variable', 'offset', 'bytes', 'value'], rows), ''] : []),
    ...(broken === null ? [] : [`It breaks at byte ${broken.offset}. Expected: ${broken.expected}`]),
    ...(explained.error === null ? [] : [explained.error]),
    ...(rest > 0 ? [`${rest} bytes follow, which PHP ignores.`] : []),
    `PHP: ${php}`,
  ].join('\n');
}
