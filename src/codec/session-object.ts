import type { Variable } from './formats/format.ts';
import type { Source } from './source.ts';
import { createMap, origin, sessionToken } from './stamps.ts';

/**
 * `$_SESSION` as an object, whose keys are those of the session and nothing else. A value that is built when somebody looks at
 * it is an accessor, until it is set.
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
export function defineLater(session: object, key: string, source: Source, variable: Variable): void {
  source.unread ??= new Map();
  source.unread.set(key, variable);
  Object.defineProperty(session, key, accessor(key));
}

/** Whether nobody has looked at a variable. */
export function isUnread(session: object, key: string, source: Source): boolean {
  // It may also have been deleted, and given anew.
  return source.unread?.has(key) === true && Object.getOwnPropertyDescriptor(session, key)?.get !== undefined;
}

/**
 * Accessors by name, for all sessions: V8 makes a hidden class for each accessor that it has not seen, and one that belongs to
 * a session would keep all of that session until the next full garbage collection.
 */
const accessors: Map<string, PropertyDescriptor> = new Map();

function accessor(key: string): PropertyDescriptor {
  const known = accessors.get(key);
  if (known !== undefined) return known;
  const made: PropertyDescriptor & ThisType<object> = {
    get() {
      return readBy(this).read(key);
    },
    set(value: unknown) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: true,
    configurable: true,
  };
  if (accessors.size >= 1000) accessors.clear();
  accessors.set(key, made);
  return made;
}

/** The source of the session whose accessor was called, perhaps through an object that inherits from it. */
function readBy(object: object): Source {
  for (let owner: object | null = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const source = sourceOf(owner);
    if (source !== undefined) return source;
  }
  throw new TypeError('This property belongs to a session, and only works there');
}
