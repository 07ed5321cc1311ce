import type { Source } from './source.ts';
import { createMap, origin, sessionToken } from './stamps.ts';

/**
 * `$_SESSION` as an object, whose keys are those of the session and nothing else. A value that nobody has looked at yet is an
 * accessor, which becomes the value.
 */
export function createSessionObject(source: Source): Record<string, unknown> {
  return createMap(source, sessionToken);
}

/** What a session was read from. */
export function sourceOf(object: object): Source | undefined {
  const from = origin(object);
  return from?.at === sessionToken ? from.source : undefined;
}

/** Gives the session a variable that is built when it is looked at. */
export function defineLater(object: object, key: string, make: () => unknown): void {
  let build = make;
  const property = { writable: true, enumerable: true, configurable: true };
  const get = () => {
    const value = build();
    unread.delete(get);
    // A frozen session keeps the accessor, which must give the same value again.
    if (!Reflect.defineProperty(object, key, { ...property, value })) build = () => value;
    return value;
  };
  const set = (value: unknown) => {
    Object.defineProperty(object, key, { ...property, value });
  };
  unread.add(get);
  Object.defineProperty(object, key, { get, set, enumerable: true, configurable: true });
}

/** The getters of values that were not looked at. */
const unread = new WeakSet<() => unknown>();

/** Whether nobody has looked at a variable. */
export function isUnread(object: object, key: string): boolean {
  const get = Object.getOwnPropertyDescriptor(object, key)?.get;
  return get !== undefined && unread.has(get);
}
