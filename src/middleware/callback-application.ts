import type { ServerResponse } from 'node:http';
import { anyFunction, type OptionRules, readByRules } from '../option-rules.ts';
import type { Application } from '../session/http-exchange.ts';

/** Options of frameworks whose applications have no events of their own for this. */
export interface Callbacks<Request> {
  /**
   * Gets what changes nothing in the answer, such as a change that came too late to be saved, and the error that has become the answer
   * because the session could not be saved.
   */
  onError(error: unknown, request: Request): void;
  /** The visitor logged out while the request ran: nothing of it is stored. */
  onGone(request: Request): void;
  /**
   * Other requests have changed the same parts of the session, and the option `onConflict` has decided; or a login has emptied them, and
   * what this request changed in them is not stored.
   */
  onConflictDecided(paths: readonly (readonly string[])[], request: Request): void;
}

/** @throws TypeError if one of them is no function */
export function callbacks<Request>(
  { onError, onGone, onConflictDecided }: { [Name in keyof Callbacks<Request>]?: Callbacks<Request>[Name] | undefined },
  report: Callbacks<Request>['onError'],
): Callbacks<Request> {
  const rules: OptionRules<Callbacks<Request>> = {
    onError: { default: report, ...anyFunction },
    onGone: { default: () => undefined, ...anyFunction },
    onConflictDecided: { default: () => undefined, ...anyFunction },
  };
  return readByRules(
    rules,
    { onError, onGone, onConflictDecided } as Callbacks<Request>,
    'phpSession()',
  ) as Callbacks<Request>;
}

/** Tells the application by callbacks what happens to a session, in frameworks that have no events for it. */
export class CallbackApplication<Request> implements Application {
  readonly context: Request;
  readonly #res: ServerResponse | undefined;
  readonly #callbacks: Callbacks<Request>;

  /** @param res Node's answer; without one nobody knows when an answer is complete */
  constructor(context: Request, res: ServerResponse | undefined, callbacks: Callbacks<Request>) {
    this.context = context;
    this.#res = res;
    this.#callbacks = callbacks;
  }

  onGone(): void {
    this.#callbacks.onGone(this.context);
  }

  onConflict(paths: readonly (readonly string[])[]): void {
    this.#callbacks.onConflictDecided(paths, this.context);
  }

  onError(error: unknown): void {
    this.#callbacks.onError(error, this.context);
  }

  afterAnswer(work: () => void): void {
    this.#res?.once('close', () => setImmediate(work)); // a handler may have waited for the same event
  }

  hasFailed(): boolean {
    return this.#res !== undefined && this.#res.statusCode >= 500;
  }
}
