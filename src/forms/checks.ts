import { isObject } from '../codec/values.ts';

/** @throws TypeError where there is no session, as in the mode `none` or in front of the middleware */
export function sessionObject(data: unknown, owner: string): object {
  if (isObject(data)) return data;
  throw new TypeError(`${owner} needs the session: ctx.session in Koa, req.session in Express, behind phpSession()`);
}

/** @throws TypeError */
export function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${name} must be a text`);
}
