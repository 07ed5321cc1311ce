/** Where to look, by the name of an error: what is likely to be wrong, and the option that says it. Only where one is likely. */
const advice: Readonly<Record<string, string>> = {
  ...same('the server refuses the login; see user and password of the option "connection"', [
    'ER_ACCESS_DENIED_ERROR',
    'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
    'ER_ACCOUNT_HAS_BEEN_LOCKED',
    'ER_MUST_CHANGE_PASSWORD',
    'ER_MUST_CHANGE_PASSWORD_LOGIN',
  ]),
  ...same(
    'the server takes no connection from this machine; see its accounts (user@host), and host of the option "connection"',
    ['ER_HOST_NOT_PRIVILEGED', 'ER_HOST_IS_BLOCKED'],
  ),
  ER_DBACCESS_DENIED_ERROR:
    'this user may not use the database, or there is none of this name; see user and database of the option "connection"',
  ER_BAD_DB_ERROR: 'there is no such database; see database of the option "connection"',
  ER_NO_DB_ERROR: 'no database was named; see database of the option "connection" (mysql://…/database)',
  ER_NO_SUCH_TABLE: 'there is no such table; see the option "table"',
  ER_BAD_FIELD_ERROR: 'it has no such column; see the option "columns"',
  ...same('this user lacks a privilege on it: SELECT, INSERT, UPDATE and DELETE are needed', [
    'ER_TABLEACCESS_DENIED_ERROR',
    'ER_COLUMNACCESS_DENIED_ERROR',
  ]),
  ECONNREFUSED: 'nothing listens there; is it running? See host and port of the option "connection"',
  ...same('the name of the host is not known; see host of the option "connection"', ['ENOTFOUND', 'EAI_AGAIN']),
  ...same('there is no way to it, or no answer from it; see host and port of the option "connection"', [
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ]),
  ...same('its socket cannot be opened; see socketPath of the option "connection"', ['ENOENT', 'EACCES']),
  ...same('see ssl of the option "connection"', [
    'HANDSHAKE_SSL_ERROR',
    'HANDSHAKE_NO_SSL_SUPPORT',
    'ER_SECURE_TRANSPORT_REQUIRED',
  ]),
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: 'see enableCleartextPlugin of the option "connection"',
};

function same(text: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, text]));
}

/** @returns `: …`, or nothing */
export function adviceFor(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && Object.hasOwn(advice, code) ? `: ${advice[code]}` : '';
}
