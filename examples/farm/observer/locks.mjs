/**
 * @typedef {object} RowLock
 * @property {{ server: string, transaction: string } | undefined} holder
 * @property {{ server: string, ms: number }[]} waiting who waits for it in the database, the longest first. A Node server
 *   sends one request of a session at a time, and lets the others wait in its own queue.
 */

/** Bytes of a field that InnoDB prints. */
const PRINTED = 30;

/**
 * Which servers hold the lock of one row, and which wait for it, from the text of `SHOW ENGINE INNODB STATUS` with
 * `innodb_status_output_locks = ON`: the only place where MariaDB names the row of a lock without waiters. Reading
 * it takes no lock. (`INNODB_TRX` has no rows, `INNODB_LOCKS` only those that are waited for.)
 *
 * A new row, not yet committed, has no explicit lock until another transaction waits for it: its holder is not listed.
 *
 * @param {string} status
 * @param {string} id the row's primary key
 * @returns {RowLock} servers by the names of their database accounts
 */
export function lockOf(status, id) {
  const key = Buffer.from(id, 'latin1');
  const hex = key.subarray(0, PRINTED).toString('hex');
  // The first field of a record of the primary index is its key. In the other index it comes second.
  const record = `\n 0: len ${Math.min(key.length, PRINTED)}; hex ${hex};`;
  /** @type {RowLock} */
  const lock = { holder: undefined, waiting: [] };
  for (const block of status.split(/^---TRANSACTION /m).slice(1)) {
    const server = block.match(/^MariaDB thread id .* 127\.0\.0\.1 (\S+)/m)?.[1];
    if (server === undefined || !block.includes(record)) continue;
    const waited = block.match(/^-+ TRX HAS BEEN WAITING (\d+) us/m);
    if (waited) lock.waiting.push({ server, ms: Math.round(Number(waited[1]) / 1_000) });
    else lock.holder = { server, transaction: block.slice(0, block.indexOf(',')) };
  }
  lock.waiting.sort((a, b) => b.ms - a.ms);
  return lock;
}
