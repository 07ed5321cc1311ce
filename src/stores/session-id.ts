/**
 * PHP's own rule for ids (php_session_valid_key: `[A-Za-z0-9,-]`, at most 256), which also keeps away everything that
 * a collation could take for something else. PHP's own handlers in PHP get anything that a browser sends; here such a
 * cookie counts as none.
 */
export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && /^[A-Za-z0-9,-]{1,256}$/.test(id);
}
