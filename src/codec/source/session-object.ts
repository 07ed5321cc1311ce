import { shared } from '../../shared.ts';
import type { Variable } from '../formats/framing.ts';
import { createMap, sessionToken } from './origins.ts';
import type { Source } from './source.ts';

/**
 * `$_SESSION` as an object, whose keys are those of the session and nothing else. A value that is built when somebody looks at
 * it is an accessor, until it is set. (A Proxy was tried: to go through it took five times as long as to build a login's values.)
 */
export function createSessionObject(source: Source): Record<string, unknown> {
  return createMap(source, sessionToken);
}

/** Gives the session a variable that is built when it is looked at. */
export function defineLazy(session: object, key: string, source: Source, variable: Variable): void {
  if (source.unread === undefined) {
    source.unread = new Map();
    // A function, as what wraps objects into others leaves functions alone.
    Object.defineProperty(session, read, { value: (name: string) => source.readVariable(name), configurable: true });
  }
  source.unread.set(key, variable);
  Object.defineProperty(session, key, accessor(key));
}

/** Whether nobody has looked at a variable. */
export function isUnread(session: object, key: string, source: Source): boolean {
  if (source.unread?.has(key) !== true) return false;
  // It may also have been deleted, and given anew, with a getter of the application too.
  const get = Object.getOwnPropertyDescriptor(session, key)?.get;
  return get !== undefined && getters.has(get);
}

const isEnumerable = (value: object, key: string) => Object.prototype.propertyIsEnumerable.call(value, key);

/** A property of the application that JavaScript itself does not show: a symbol, or one that is not enumerable. */
export function hiddenKey(session: object): PropertyKey | undefined {
  const keys = Reflect.ownKeys(session);
  const visible = Object.keys(session).length;
  if (keys.length === visible) return undefined;
  return keys.find((key) => key !== read && (typeof key === 'symbol' || !isEnumerable(session, key)));
}

/**
 * What reads the variables of a session. A property and no private field, as a getter may be called on an object that inherits
 * from the session, or on a Proxy of it. One for all copies of the package.
 */
const read: unique symbol = Symbol.for('php-session-bridge/read') as never;

/** The getters of all copies of the package. */
const getters: WeakSet<() => unknown> = shared('getters', () => new WeakSet());

/**
 * Accessors by name, for all sessions: V8 makes a hidden class for each accessor that it has not seen, and one that belongs to
 * a session would keep all of that session until the next full garbage collection.
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

const misplaced = 'This property belongs to a session, and only works there';
