import type { Readable, Writable } from 'node:stream';

/** All that a command has of the process it runs in. */
export interface World {
  /** After the name of the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a configuration file is looked for. */
  readonly directory: string;
  readonly stdin: Readable;
  /** For the answer. */
  readonly stdout: Terminal;
  /** For warnings, progress and errors. */
  readonly stderr: Terminal;
  /** Ctrl-C, or SIGTERM. */
  readonly signal: AbortSignal;
}

/** `isTTY` and `columns` are those of Node's `tty.WriteStream`. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };
