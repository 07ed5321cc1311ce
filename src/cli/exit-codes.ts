/** What the process ends with. docs/operations.md has the list for users. */
export const EXIT = {
  /** Done, and nothing is wrong. */
  ok: 0,
  /** Done, and something was found: an error of `doctor`, a row that `verify` cannot vouch for, a difference of `diff`. */
  found: 1,
  /** Wrong arguments or configuration. Nothing was done. */
  usage: 2,
  /** It could not be done, or not all of it: no database, no such session, one of a user's sessions that `kill` could not end. */
  failed: 3,
  /** Ctrl-C, as shells have it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Wrong arguments or configuration. The message says what to give instead, and never a value: it may be a secret. */
export class UsageError extends Error {}

/** What was asked for cannot be done. The message says why, and what can be done. */
export class CommandError extends Error {}
