import { PhpSessionError } from '../errors.ts';
import { shared } from '../shared.ts';

/** The cookie names whose sessions requests have now, by any copy of the package: the second one would wait for the first one's lock. */
const served: WeakMap<object, Set<string>> = shared('served', () => new WeakMap());

/**
 * Notes that a request has a session by this name.
 *
 * @returns notes that it has none any more
 * @throws PhpSessionError `ERR_SESSION_MOUNTED_TWICE` when it has one already
 */
export function enter(request: object, name: string): () => void {
  const names = served.get(request) ?? new Set();
  if (names.has(name)) {
    throw new PhpSessionError(
      'ERR_SESSION_MOUNTED_TWICE',
      `This request has the session of the cookie ${name} already: phpSession() is mounted twice, for the application and for a router perhaps. Mount it once, or give the second one another name`,
    );
  }
  served.set(request, names.add(name));
  return () => names.delete(name);
}
