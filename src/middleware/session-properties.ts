import { IncomingMessage } from 'node:http';
import type { HttpSession } from '../session/http-session.ts';
import { homeOf, own } from './framework-prototype.ts';

/** Where a request has its session. A second session, by another name, takes the place of the first for what comes after it. */
const current: unique symbol = Symbol('session');
/** On what has our properties. */
const given: unique symbol = Symbol('given');
type WithSession = { readonly [current]?: HttpSession<object> };

/** Whether a request has a session of other middleware. */
export function hasOtherSession(req: object): boolean {
  const { session, [current]: ours } = req as WithSession & { readonly session?: unknown };
  return ours === undefined && session !== undefined;
}

/**
 * Makes the function that gives a request the properties `session` and `phpSession`. They are the same for all requests: with functions of
 * its own, V8 makes a slow dictionary of each request.
 *
 * @param read gives `req.session`
 */
export function sessionProperties(
  read: (http: HttpSession<object>) => object,
): (req: object, http: HttpSession<object>) => void {
  const properties: PropertyDescriptorMap & ThisType<WithSession> = {
    session: {
      configurable: true,
      get() {
        return this[current] && read(this[current]);
      },
      set(content: object | null) {
        if (this[current]) this[current].data = content as object;
        else own(this, 'session', content); // other middleware's
      },
    },
    phpSession: {
      configurable: true,
      get() {
        return this[current]?.control;
      },
    },
    [given]: { value: true },
  };
  return (req, http) => {
    Object.defineProperty(req, current, { configurable: true, value: http });
    if (Object.hasOwn(req, 'session')) Object.defineProperties(req, properties);
    else if (!(given in req)) Object.defineProperties(homeOf(properties, req, IncomingMessage.prototype), properties);
  };
}
