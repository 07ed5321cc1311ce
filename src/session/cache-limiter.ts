/** php.ini's `session.cache_limiter`: what keeps caches from giving one user's page to another. */
export type CacheLimiter = 'nocache' | 'public' | 'private' | 'private_no_expire' | '';

const past = 'Thu, 19 Nov 1981 08:52:00 GMT';

/**
 * The headers that PHP sends with every session (php-src: `php_session_cache_limiters`). PHP adds `Last-Modified`, the time of the
 * script's file, which a Node application has no equal of.
 *
 * @param expire minutes; php.ini's `session.cache_expire`
 */
export function cacheHeaders(limiter: CacheLimiter, expire: number, now: Date = new Date()): Record<string, string> {
  const maxAge = expire * 60;
  switch (limiter) {
    case 'nocache':
      return { Expires: past, 'Cache-Control': 'no-store, no-cache, must-revalidate', Pragma: 'no-cache' };
    case 'public':
      return {
        Expires: new Date(now.getTime() + maxAge * 1000).toUTCString(),
        'Cache-Control': `public, max-age=${maxAge}`,
      };
    case 'private':
      return { Expires: past, 'Cache-Control': `private, max-age=${maxAge}` };
    case 'private_no_expire':
      return { 'Cache-Control': `private, max-age=${maxAge}` };
    default:
      return {};
  }
}
