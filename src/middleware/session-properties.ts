import type { HttpSession } from '../session/http-session.ts';

/** Where a request has its session. A second session, by another name, takes the place of the first for what comes after it. */
const current: unique symbol = Symbol('session');
type WithSession = { readonly [current]: HttpSession<object> };

/** Whether a request has a session of ours. */
export function hasSession(req: object): boolean {
  return current in req;
}

/**
 * Makes the function that gives a request the properties `session` and `phpSession`. They are the same for all requests: with functions of
 * its own, V8 makes a slow dictionary of each request.
 *
 * They are on the request itself, and not on what it inherits from: Express replaces that where it goes into an application in the
 * application.
 *
 * @param read gives `req.session`
 */
export function sessionProperties(
  read: (http: HttpSession<object>) => object,
): (req: object, http: HttpSession<object>) => void {
  const properties: PropertyDescriptorMap = {
    session: {
      configurable: true,
      get(this: WithSession) {
        return read(this[current]);
      },
      set(this: WithSession, content: object | null) {
        this[current].data = content as object;
      },
    },
    phpSession: {
      configurable: true,
      get(this: WithSession) {
        return this[current].control;
      },
    },
  };
  return (req, http) => {
    const isFirst = !hasSession(req);
    Object.defineProperty(req, current, { configurable: true, value: http });
    if (isFirst) Object.defineProperties(req, properties);
  };
}
