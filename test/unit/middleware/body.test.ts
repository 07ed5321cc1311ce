import { type IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { bodyArrives } from '../../../src/middleware/body.ts';

/** When nothing is waited for. What clients really send is the matter of test/integration/koa-body.test.ts. */

/** A request of Node's server whose head has arrived. */
function request(headers: IncomingHttpHeaders, socket: unknown = { bytesRead: 100 }): IncomingMessage {
  return Object.assign(new IncomingMessage(socket as Socket), { headers, httpVersionMajor: 1 });
}

const arrives = (req: IncomingMessage) => bodyArrives(req, new ServerResponse(req));
const coming = { 'content-length': '4' };

test('a body that is to come is waited for', async () => {
  const req = request(coming);
  const arriving = arrives(req);
  expect(arriving).toBeInstanceOf(Promise);
  req.push('body');
  req.push(null);
  expect(await arriving).toBe('whole');
});

test.each<[string, () => IncomingMessage]>([
  ['there is no body', () => request({})],
  ['its length is 0', () => request({ 'content-length': '0' })],
  [
    'there is no body, with HTTP/2',
    () => Object.assign(request({}), { httpVersionMajor: 2, stream: { endAfterHeaders: true } }),
  ],
  ['all of it has come', () => Object.assign(request(coming), { complete: true })],
  [
    'as much as there is to come is in the buffer',
    () => {
      const req = request(coming);
      req.push('body');
      return req;
    },
  ],
  ['the request was destroyed', () => request(coming, { bytesRead: 100, destroyed: true }).destroy()],
  ['it did not come by a socket', () => request(coming, null)],
  ['it came by something that stands for one', () => request(coming, { remoteAddress: '127.0.0.1' })],
  ['nothing has come by its socket', () => request(coming, new Socket())],
  [
    'the request is no Node server’s',
    () => Object.assign(Readable.from(['body']), { headers: coming }) as unknown as IncomingMessage,
  ],
])('at once, without a promise: %s', (_, make) => {
  expect(arrives(make())).toBeUndefined();
});

test('no listener is left, and nothing is read', async () => {
  const req = request({ 'transfer-encoding': 'chunked' });
  const res = new ServerResponse(req);
  const before = [req, res].map((one) => one.eventNames());
  const arriving = bodyArrives(req, res);
  req.push('body');
  req.push(null);
  await arriving;
  expect([req, res].map((one) => one.eventNames())).toEqual(before);
  expect([req.readableFlowing, req.readableLength, req.readableDidRead]).toEqual([null, 4, false]);
});
