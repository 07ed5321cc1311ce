import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, UsageError } from './exit-codes.ts';
import { Report } from './report.ts';
import type { World } from './world.ts';

/** One `--name` of a command. */
export interface Flag {
  /** A flag without a value is true where it is given. */
  readonly type: 'string' | 'boolean';
  /** What its value is, for the help: `FILE`. */
  readonly value?: string;
  /** Ends without a full stop, with the unit and the default in it. */
  readonly says: string;
}

/** What `npx php-session-bridge NAME` is. */
export interface Command {
  /** One line, without a full stop. */
  readonly summary: string;
  /** More for its own help: what it reads, and what it changes. */
  readonly details: string;
  /** Names of what comes after the command; `[NAME]` may be left out. */
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Arguments, and what they do. At least one. */
  readonly examples: readonly (readonly [args: string, does: string])[];
  run(call: Call): Promise<ExitCode>;
}

/** One run of a command. */
export interface Call {
  readonly world: World;
  readonly report: Report;
  /** Values of the flags by their names. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly operands: readonly string[];
}

const everywhere = {
  json: { type: 'boolean', says: 'print JSON' },
  help: { type: 'boolean', says: 'print this' },
} as const satisfies Record<string, Flag>;

/**
 * @param args after the name of the command
 * @throws UsageError
 */
export async function runCommand(name: string, command: Command, args: string[], world: World): Promise<ExitCode> {
  const { flags, operands } = parse(name, command, args);
  const report = new Report(world, flags.json === true);
  if (flags.help === true) {
    report.text(helpOf(name, command));
    return EXIT.ok;
  }
  const least = command.operands.filter((operand) => !operand.startsWith('[')).length;
  if (operands.length < least || operands.length > command.operands.length) {
    throw new UsageError(`it must be: php-session-bridge ${[name, ...command.operands].join(' ')}`);
  }
  return command.run({ world, report, flags, operands });
}

function parse(name: string, { flags }: Command, args: string[]): Pick<Call, 'flags' | 'operands'> {
  const options = Object.fromEntries(
    Object.entries({ ...flags, ...everywhere }).map(([flag, { type }]) => [flag, { type }]),
  );
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { flags: values as Call['flags'], operands: positionals };
  } catch (error) {
    // Node's own message would show what was given, which may be a password.
    const { code } = error as { code?: string };
    const what =
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? 'there is no such flag' : 'a flag has a value too many, or none';
    throw new UsageError(`${what}: see php-session-bridge ${name} --help`);
  }
}

function helpOf(name: string, { summary, details, operands, flags, examples }: Command): string {
  const described = Object.entries({ ...flags, ...everywhere }).map(
    ([flag, { value, says }]: [string, Flag]) => [`--${flag}${value === undefined ? '' : ` ${value}`}`, says] as const,
  );
  const width = Math.max(...described.map(([flag]) => flag.length));
  return [
    `php-session-bridge ${[name, ...operands].join(' ')} [flags]`,
    '',
    `${summary}.`,
    details,
    '',
    ...described.map(([flag, says]) => `  ${flag.padEnd(width)}  ${says}`),
    '',
    ...examples.flatMap(([args, does]) => [`${does}:`, `  npx php-session-bridge ${args}`]),
  ].join('\n');
}
