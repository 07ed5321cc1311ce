import { channel } from 'node:diagnostics_channel';
import type { PhpSessionErrorCode } from '../errors.ts';

/** What the database or the network calls an error. Both are missing where no error of theirs was the cause. */
export interface DatabaseErrorName {
  /** `'ER_LOCK_DEADLOCK'`, `'ECONNREFUSED'`. */
  readonly code?: string;
  /** A number of MySQL or MariaDB; a negative one is of the operating system. */
  readonly errno?: number;
}

/**
 * What an operator can hear, by channels of `node:diagnostics_channel`: `lock` here is the channel `php-session-bridge:lock` and its
 * message. Times are milliseconds. See docs/signals.md
 *
 * No message has a session id, a key or value of a session, a text of SQL, an address of a visitor, or an error's message.
 */
export interface SessionSignals {
  /** A request waits no longer for the lock of a session. */
  lock: {
    /** The whole wait: for other requests of this process, for a connection, for the row. */
    readonly waited: number;
    /** The part of it in which another request of this process had the session. */
    readonly queued: number;
    /**
     * - `locked`: the request has the lock
     * - `none`: there is no such session, and none may be made
     * - `failed`: `refuse` says why
     * - `aborted`: the client has gone
     */
    readonly outcome: 'locked' | 'none' | 'failed' | 'aborted';
  };
  /** The lock of a session is free again. */
  release: {
    readonly held: number;
  };
  /** The session of a request is stored. */
  commit: {
    /**
     * - `unchanged`: at most its time was set
     * - `written`: no other request has changed it since it was read
     * - `merged`: the change was put on that of another request
     * - `created`: it is new
     * - `destroyed`: a logout
     */
    readonly outcome: 'unchanged' | 'written' | 'merged' | 'created' | 'destroyed';
    /** The size of the session, as PHP serializes it. */
    readonly bytes: number;
    /** With the wait for a lock that is taken to store it, as in the mode `merge`. */
    readonly duration: number;
    /** Whether it has moved to a new id: `regenerate()`. */
    readonly moved: boolean;
  };
  /** Another request has changed the session since it was read, and the changes of both were put together. */
  merge: {
    /** How many values both have changed. The option `onConflict` has decided about them. */
    readonly conflicts: number;
  };
  /** The visitor has logged out while the request ran: what it changed is not stored. */
  gone: Readonly<Record<string, never>>;
  /** A request could not have its session, or not store it. */
  refuse: {
    readonly code: PhpSessionErrorCode;
    /** The error of the database below it. */
    readonly cause: DatabaseErrorName;
  };
  /** Something failed in the database, and the store tries again. The request only takes longer, if that helps. */
  retry: DatabaseErrorName & {
    /**
     * - `locked`: another client has the row, or it was a deadlock
     * - `duplicate`: another client has made the row at the same moment
     * - `lost`: the connection broke
     * - `full`: the server takes no more connections
     * - `read only`: the server is a replica now
     * - `away`: no server answers
     * - `retry`: another error that passes
     */
    readonly failure: string;
  };
  /** A request has got a connection to the database that was not simply there. */
  connection: {
    readonly waited: number;
    /** Whether it was made for this request. If not, the request has waited for one that others had. */
    readonly isNew: boolean;
  };
  /** All new work goes to another server of the list `connection`. */
  failover: DatabaseErrorName & {
    /** `host:port`, or the path of the socket. */
    readonly from: string;
    readonly to: string;
  };
  /** Old sessions were deleted. */
  gc: {
    readonly rows: number;
    readonly duration: number;
    /** Whether it has failed on the way. */
    readonly failed: boolean;
  };
}

/** A channel that takes its own messages only. */
interface Signal<Message> {
  /** Without subscribers nothing is measured, and no message is made. */
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

type Signals = { readonly [Name in keyof SessionSignals]: Signal<SessionSignals[Name]> };

export const signals: Signals = {
  lock: channel('php-session-bridge:lock'),
  release: channel('php-session-bridge:release'),
  commit: channel('php-session-bridge:commit'),
  merge: channel('php-session-bridge:merge'),
  gone: channel('php-session-bridge:gone'),
  refuse: channel('php-session-bridge:refuse'),
  retry: channel('php-session-bridge:retry'),
  connection: channel('php-session-bridge:connection'),
  failover: channel('php-session-bridge:failover'),
  gc: channel('php-session-bridge:gc'),
};

/** When something begins, if anybody listens; `undefined` where there is nothing to be measured. */
export function startOf({ hasSubscribers }: Signal<never>): number | undefined {
  return hasSubscribers ? performance.now() : undefined;
}

/** Drivers put ids and data into messages, so no more than this of an error is published. */
export function nameOfError(error: unknown): DatabaseErrorName {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  return {
    ...(typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) && { code }),
    ...(typeof errno === 'number' && { errno }),
  };
}
