import { createHash } from 'node:crypto';

/**
 * The id of the row that a logout leaves: a tombstone. Its time says which logout was the last one under that id, and grows with each.
 * It is a time and no data, as NDB locks a row whose BLOB is read.
 *
 * In loose mode an id may be begun anew after a logout, and nothing in the new row says that it is another session. A request that has
 * read the old one without its lock sees by the tombstone that it must not put its changes on the new one.
 *
 * A hash: a reader of the table must not learn an id that may be in use again. As long as the id, so that the column holds it.
 * PHP takes no cookie with a `<` in it (php_session_start), so no session has this id. The PHP handler has the same rule.
 */
export function tombstoneOf(id: string): string {
  const hash = createHash('sha256').update(id).digest('base64').replaceAll('+', '-').replaceAll('/', ',');
  return `<${hash}`.replace('=', '').padEnd(id.length, '>').slice(0, id.length);
}
