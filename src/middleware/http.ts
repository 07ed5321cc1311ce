/**
 * PHP's `$_SESSION` in servers of plain `node:http`, `node:https` and `node:http2`: `import { phpSession } from 'php-session-bridge/http'`.
 */
import '../node-version.ts';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import type { HttpError } from '../session/http-error.ts';
import { HttpSession, type PhpSessionControl } from '../session/http-session.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { CallbackApplication, type Callbacks, callbacks } from './callback-application.ts';
import { NodeExchange } from './node-exchange.ts';
import { sessionProperties } from './session-properties.ts';

export type { Callbacks } from './callback-application.ts';
export * from './public.ts';

/** What `phpSession()` adds to the request. */
export interface PhpSessionRequest<T extends object = SessionData> {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it to `null` is a logout. */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

/** `onError` prints by default. It gets each error that has become an answer, those of the handler too. */
export interface HttpSessionOptions<Req extends object = IncomingMessage>
  extends SessionOptions,
    Partial<Callbacks<Req>> {
  /** The client's address, for stores that keep it. Default: that of the connection. Behind a proxy, take it from the header that it sets. */
  address?: (req: Req) => string | undefined;
}

/**
 * A listener that opens PHP's session before the handler, under the same lock as PHP. The session is saved when the answer begins: its first
 * byte waits for that. What is changed later is not saved, and reported.
 *
 * An error of the handler, or of opening or saving the session, becomes an answer: 500, or what its `status` and `headers` say, with the
 * text of the status.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * const options = { store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) };
 * const listener = phpSession(options, (req, res) => {
 *   req.session.count = (req.session.count ?? 0) + 1;
 *   res.end(`Visit ${req.session.count}`);
 * });
 * createServer(listener).listen(3000);
 */
export function phpSession<
  T extends object = SessionData,
  Req extends object = IncomingMessage,
  Res extends object = ServerResponse,
>(
  options: HttpSessionOptions<Req>,
  handler: (req: Req & PhpSessionRequest<T>, res: Res) => unknown,
): (req: Req, res: Res) => void {
  const { onError, onGone, onConflictDecided, address, ...others } = options ?? {};
  const config = settings(others as SessionOptions);
  const told = callbacks<Req>({ onError, onGone, onConflictDecided }, (error) => console.error(error));
  if (typeof handler !== 'function')
    throw new TypeError('phpSession() needs a handler: phpSession({ store }, (req, res) => …)');
  return function phpSession(request, response) {
    // HTTP/2 has the same interface, by other types.
    const [req, res] = [request as unknown as IncomingMessage, response as unknown as ServerResponse];
    const exchange = new NodeExchange(req, res, address && (() => address(request)));
    exchange.hold();
    const report = (error: unknown) => told.onError(error, request);
    const fail = (error: unknown) => {
      report(error);
      try {
        answer(res, error, report);
      } catch (failure) {
        report(failure);
        res.destroy();
      }
    };
    try {
      const http = new HttpSession<T>(config, exchange, new CallbackApplication(request, res, told));
      const handle = async () => {
        give(request, http as unknown as HttpSession<object>);
        await handler(request as Req & PhpSessionRequest<T>, response);
      };
      http.serveUntilAnswer(() => void handle().catch(fail)).catch(fail);
    } catch (error) {
      fail(error); // of the option `mode`
    }
  };
}

const give = sessionProperties((http) => http.data);

/** What describes a page that is not sent. */
const describing = ['Content-Encoding', 'Content-Language', 'Content-Range', 'Content-Length', 'ETag', 'Last-Modified'];

/**
 * The answer of an error. One that has begun already is cut off, so that the client does not take it for whole.
 *
 * @param report gets why a header of the error is none
 */
function answer(res: ServerResponse, error: unknown, report: (failure: unknown) => void): void {
  if (res.writableEnded) return;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { status, headers } = (error ?? {}) as Partial<HttpError>;
  for (const name of describing) res.removeHeader(name);
  for (const [name, value] of Object.entries(headers ?? {})) {
    try {
      res.setHeader(name, value);
    } catch (failure) {
      report(failure); // with no answer at all the session would stay locked
    }
  }
  res.statusCode = isError(status) ? status : 500;
  if (res.req.httpVersionMajor < 2) res.statusMessage = STATUS_CODES[res.statusCode] ?? '';
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end(STATUS_CODES[res.statusCode]);
}

function isError(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
}
