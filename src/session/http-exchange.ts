import type { Visitor } from '../stores/store.ts';

/**
 * What has come of a request's body: `whole`; or as much as fits into the request's buffer, so that `more` comes only when
 * it is read; or it is `gone`, with the client, or because the request has been answered already.
 */
export type Arrival = 'whole' | 'more' | 'gone';

/** One request and its answer, as an adapter shows them to the session. `NodeExchange` is the one for `node:http`. */
export interface HttpExchange extends Visitor {
  /** The framework's request: by this object it is noticed that one request has the same session twice. */
  readonly request: object;
  /** The request's header `Cookie`. */
  readonly cookieHeader: string | undefined;
  /** The request's target with its query, for the option `useOnlyCookies: false`. */
  readonly url?: string | undefined;
  /** The fields of a form, if the body parser came first, for the same. */
  readonly form?: unknown;
  /** Whether the headers have gone out, so that none can be set any more. */
  readonly headersSent: boolean;
  /** Whether the answer is complete. While the session waits for its lock, other middleware may have given up and answered. */
  readonly isAnswered: boolean;
  hasHeader(name: string): boolean;
  /** @param isFinal whether it counts also where the application sets it too, in an answer that is made later */
  setHeader(name: string, value: string, isFinal?: boolean): void;
  /** All values of `Set-Cookie` that are set so far. */
  cookies(): readonly string[];
  /** Replaces all values of `Set-Cookie`. */
  setCookies(values: readonly string[]): void;
  /**
   * Calls `work` once, when the headers are about to go out and can still be set. If it returns a promise, the answer waits for it. If
   * that is rejected, nothing of the answer is sent, but `error.status` with `error.headers` instead. It is asked for once a request.
   *
   * A framework whose handlers return their answer, so that all of it is sent after the session was saved, calls it then.
   *
   * @param report is called if the answer that has waited cannot be sent, for a reason that the handler did not get
   */
  beforeHeaders(work: () => Promise<void> | undefined, report: (error: unknown) => void): void;
  /**
   * To be called when the client has gone before the answer began. From here on a stream that is piped into the answer begins it: nothing of
   * the stream will be written, as `sendFile()` and the like stop it at once.
   */
  beginAtPipe?(): void;
  /** Aborted when the client has gone. */
  clientGone(): AbortSignal;
  /** Waits for the request's body as far as that can be done without reading it. `undefined`: there is nothing to wait for. */
  bodyArrives?(): Promise<Arrival> | undefined;
}

/** How the session reports to the application. */
export interface Application {
  /** What the option `mode` is called with, if it is a function: the framework's context, or its request. */
  readonly context: unknown;
  /** The row has gone while the request ran: its visitor has logged out. Nothing that this request read is stored. */
  onGone(): void;
  /** Other requests have changed the same parts of the session, and the option `onConflict` has decided. */
  onConflict(paths: readonly (readonly string[])[]): void;
  /** A failure that changes nothing in the answer, such as a change that came too late to be saved. */
  onError(error: unknown): void;
  /**
   * Calls `work` when the answer is complete, if it goes on after the handler has ended: a stream, or an answer by hand. An adapter
   * whose answers never do leaves this out.
   */
  afterAnswer?(work: () => void): void;
  /** Whether the handler has failed, where the framework does not wait for it: then the option `discardOnError` asks this. */
  hasFailed?(): boolean;
}
