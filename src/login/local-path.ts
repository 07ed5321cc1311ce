/** More than that is no address that a visitor would miss. */
const LONGEST = 2048;

/**
 * The path and query of a request, if a browser takes it for one of this site: a login that leads to `//example.org` or `/\example.org` would lead
 * away from it.
 *
 * @param target of the request
 */
export function localPath(target: string | undefined): string | undefined {
  const isLocal = target !== undefined && /^\/(?![/\\])[!-[\]-~]*$/.test(target);
  return isLocal && target.length <= LONGEST ? target : undefined;
}
