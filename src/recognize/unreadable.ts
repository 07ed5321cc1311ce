/** ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_PROCACCESS_DENIED_ERROR. */
const DENIED = [1142, 1143, 1370];
/** MariaDB's ER_STATEMENT_TIMEOUT, and MySQL's ER_QUERY_TIMEOUT. */
const TOO_SLOW = [1969, 3024];
/** ER_LOCK_WAIT_TIMEOUT. */
const LOCKED = 1205;

/**
 * Why the rows of a table are not known, and what is to be done.
 *
 * @param errno the server's error
 */
export function whyUnreadable(errno: number): string {
  const missing = 'what rows show is not here';
  if (DENIED.includes(errno))
    return `This account may not read the table: ${missing}. Grant it SELECT, or use another one`;
  if (errno === LOCKED) return `The table is locked: ${missing}. Ask again later`;
  if (TOO_SLOW.includes(errno))
    return `Ten rows of the table took longer than 5 seconds: ${missing}. Look at it by hand`;
  return `The server could not read the table (error ${errno}): ${missing}`;
}
