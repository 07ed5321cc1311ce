import { PhpSessionError } from '../errors.ts';
import { runCommand } from './command.ts';
import { commands } from './commands/index.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from './exit-codes.ts';
import { Report } from './report.ts';
import type { World } from './world.ts';

/** `npx php-session-bridge`. It never throws, but for a mistake in this package. */
export async function program(world: World): Promise<ExitCode> {
  const [name, ...args] = world.args;
  const report = new Report(world, false);
  if (name === undefined || name === 'help' || name === '--help') {
    report.text(overview());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = commands.get(name);
  if (command === undefined) {
    report.note('There is no such command: see php-session-bridge --help');
    return EXIT.usage;
  }
  try {
    return await runCommand(name, command, args, world);
  } catch (error) {
    if (world.signal.aborted) return EXIT.interrupted;
    return failed(error, report);
  }
}

function failed(error: unknown, report: Report): ExitCode {
  // Wrong options are TypeErrors, here as in a program: a configuration has them.
  if (error instanceof UsageError || (error instanceof TypeError && !isBug(error))) {
    report.note(error.message);
    return EXIT.usage;
  }
  if (error instanceof CommandError || error instanceof PhpSessionError) {
    report.note(error instanceof PhpSessionError ? `${error.code}: ${error.message}` : error.message);
    return EXIT.failed;
  }
  throw error;
}

/** V8's own TypeErrors, such as "x is not a function". */
const isBug = ({ message }: Error): boolean => /^Cannot read|is not a function|is not iterable/.test(message);

function overview(): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length));
  return [
    'php-session-bridge COMMAND [flags]',
    '',
    ...[...commands].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'php-session-bridge COMMAND --help says more of a command. The database is in PHP_SESSION_BRIDGE_CONNECTION, or in php-session-bridge.config.js.',
  ].join('\n');
}
