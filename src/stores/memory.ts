import '../node-version.ts';
import { PhpSessionError } from '../errors.ts';
import { type OptionRules, readByRules, wholeNumber } from '../option-rules.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { type LockedSession, noLease, noSnapshot } from './lease.ts';
import { assertLifetime, Lifecycle, type LifecycleOptions, lifecycleRules } from './lifecycle.ts';
import { isSessionId } from './session-id.ts';
import { signals, startOf } from './signals.ts';
import type { SessionStore } from './store.ts';

export type { DatabaseErrorName, SessionSignals } from './signals.ts';
export type { LifecycleOptions, SessionStore };

/** Replaced at each change. `data` is `undefined` after a logout. A request that read the session before sees that by `logouts`. */
export interface MemorySession {
  readonly data: Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  readonly logouts: number;
}

export interface MemoryStoreOptions extends LifecycleOptions {
  /** Where the sessions are, by id. Stores with the same map share sessions and locks. Default: a map of its own. */
  sessions?: Map<string, MemorySession>;
  /** Seconds for which a session lives after it was last used. php.ini: `session.gc_maxlifetime`. Default 1440. */
  gcMaxlifetime?: number;
  /** Entries of the map. A new one that finds no room is refused with `ERR_SESSION_UNAVAILABLE`. Default 100,000. */
  maxSessions?: number;
}

const rules: OptionRules<MemoryStoreOptions> = {
  sessions: { defaultFor: () => new Map(), accepts: (value) => value instanceof Map, mustBe: 'a Map' },
  gcMaxlifetime: { ini: 'session.gc_maxlifetime', default: 1440, ...wholeNumber(0, 2 ** 31 - 1, 'seconds') },
  maxSessions: { default: 100_000, ...wholeNumber(0, Number.MAX_SAFE_INTEGER) },
  ...lifecycleRules,
};
/** Milliseconds between two looks for old sessions, which a new session causes: nothing else takes memory. */
const GC_INTERVAL = 60_000;
const mutexes = new WeakMap<object, KeyedMutex>();

/**
 * Sessions in the memory of this process. One that was not used for `gcMaxlifetime` counts as none, and makes room. None is dropped before.
 *
 * @throws TypeError naming the option that is wrong
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const values = readByRules(rules, options, 'memoryStore()') as Required<MemoryStoreOptions>;
  const { sessions, gcMaxlifetime, maxSessions } = values;
  const mutex = mutexes.get(sessions) ?? new KeyedMutex(); // it is the lock too
  mutexes.set(sessions, mutex);
  const life = new Lifecycle(values, mutex);
  let gcAt = Date.now();
  const isOlder = ({ usedAt }: MemorySession, lifetime: number) => usedAt < Date.now() - lifetime * 1000;
  const find = (id: string): MemorySession => {
    const found = sessions.get(id) ?? { data: undefined, usedAt: 0, logouts: 0 };
    return isOlder(found, gcMaxlifetime) ? { ...found, data: undefined } : found;
  };
  const put = (id: string, data: Uint8Array | undefined, logouts = find(id).logouts) =>
    sessions.set(id, { data, usedAt: Date.now(), logouts }) && ('touched' as const);
  const gc = (lifetime: number): number => {
    assertLifetime(lifetime);
    gcAt = Date.now();
    const begun = startOf(signals.gc);
    const old = [...sessions].filter(([id, session]) => isOlder(session, lifetime) && mutex.isFree(id));
    for (const [id] of old) sessions.delete(id);
    if (begun !== undefined)
      signals.gc.publish({ rows: old.length, duration: performance.now() - begun, failed: false });
    return old.length;
  };
  const makeRoom = (ids: string[]) => {
    const isFull = () => ids.filter((id) => !sessions.has(id)).length > Math.max(0, maxSessions - sessions.size);
    if (Date.now() - gcAt > (isFull() ? GC_INTERVAL / 60 : GC_INTERVAL)) gc(gcMaxlifetime);
    if (isFull()) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store is full: see its option maxSessions');
  };

  /** @param since what was read before */
  async function lock(id: string, create: boolean, since = find(id)): Promise<LockedSession | undefined> {
    const { data: before, logouts } = find(id);
    if (before === undefined && !create) return undefined;
    const isGone = () => {
      life.assertNotOver();
      return before !== undefined && find(id).data === undefined;
    };
    return {
      data: before && new Uint8Array(before),
      isOther: logouts > since.logouts,
      takesId: isSessionId,
      commit: async ({ data, newId }) => {
        if (isGone()) return 'gone';
        if (newId !== undefined && find(newId).data !== undefined)
          throw new PhpSessionError('ERR_SESSION_ID', 'the new session id exists already');
        makeRoom(newId === undefined ? [id] : [id, newId]);
        put(newId ?? id, new Uint8Array(data ?? before ?? []));
        if (newId !== undefined) put(id, new Uint8Array());
        return data === undefined ? 'touched' : 'written';
      },
      destroy: async () => {
        if (isGone() || before === undefined) return 'gone';
        put(id, undefined, logouts + 1);
        return 'destroyed';
      },
      rollback: async () => undefined,
    };
  }

  return {
    gcMaxlifetime,
    open: async (id, { create = true, signal } = {}) =>
      isSessionId(id) ? life.open(id, () => lock(id, create), signal) : noLease,
    async read(id, { signal } = {}) {
      if (!isSessionId(id)) return noSnapshot;
      const found = await life.run(() => find(id), signal);
      const relock = (create: boolean) => life.open(id, () => lock(id, create, found));
      const isFree = () => mutex.isFree(id) && find(id).data === found.data;
      const replace = (data: Uint8Array) => life.run(() => put(id, new Uint8Array(data)) && ('written' as const));
      return {
        data: found.data && new Uint8Array(found.data),
        touch: () => life.run(() => (find(id).data === undefined ? 'gone' : put(id, find(id).data))),
        lock: ({ create }) => relock(create),
        ...(found.data && { replace: async (data) => (isFree() ? replace(data) : relock(false)) }),
      };
    },
    gc: (maxLifetime) => life.run(() => gc(maxLifetime)),
    close: (deadline) => life.close(deadline),
  };
}
