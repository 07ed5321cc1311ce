#!/usr/bin/env node
import { program } from './program.ts';

// The process: Ctrl-C, and what it ends with. All else can be tested without one.

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: a second one ends the process at once, as usual.
  process.once(signal, () => interruption.abort());
}
// `php-session-bridge list | head`: nobody reads on.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 3));

process.exitCode = await program({
  args: process.argv.slice(2),
  env: process.env,
  directory: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
});
