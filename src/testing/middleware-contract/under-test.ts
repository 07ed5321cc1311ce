import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { SessionData } from '../../codec/index.ts';
import type { PhpSessionControl } from '../../session/http-session.ts';
import type { SessionOptions } from '../../session/options.ts';

/** One request, as the handlers of the framework's applications have it. */
export interface Visit {
  /** `$_SESSION`. Setting it to `null` is a logout. */
  get session(): SessionData;
  set session(content: SessionData | null);
  readonly control: PhpSessionControl;
  /** Node's request and answer, where the framework gives them to its handlers. */
  readonly req?: IncomingMessage;
  readonly res?: ServerResponse;
}

/** An application that the contract asks for. */
export interface SiteOptions {
  /** The session's middleware is to be mounted once with each of these, the first outermost. Usually it is one. */
  readonly sessions: readonly SessionOptions[];
  /**
   * To be called between two mounted sessions, if there are several, with what the outer one gives.
   *
   * It returns at once.
   */
  between(outer: Visit): void;
  /**
   * To be called by the application's only handler, for each request.
   *
   * @returns text or a stream, which is the answer's body; or `undefined`, if it has answered by `visit.res`
   * @throws what the handler is to fail with
   */
  handle(visit: Visit): Promise<string | Readable | undefined>;
  /** To be called where the framework's application learns of errors, of those that it has answered too. */
  onError(error: unknown): void;
  /** To be called where the application learns that a visitor has logged out while his request ran. */
  onGone(): void;
}

export interface MiddlewareUnderTest {
  /** A new application. The contract serves it by `node:http` on 127.0.0.1. */
  make(options: SiteOptions): RequestListener | Promise<RequestListener>;
  /** Whether handlers can answer by Node's `res`, while they run. Default `true`. */
  answersByHand?: boolean;
  /** Whether the session waits for the request's body before it takes its lock. Default `true`. */
  waitsForBody?: boolean;
}
