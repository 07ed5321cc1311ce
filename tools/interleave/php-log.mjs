import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../services/lifeline.mjs';

/** PHP's error log. It says why a session was not written; the visitor does not see the reason. */
export class PhpLog {
  #directory = temporaryDirectory('interleave-php');
  file = join(this.#directory.path, 'error.log');

  constructor() {
    writeFileSync(this.file, '');
  }

  /** @returns {string[]} what was said since the last time, without times */
  read() {
    const text = readFileSync(this.file, 'utf8');
    if (text === '') return [];
    truncateSync(this.file);
    const messages = text.split(/^\[[^\]]*\] /m).slice(1);
    return messages.map((message) => message.trimEnd());
  }

  remove() {
    this.#directory.remove();
  }
}

const reasons = /** @type {const} */ ([
  [/^it is not known what COMMIT did: /, 'ERR_SESSION_OUTCOME_UNKNOWN'],
  [/^the connection was lost at COMMIT, /, 'ERR_SESSION_OUTCOME_UNKNOWN'],
  [/^the lock was lost, /, 'ERR_SESSION_CONFLICT'],
  [/^another request has ended the session$/, 'ERR_SESSION_CONFLICT'],
  [/^database error \d+$/, 'ERR_SESSION_UNAVAILABLE'],
]);

/** What PHP itself says when its handler returns `false`. It throws an error where a session cannot be read under its new id. */
const phps =
  /^PHP (Warning: {2}\S+: (Failed to (read|write) session data|Session object destruction failed)|Fatal error: {2}Uncaught Error: Failed to create\(read\) session ID)/;

/**
 * What the handler says in its log, as Node says it by an error.
 *
 * @param {string[]} lines
 * @returns {{ code: string | undefined, isGone: boolean, isEnded: boolean, isOther: boolean }} `isGone`: the lock was lost, and the row
 *   is gone; `isEnded`: it was not locked, and is that of another session or none; `isOther`: there is something else in the log
 */
export function failureOf(lines) {
  const ours = lines.flatMap((line) => /^PhpSessionBridge: session not \w+, table [^:]+: (.*)/.exec(line)?.[1] ?? []);
  const [reason] = ours;
  const isOther = ours.length > 1 || lines.length > ours.length + lines.filter((line) => phps.test(line)).length;
  if (reason === undefined) return { code: undefined, isGone: false, isEnded: false, isOther: lines.length > 0 };
  const code = reasons.find(([pattern]) => pattern.test(reason))?.[1] ?? reason;
  const isGone = reason === 'the lock was lost, and the row is gone';
  return { code, isGone, isEnded: reason === 'another request has ended the session', isOther };
}

const note = /^PhpSessionBridge: session merged, table [^:]+: (.*)/;

/**
 * What the handler says about a session that it has merged and stored.
 *
 * @param {string[]} lines
 * @returns {{ notes: string[], others: string[], hasDropped: boolean }} `others`: the other lines; `hasDropped`: changes of a session that
 *   others have emptied
 */
export function notesOf(lines) {
  const notes = lines.flatMap((line) => note.exec(line)?.[1] ?? []);
  const others = lines.filter((line) => !note.test(line));
  return {
    notes,
    others,
    hasDropped: notes.some((text) => text.startsWith('another request has emptied the session.')),
  };
}
