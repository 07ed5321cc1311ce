import type { IncomingMessage } from 'node:http';
import type { LoginRequest } from '../login/login-gate.ts';
import { readCookie } from '../session/cookie.ts';
import { remoteAddress } from './node-exchange.ts';

/**
 * @param target what the browser asked for, where the framework changes `req.url`
 * @param address of the client, by the framework's setting for proxies
 */
export function nodeRequest(
  req: IncomingMessage,
  target: string | undefined,
  address: string | undefined,
): LoginRequest {
  const { headers, method } = req;
  const header = (name: string) => headers[name]?.toString();
  return {
    method,
    target,
    address: remoteAddress(address),
    userAgent: headers['user-agent'],
    forwardedFor: header('x-forwarded-for'),
    header,
    cookie: (name) => readCookie(headers.cookie, name),
  };
}
