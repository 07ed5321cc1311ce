import { type EventEmitter, setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

const signals = new WeakMap<EventEmitter, AbortSignal>();

/**
 * Aborted when the client has gone: it waits for no answer any more.
 *
 * One for all requests that follow each other on a connection: an AbortSignal for each is memory that only a major garbage
 * collection frees, and where many wait it was a tenth of the process's time. (With HTTP/2, `socket` is the request's own
 * stream; where requests come in another way, as with serverless-http, it may be no stream, or nothing.)
 */
export function clientGone({ socket }: IncomingMessage, res: ServerResponse): AbortSignal {
  const line = typeof socket?.once === 'function' ? socket : res;
  let signal = signals.get(line);
  if (signal === undefined) {
    const gone = new AbortController();
    signal = gone.signal;
    setMaxListeners(0, signal); // requests may be pipelined
    signals.set(line, signal);
    line.once('close', () => gone.abort());
    if (line.destroyed) gone.abort();
  }
  return signal;
}
