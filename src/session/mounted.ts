import { PhpSessionError } from '../errors.ts';

/**
 * On a request: the cookie names of the sessions that it has now. The symbol is registered, so that a second copy of the package finds it
 * too. It would wait for the first one's lock.
 */
const served: unique symbol = Symbol.for('php-session-bridge/served') as never;

/**
 * Notes that a request has a session by this name.
 *
 * @returns notes that it has none any more
 * @throws PhpSessionError `ERR_SESSION_MOUNTED_TWICE` when it has one already
 */
export function enter(request: { [served]?: Set<string> }, name: string): () => void {
  const names = request[served] ?? new Set();
  if (names.has(name)) {
    throw new PhpSessionError(
      'ERR_SESSION_MOUNTED_TWICE',
      `This request has the session of the cookie ${name} already: phpSession() is mounted twice, for the application and for a router perhaps. Mount it once, or give the second one another name`,
    );
  }
  request[served] = names.add(name);
  return () => names.delete(name);
}
