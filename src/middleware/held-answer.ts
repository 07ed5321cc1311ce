import { ServerResponse, STATUS_CODES } from 'node:http';
import type { HttpError } from '../session/http-error.ts';
import { homeOf, own } from './framework-prototype.ts';

type Call = (...args: unknown[]) => unknown;

/** By these an answer begins, and goes on. Whatever else sends something, calls one of them. */
interface Sending {
  writeHead: Call;
  flushHeaders: Call;
  write: Call;
  end: Call;
  /** Node's own, of HTTP/1 alone: what calls it has not called `writeHead()`. */
  _implicitHeader?: Call | undefined;
}
/** What Node refuses once the headers are out. */
interface Headers {
  setHeader: Call;
  appendHeader: Call;
  removeHeader: Call;
}
type Answer = Sending & Headers;
type Method = keyof Answer;
/** Where an answer has its `HeldAnswer`. */
const held: unique symbol = Symbol('held');
type Held = Omit<ServerResponse, Method> & Answer & { _contentLength?: number | null; [held]?: HeldAnswer };

/** The word in Node's message when it refuses. */
const refused: Readonly<Partial<Record<Method, string>>> = {
  setHeader: 'set',
  appendHeader: 'append',
  removeHeader: 'remove',
};

let sessionSets = false;

/** Sets a header for a session: its cookie may come while the answer waits. */
export function setHeader(res: ServerResponse, name: string, value: string | readonly string[]): void {
  sessionSets = true;
  try {
    res.setHeader(name, value);
  } finally {
    sessionSets = false;
  }
}

/**
 * Notices when the headers of an answer are about to go out. If there is something to wait for then, it holds the answer back: what the
 * application sends meanwhile is sent afterwards, in order. For the application it looks as if it had been sent to a slow client:
 * `headersSent` is true, headers and status stay as they are, `write()` returns false, and `'drain'` comes later.
 */
export class HeldAnswer {
  readonly #res: Held;
  #work: () => Promise<void> | undefined = () => undefined;
  #report: (error: unknown) => void = () => undefined;
  /** What our methods stand in front of. They stay there, and pass on: to delete a property would cost 4 us a request. */
  readonly #originals: Answer;
  /** Our methods, as the answer has them now. */
  readonly #ours: Partial<Answer> = {};
  /** `before` the headers; `waiting` for the work; `open`: all is sent at once; `failed`: nothing more is sent. */
  #state: 'before' | 'waiting' | 'open' | 'failed' = 'before';
  /** What the application has sent while it waits. */
  #calls: (readonly [keyof Sending, unknown[]])[] = [];
  #isEnded = false;
  #needsDrain = false;
  /** As they were when the answer began to wait. */
  #status: Pick<ServerResponse, 'statusCode' | 'statusMessage'> | undefined;

  /** Another one of the same answer, for another session of the request. Ours calls its methods. */
  readonly #inner: HeldAnswer | undefined;

