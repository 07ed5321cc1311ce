import type { IncomingMessage } from 'node:http';
import type { LoginRequest, LoginSessionAccess } from '../login/login-gate.ts';
import { readCookie } from '../session/cookie.ts';
import type { PhpSessionControl } from '../session/http-session.ts';
import { remoteAddress } from './node-exchange.ts';

/** What `phpSession()` has put on Koa's context, or on Express's request. */
export interface SessionHolder {
  readonly session?: object;
  readonly phpSession?: PhpSessionControl;
}

/** @throws TypeError without `phpSession()` in front */
export function sessionAccess(holder: SessionHolder): LoginSessionAccess {
  const { phpSession } = holder;
  if (phpSession === undefined) throw new TypeError('loggedIn() belongs behind phpSession()');
  return {
    get data() {
      return holder.session;
    },
    get columns() {
      return phpSession.columns;
    },
    lock: () => phpSession.lock(),
  };
}

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
