/**
 * Every failure that this package raises on purpose is a `PhpSessionError` with a `code`; wrong options are
 * `TypeError`s when the object is made. `docs/errors.md` has a heading a code.
 */
export type PhpSessionErrorCode =
  // The codec: these are about bytes and values.
  | 'ERR_PHP_SYNTAX'
  | 'ERR_PHP_LIMIT'
  | 'ERR_PHP_UNREPRESENTABLE'
  | 'ERR_PHP_KEY'
  | 'ERR_PHP_CLASS'
  | 'ERR_PHP_TYPE_CHANGED'
  | 'ERR_PHP_REFERENCE'
  | 'ERR_PHP_ENCRYPTED'
  // The store: these are about one row, or about the database.
  | 'ERR_SESSION_ID'
  | 'ERR_SESSION_TOO_LARGE'
  | 'ERR_SESSION_CHARSET'
  | 'ERR_SESSION_TABLE'
  | 'ERR_SESSION_LOCK_TIMEOUT'
  | 'ERR_SESSION_BUSY'
  | 'ERR_SESSION_UNAVAILABLE'
  | 'ERR_SESSION_CONFLICT'
  | 'ERR_SESSION_OUTCOME_UNKNOWN'
  // The life of a session in one request.
  | 'ERR_SESSION_CLOSED'
  | 'ERR_SESSION_READONLY'
  | 'ERR_SESSION_NOT_COMMITTED'
  | 'ERR_SESSION_HEADERS_SENT'
  | 'ERR_SESSION_MOUNTED_TWICE'
  // A login at an application's own form.
  | 'ERR_LOGIN_REFUSED'
  | 'ERR_LOGIN_FAILED';

export interface PhpSessionErrorDetails {
  /** Offset in bytes of what cannot be read; only with `ERR_PHP_SYNTAX` and `ERR_PHP_LIMIT`. */
  offset?: number;
  /**
   * Where in the session the value stands, outermost key first. Not enumerable and not part of the message,
   * as keys can be data (Horde has `horde_prefs_cache/alice||horde`).
   */
  path?: readonly string[];
  /** The bytes around `offset`, for a developer who asked for them (`excerpts`): they become part of the message. */
  excerpt?: string;
  /**
   * The database's error; only its `code`, `errno` and `sqlState` are kept, as drivers put ids and data into messages. The message
   * ends in its code.
   */
  cause?: unknown;
}

const brand = Symbol.for('php-session-bridge/error');

/**
 * The error class of this package. Neither its message nor an enumerable property ever holds a session id, a key,
 * a value or an SQL parameter, so that it can be logged as it is; unless a developer asked for that (`excerpts`).
 *
 * `instanceof` also holds for errors of another copy of the package in the same process.
 */
export class PhpSessionError extends Error {
  /** Stable within a major version; one heading each in `docs/errors.md`. */
  readonly code: PhpSessionErrorCode;
  /** Offset in bytes, from the start of the data that were read. */
  declare readonly offset?: number;
  /** Keys from the session down to the value. Not enumerable. */
  declare readonly path?: readonly string[];
  /**
   * The bytes around `offset`, which `<here>` marks, with `\xff` for what is no printable ASCII. Only with the option `excerpts`; then
   * the message ends in it too. Not enumerable.
   */
  declare readonly excerpt?: string;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  constructor(code: PhpSessionErrorCode, message: string, details: PhpSessionErrorDetails = {}) {
    super(details.excerpt === undefined ? message + nameOf(details.cause) : `${message}: ${details.excerpt}`);
    this.code = code;
    // As Node does for its own errors: what prints `stack` only, such as Koa, prints the code too. The first look makes the text.
    hide(this, 'name', `PhpSessionError [${code}]`);
    void this.stack;
    if (details.offset !== undefined)
      Object.defineProperty(this, 'offset', { value: details.offset, enumerable: true });
    hide(this, brand, true);
    hide(this, 'name', 'PhpSessionError');
    if (details.path !== undefined) hide(this, 'path', details.path);
    if (details.excerpt !== undefined) hide(this, 'excerpt', details.excerpt);
    if (details.cause !== undefined) hide(this, 'cause', withoutData(details.cause));
  }

  override toString(): string {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

function hide(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, configurable: true, writable: true });
}

/** mysql2 puts the id into `message` and the whole statement, data included, into `sql`: only what names the error is kept. */
function withoutData(cause: unknown): unknown {
  if (cause instanceof PhpSessionError) return cause;
  const { code, errno, sqlState } = cause as { code?: unknown; errno?: unknown; sqlState?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof errno === 'number' && { errno }),
    ...(typeof sqlState === 'string' && { sqlState }),
  };
}

/** ` (ER_ACCESS_DENIED_ERROR)`: the name of the database's error, or of the cause of one of ours. */
function nameOf(cause: unknown): string {
  const { code, errno, cause: inner } = (cause ?? {}) as { code?: unknown; errno?: unknown; cause?: unknown };
  const innermost = cause instanceof PhpSessionError ? nameOf(inner) : '';
  if (innermost !== '') return innermost;
  // What mysql2 does not know by name has this one.
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) && code !== 'UNKNOWN_CODE_PLEASE_REPORT') {
    return ` (${code})`;
  }
  return typeof errno === 'number' ? ` (error ${errno})` : '';
}
