import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Arrival } from '../session/http-exchange.ts';

/**
 * Waits for the body of a request as far as that can be done without reading it: a client must not have a lock, or a connection to
 * the database, for as long as it likes to take for its body. (PHP behind nginx has the body before it begins.)
 *
 * Nothing is taken out of the request, and nothing is set in it: a later reader of any kind finds it as it came. The
 * buffer is Node's, of `readableHighWaterMark` bytes. A client that never sends its body is ended by Node, after
 * `server.requestTimeout`.
 *
 * @returns `undefined` if there is nothing to wait for
 */
export function bodyArrives(req: IncomingMessage, res: ServerResponse): Promise<Arrival> | undefined {
  if (!isComing(req)) return undefined;
  if (isHeldBack(req, res)) return Promise.resolve('more');
  return new Promise((resolve) => {
    const end = (arrival: Arrival): void => {
      req.off('close', leave);
      res.off('close', leave);
      resolve(arrival);
    };
    const leave = () => end('gone');
    // What came in the same packet may be the rest, or a reader may be at work already. If neither is so, nothing comes any more.
    const isFull = () =>
      setImmediate(() => {
        if (req.readableLength >= req.readableHighWaterMark) end('more');
      });

    // Node calls this for what it receives. A listener to 'readable' would see it too, but it stops other readers. And Node then keeps a
    // body that is not read, so that the connection is lost for the next request.
    const { push } = req;
    req.push = (chunk, encoding) => {
      const hasRoom = push.call(req, chunk, encoding);
      if (chunk === null) end('whole');
      else if (!hasRoom) isFull();
      return hasRoom;
    };
    req.once('close', leave);
    res.once('close', leave);
    if (req.readableLength >= req.readableHighWaterMark) isFull();
    else receive(req);
  });
}

/** Whether something of a body is still to come from a client. */
function isComing(req: IncomingMessage): boolean {
  const { headers, socket } = req;
  if (req.complete || req.destroyed) return false;
  // Where requests come in another way, as with serverless-http, no client sends anything by this socket.
  if (!(socket?.bytesRead > 0)) return false;
  if (isHttp2(req)) return !req.stream.endAfterHeaders;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > req.readableLength;
}

/** Whether the client waits for a word to send it. Node gives it, unless there is a listener to 'checkContinue'. */
function isHeldBack(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.headers.expect?.toLowerCase() !== '100-continue') return false;
  if (isHttp2(req)) return !((req.stream.sentInfoHeaders?.length ?? 0) > 0);
  return !(res as unknown as { _sent100: boolean })._sent100;
}

/**
 * Lets the body come into the buffer. With HTTP/1 it does so by itself; with HTTP/2 only when it is read. Node ends a stream that
 * was not read after the answer, whatever is still to come. From here on that is our work.
 */
function receive(req: IncomingMessage): void {
  if (!isHttp2(req)) return;
  req.read(0);
  req.stream.once('finish', () => {
    if (req.readableFlowing === null && !req.readableDidRead) req.resume();
  });
}

function isHttp2(req: unknown): req is Http2ServerRequest {
  return (req as IncomingMessage).httpVersionMajor >= 2;
}
