import type { Variable } from '../formats/framing.ts';
import { createMap, sessionToken } from './origins.ts';
import type { Source } from './source.ts';

/**
 * `$_SESSION` as an object that has the keys of the session and no others. A variable that is built at its first read is an accessor,
 * until the application sets it. (A Proxy was tried: to go through it took five times as long as to build the values of a login.)
 */
export function createSessionObject(source: Source): Record<string, unknown> {
  return createMap(source, sessionToken);
}

/** Adds a variable that is built at its first read. */
export function defineLazy(session: object, key: string, source: Source, variable: Variable): void {
  if (source.unread === undefined) {
    source.unread = new Map();
    // A function, because code that wraps objects into others does not touch functions.
    Object.defineProperty(session, read, { value: (name: string) => source.readVariable(name), configurable: true });
  }
  source.unread.set(key, variable);
  Object.defineProperty(session, key, accessor(key));
}

/** Whether the application did not read a variable yet. */
export function isUnread(session: object, key: string, source: Source): boolean {
  if (source.unread?.has(key) !== true) return false;
  // The application may have deleted it, and added it again, even with a getter of its own.
  const get = Object.getOwnPropertyDescriptor(session, key)?.get;
  return get !== undefined && getters.has(get);
}

const isEnumerable = (value: object, key: string) => Object.prototype.propertyIsEnumerable.call(value, key);

/** A property that the application added and JavaScript hides: a symbol, or one that is not enumerable. */
export function hiddenKey(session: object): PropertyKey | undefined {
  const keys = Reflect.ownKeys(session);
  const visible = Object.keys(session).length;
  if (keys.length === visible) return undefined;
  return keys.find((key) => key !== read && (typeof key === 'symbol' || !isEnumerable(session, key)));
}

/**
 * The function that reads the variables of a session. It is a property and no private field, because a getter may be called on a Proxy
 * of the session, or on an object that inherits from it.
 */
const read: unique symbol = Symbol('readVariable');

/** The getters of all accessors. */
const getters: WeakSet<() => unknown> = new WeakSet();

/**
 * Accessors by name, for all sessions. V8 makes a hidden class for each new accessor. An accessor for one session would keep all of that
 * session in memory until the next full garbage collection.
 */
const accessors: Map<string, PropertyDescriptor> = new Map();

function accessor(key: string): PropertyDescriptor {
  const known = accessors.get(key);
  if (known !== undefined) return known;
  const made: PropertyDescriptor & ThisType<{ [read]?: (key: string) => unknown }> = {
    get() {
      const readVariable = this[read];
      if (readVariable === undefined) throw new TypeError(misplaced);
      return readVariable(key);
    },
    set(value: unknown) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: true,
    configurable: true,
  };
  if (accessors.size >= 1000) accessors.clear();
  accessors.set(key, made);
  getters.add(made.get!);
  return made;
}

const misplaced = 'This property works only on its own session';
