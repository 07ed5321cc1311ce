import { STATUS_CODES } from 'node:http';
import { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';

/** Answers with 503 and Retry-After: the session is safe, but it could not be had or saved now. */
const retryLater: ReadonlySet<PhpSessionErrorCode> = new Set<PhpSessionErrorCode>([
  'ERR_SESSION_LOCK_TIMEOUT',
  'ERR_SESSION_BUSY',
  'ERR_SESSION_UNAVAILABLE',
  'ERR_SESSION_CONFLICT',
  'ERR_SESSION_OUTCOME_UNKNOWN',
]);

/** Only reported to the application: what is stored is right, and the answer is what it would be without the change. */
const late: ReadonlySet<PhpSessionErrorCode> = new Set<PhpSessionErrorCode>([
  'ERR_SESSION_CLOSED',
  'ERR_SESSION_READONLY',
]);

/** How frameworks learn from an error what to answer: Koa, Express, Fastify and h3 take the properties, and Hono calls `getResponse()`. */
export interface HttpError {
  /** 503 or 500. */
  readonly status: number;
  /** `Retry-After` with 503. */
  readonly headers: Readonly<Record<string, string>>;
  /** `false`: the message is not for the client. */
  readonly expose: false;
  /** The answer as one of the web's. */
  getResponse(): Response;
}

/** Gives an error of this package the `HttpError` of its answer. Others stay as they are. */
export function toHttp(error: unknown): unknown {
  if (!(error instanceof PhpSessionError)) return error;
  const status = retryLater.has(error.code) ? 503 : 500;
  const headers = status === 503 ? { 'Retry-After': '1' } : {};
  const http: Omit<HttpError, 'getResponse'> = { status, headers, expose: false };
  const getResponse = () => new Response(STATUS_CODES[status], { status, headers });
  // Not printed with the error.
  return Object.defineProperty(Object.assign(error, http), 'getResponse', { configurable: true, value: getResponse });
}

/** Whether an error changes nothing in the answer. */
export function isLate(error: unknown): boolean {
  return error instanceof PhpSessionError && late.has(error.code);
}
