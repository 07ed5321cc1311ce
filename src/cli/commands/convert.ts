import { nameOf } from '../../codec/formats/index.ts';
import { decodeSession, encodeSession, type SessionFormat, type SessionFormatName } from '../../codec/index.ts';
import { detectSessionFormat } from '../../formats.ts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { readInput, writePrivate } from '../files.ts';
import { formatNames, formatOf, otherFormats } from '../formats.ts';

/** From one format of sessions to another. */
export const convert: Command = {
  summary: 'a session in another format',
  details: `It reads the bytes of one session, without a database, and writes all of its values: to standard output, or into a file of mode 0600. json is what
json_encode($_SESSION) gives. What the other format cannot hold is an error, and nothing is written.`,
  operands: ['[FILE]'],
  flags: {
    to: { type: 'string', value: 'FORMAT', says: formatNames },
    from: { type: 'string', value: 'FORMAT', says: 'one of the same (default: what it can be alone)' },
    out: { type: 'string', value: 'FILE', says: 'makes this file (default: standard output)' },
  },
  examples: [
    ['convert session.bin --to json', 'A file as JSON'],
    ['convert --from json --to igbinary --out session.bin < session.json', 'Standard input, into a file'],
  ],
  async run({ world, report, flags, operands }) {
    const to = formatOf(flags.to, '--to');
    const bytes = await readInput(operands[0] ?? '-', world);
    const from = flags.from === undefined ? detect(bytes) : formatOf(flags.from, '--from');
    const session = decodeSession(bytes, { format: from, view: 'exact' });
    const converted = encodeSession(session, { format: to });
    const out = flags.out as string | undefined;
    const about = { from: nameOf(from), to: nameOf(to), before: bytes.length, after: converted.length };
    if (out === undefined) world.stdout.write(converted);
    else {
      await writePrivate(out, converted, world);
      report.answer(about, () => `${about.from}, ${about.before} bytes: ${about.to}, ${about.after} bytes.`);
    }
    return EXIT.ok;
  },
};

/** @throws UsageError */
function detect(bytes: Uint8Array): SessionFormatName | SessionFormat {
  const { format, certainty } = detectSessionFormat(bytes, { formats: otherFormats });
  if (format !== undefined && certainty === 'sure') return format;
  throw new UsageError('the bytes do not show which format they are in: give --from (see php-session-bridge explain)');
}
