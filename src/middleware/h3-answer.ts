import { isMap } from '../codec/source/origins.ts';
import type { HttpSession } from '../session/http-session.ts';
import type { WebExchange } from './web-exchange.ts';

/** What is used of the event of h3 2. */
export interface WebEvent {
  readonly req: Request;
  /** Headers for the answer, and those for the answer of an error. h3 2.0.1 release candidates have no `errHeaders`. */
  readonly res: { readonly headers: Headers; readonly errHeaders?: Headers };
}

export function isWebEvent(event: { readonly req: object }): event is WebEvent {
  return typeof (event.req as Request).headers?.get === 'function';
}

/**
 * Opens a session where h3 does not say when a handler has ended: it is saved when the answer begins.
 *
 * @throws PhpSessionError if it cannot be opened; ClientGone
 */
export function openUntilAnswer(http: HttpSession<object>): Promise<void> {
  return new Promise((resolve, reject) => {
    http.serveUntilAnswer(resolve).then(() => reject(new ClientGone()), reject);
  });
}

/** An answer of h3 2, whose middleware is around the handler: a session that the handler has opened is saved when that has ended. */
export class Answer {
  readonly #event: WebEvent;
  readonly #exchange: WebExchange;
  #handled: Promise<unknown> | undefined;
  #isOpen = false;
  /** The handler ended before the session was open, and the answer goes out without it. */
  #isLate = false;
  #thrown: unknown;
  #saved: Promise<void> | undefined;

  constructor(event: WebEvent, exchange: WebExchange) {
    this.#event = event;
    this.#exchange = exchange;
  }

  /** @throws PhpSessionError if it cannot be opened; ClientGone */
  open(http: HttpSession<object>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#saved = http.serve(async () => {
        this.#isOpen = true;
        resolve();
        await this.#handled;
      });
      this.#saved.then(
        () => reject(new ClientGone()),
        (error) => {
          reject(error);
          // The handler has its session, and h3 its answer: nobody else gets this.
          if (this.#isOpen && this.#isLate && error !== this.#thrown) http.report(error);
        },
      );
    });
  }

  /**
   * @returns what the handlers after this one return
   * @throws what they throw; PhpSessionError if the session cannot be saved
   */
  async after(next: () => unknown): Promise<unknown> {
    const handled = Promise.resolve().then(next).then(asOfOthers);
    this.#handled = handled;
    const result = await handled.catch((error) => {
      this.#thrown = error;
    });
    try {
      if (this.#isOpen) await this.#saved;
      else this.#isLate = true;
    } finally {
      const own = (result as { headers?: unknown } | undefined)?.headers;
      const { headers, errHeaders } = this.#event.res;
      this.#exchange.addTo(headers, own instanceof Headers ? own : headers);
      if (errHeaders !== undefined) this.#exchange.addTo(errHeaders);
    }
    return handled;
  }
}

/**
 * What h3 makes of a result: an error that is returned is thrown, and a map of a session becomes JSON. h3 does that for object literals
 * alone, and would send `[object Object]`.
 */
function asOfOthers(result: unknown): unknown {
  if (result instanceof Error) throw result;
  return typeof result === 'object' && result !== null && isMap(result) ? { ...result } : result;
}

/** Nobody waits for the answer. h3 1 and 2 take this for an error of their own, so that they do not print it. */
class ClientGone extends Error {
  static readonly __h3_error__ = true;
  override readonly name = 'HTTPError';
  readonly status = 499;
  readonly statusCode = 499;

  constructor() {
    super('The client has gone while its request waited for the session');
  }

  toJSON(): object {
    return { status: this.status };
  }
}