  constructor(res: ServerResponse) {
    this.#res = res as unknown as Held;
    const { writeHead, flushHeaders, write, end, _implicitHeader, setHeader, appendHeader, removeHeader } = this.#res;
    this.#originals = { writeHead, flushHeaders, write, end, _implicitHeader, setHeader, appendHeader, removeHeader };
    for (const method of methods) this.#stand(method);
    this.#inner = this.#res[held];
    Object.defineProperty(res, held, { configurable: true, value: this });
    if (this.#isInFront) return;
    const properties = _implicitHeader ? accessors : accessorsOfHttp2;
    const home = homeOf(properties, res, ServerResponse.prototype);
    Object.defineProperties(home, properties);
    // Other middleware may have given this answer methods of its own.
    if (home !== res && !this.#isInFront) Object.defineProperties(res, properties);
  }

  /** Whether the application finds our methods. */
  get #isInFront(): boolean {
    return methods.every((method) => this.#res[method] === this.#ours[method]);
  }

  /** Puts ours in front of the method that stands there. */
  #stand(method: Method): void {
    const before = this.#originals[method];
    if (before === undefined) return;
    const word = refused[method];
    const ours: Call = (...args) => {
      if (this.#ours[method] !== ours) return before.apply(this.#res, args);
      if (word === undefined) return this.#call(method as keyof Sending, args);
      return this.#state === 'waiting' && !sessionSets ? refuse(word) : before.apply(this.#res, args);
    };
    this.#ours[method] = ours;
  }

  /**
   * @param work called once, before the headers go out; they wait for its promise, and if that is rejected, its error is the answer
   * @param report gets what Node refuses of the answer afterwards: the application's call has returned already
   */
  before(work: () => Promise<void> | undefined, report: (error: unknown) => void): void {
    this.#work = work;
    this.#report = report;
  }

  /** See `HttpExchange`. */
  beginAtPipe(): void {
    this.#res.once('pipe', () => {
      if (this.#state === 'before') this.#begin();
    });
  }

  /**
   * Whether no header can be set any more. `res.headersSent` is true as soon as the answer waits, here or for another session of the
   * same request.
   */
  get headersSent(): boolean {
    if (this.#state === 'open' || this.#state === 'failed') return this.#res.headersSent;
    return ofNode(this.#res, 'headersSent');
  }

  #call(method: keyof Sending, args: unknown[]): unknown {
    if (method === '_implicitHeader') {
      // As in `res.end(await page())`, where `res.end` was looked up before `page()` used the session: Node's own method is running, and
      // cannot be held any more. It needs the headers now.
      if (this.#state === 'before') this.#state = 'open';
      if (this.#state === 'waiting') {
        this.#res._contentLength = null; // Node's: that of the call that is running
        this.#send();
      }
      if (this.headersSent) return undefined;
    } else if (this.#state === 'before') {
      if (method === 'writeHead') args = this.#withHeadSet(args);
      this.#begin();
    }
    if (this.#state === 'open') return this.#originals[method]!.apply(this.#res, args);
    if (this.#state === 'failed') drop(args);
    else if (method === 'writeHead' && this.#calls.length > 0) refuse('write');
    else this.#calls.push([method, args]);
    if (method === 'end') this.#isEnded = true;
    if (method !== 'write') return method === 'flushHeaders' ? undefined : this.#res;
    this.#needsDrain ||= this.#state === 'waiting';
    return this.#state === 'failed';
  }

  #begin(): void {
    this.#state = 'open';
    const work = this.#work();
    if (work === undefined) return;
    this.#state = 'waiting';
    this.#freeze();
    const unlessSent = (go: (error: unknown) => void) => (result: unknown) => {
      if (this.#state === 'waiting') go(result);
    };
    void work.then(
      unlessSent(() => this.#send()),
      unlessSent((error) => this.#fail(error)),
    );
  }

  /** As Node does when the headers are out. An answer that is sent twice would have the length of the second one else. */
  #freeze(): void {
    const res = this.#res;
    const { statusCode } = res;
    const isHttp1 = res.req.httpVersionMajor < 2; // HTTP/2 has no message, and Node warns of who asks for it
    this.#status = isHttp1 ? { statusCode, statusMessage: res.statusMessage } : ({ statusCode } as never);
  }

  /**
   * Headers that `writeHead()` is given would replace the session's cookie. If they are set first, it comes beside them. And whether the
   * handler has failed is seen by the status.
   */
  #withHeadSet([status, ...more]: unknown[]): unknown[] {
    this.#res.statusCode = Number(status);
    const headers = typeof more.at(-1) === 'object' ? more.pop() : undefined;
    for (const [name, values] of byName(headers)) this.#res.setHeader(name, values);
    return [status, ...more];
  }

  #send(): void {
    this.#state = 'open';
    Object.assign(this.#res, this.#status);
    const calls = this.#calls;
    this.#calls = []; // a long stream need not keep what it began with
    let hasRoom = true;
    let passed = 0;
    try {
      for (const [method, args] of calls) {
        const result = this.#originals[method]!.apply(this.#res, args);
        passed++;
        if (method === 'write') hasRoom = result !== false; // if not, Node emits 'drain'
      }
    } catch (error) {
      this.#calls = calls.slice(passed); // Node calls the callbacks of the others
      this.#report(error);
      this.#fail(error);
      return;
    }
    if (hasRoom) this.#drain();
  }

  #fail(error: unknown): void {
    const res = this.#res;
    this.#state = 'open'; // Node's own methods call each other
    if (res.headersSent) res.destroy();
    else this.#answer(error as Partial<HttpError>);
    this.#state = 'failed';
    for (const [, args] of this.#calls) drop(args, error);
    // Who waits for room goes on, and what else he sends is dropped.
    this.#drain();
  }

  /** Tells who waits for room that there is some. Compression lets them wait for its own stream: it is what its `on()` returns. */
  #drain(): void {
    if (!this.#needsDrain || this.#isEnded) return;
    const nothing = () => undefined;
    const stream = this.#res.on('drain', nothing);
    stream.removeListener('drain', nothing);
    stream.emit('drain');
  }

  #answer({ status = 500, headers = {} }: Partial<HttpError>): void {
    const res = this.#res;
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    res.statusCode = status;
    if (res.req.httpVersionMajor < 2) res.statusMessage = STATUS_CODES[status]!;
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    this.#originals.end.call(res, STATUS_CODES[status]);
  }

  /** What an answer has in the place of Node's properties. */
  static descriptors(names: readonly Method[]): PropertyDescriptorMap {
    const descriptors: PropertyDescriptorMap = {};
    for (const method of names) {
      descriptors[method] = {
        configurable: true,
        enumerable: true,
        get(this: Held) {
          const answer = this[held];
          return answer === undefined ? ServerResponse.prototype[method as 'end'] : answer.#ours[method];
        },
        // Other middleware may put its own methods in front of ours later, as compression does. They begin the headers in other ways than
        // we can hold, so ours go in front of theirs again. What they have got as the method before theirs passes on to the one before that.
        set(this: Held, theirs: Call) {
          const answer = this[held];
          if (answer === undefined) {
            own(this, method, theirs);
            return;
          }
          answer.#originals[method] = theirs;
          answer.#stand(method);
        },
      };
    }
    const property = (name: 'headersSent' | 'writableEnded', whileWaiting: (answer: HeldAnswer) => boolean) => {
      descriptors[name] = {
        configurable: true,
        enumerable: false,
        get(this: Held) {
          const waiting = this[held]?.waiting;
          return waiting === undefined ? ofNode(this, name) : whileWaiting(waiting);
        },
      };
    };
    property('headersSent', () => true);
    property('writableEnded', (answer) => answer.#isEnded);
    return descriptors;
  }

  /** The one of this answer that waits, if one does. */
  get waiting(): HeldAnswer | undefined {
    return this.#state === 'waiting' ? this : this.#inner?.waiting;
  }
}

const methods = [
  'writeHead',
  'flushHeaders',
  'write',
  'end',
  'setHeader',
  'appendHeader',
  'removeHeader',
  '_implicitHeader',
] as const;

// The same functions for all answers. With functions of their own V8 makes a slow dictionary of each answer, and then all that Node does
// with it takes longer: a request in Express took twice as long.
const accessors = HeldAnswer.descriptors(methods);
const accessorsOfHttp2 = HeldAnswer.descriptors(methods.slice(0, -1));

/** Node's own property, which ours hides. */
function ofNode(res: Held, name: 'headersSent' | 'writableEnded'): boolean {
  const node = res instanceof ServerResponse ? ServerResponse.prototype : Object.getPrototypeOf(res);
  return Reflect.get(node, name, res) as boolean;
}

/** @throws Error as Node's */
function refuse(word: string): never {
  const message = `Cannot ${word} headers after they are sent to the client`;
  throw Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' });
}

/** Calls the callback of a `write()` or `end()` that sends nothing. */
function drop(args: readonly unknown[], error: unknown = new Error('The answer has failed')): void {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback as (error: unknown) => void, error);
}

/** The headers of `writeHead()`: an object, `[name, value, …]`, or `[[name, value], …]`. In arrays a name may come twice, in any case. */
function byName(headers: unknown): [string, string | string[]][] {
  const pairs = Array.isArray(headers)
    ? Array.isArray(headers[0])
      ? headers
      : headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : []))
    : Object.entries(headers ?? {});
  const found = new Map<string, [string, string | string[]]>();
  for (const [name, value] of pairs as [string, string | string[]][]) {
    const key = String(name).toLowerCase();
    const [, before] = found.get(key) ?? [];
    found.set(key, [name, before === undefined || !Array.isArray(headers) ? value : [before, value].flat()]);
  }
  return [...found.values()];
}
