import type { Connection } from './connection.ts';

/** Milliseconds before the next connect: the first time, and at most. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** What a connect that succeeds leaves of the pause. Others look for room too: it grows fast, and shrinks slowly. */
const EASE = 0.75;

/** Milliseconds for which a place that was given up is left to others. */
const REST = 100;

/** Milliseconds after the last refusal at which it is taken for history. */
const MEMORY = 10_000;

/**
 * What a store knows of a server that has no room for more connections (`max_connections`, or a limit of the account). PHP
 * and other processes look for room there too. So while it is short, one connection of the store is tried at a time, with growing
 * pauses. The store's pools share this, as one and the same server refuses them.
 */
export class Room {
  #refusal: unknown;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #pause = 0;
  /** Until it ends, no request tries. */
  #timer: NodeJS.Timeout | undefined;
  /** The one connection that is tried. */
  #trial: Connection | undefined;
  readonly #waiting = new Set<() => void>();

  /** @param proceed is called when `isOpen` or `mayTry` may have become true */
  join(proceed: () => void): void {
    this.#waiting.add(proceed);
  }

  /** The server's last refusal, while the server is short of room. */
  get refusal(): unknown {
    return this.isShort ? this.#refusal : undefined;
  }

  get isShort(): boolean {
    return performance.now() - this.#refusedAt < MEMORY;
  }

  /** Whether a request that needs a connection may make one. */
  get isOpen(): boolean {
    return !this.isShort && this.#timer === undefined;
  }

  /** Whether it is time to try whether there is room for one more. */
  get mayTry(): boolean {
    return this.isShort && this.#timer === undefined && this.#trial === undefined;
  }

  /** Only when `mayTry`. `tried()` has to follow. */
  try(connection: Connection): void {
    this.#trial = connection;
  }

  /** The server has refused this connection for want of room. */
  refused(connection: Connection, error: unknown): void {
    this.#refusal = error;
    // Those that had begun before the first one was refused tell nothing new.
    if (this.isShort && this.#trial !== connection) return;
    this.#pause = this.isShort ? Math.min(2 * this.#pause, LONGEST_PAUSE) : FIRST_PAUSE;
    this.#refusedAt = performance.now();
    this.#wait(this.#pause);
  }

  /** @param proceed of the request that has tried: next time the others come first */
  tried(connection: Connection, isMade: boolean, proceed: () => void): void {
    if (this.#trial !== connection) return;
    this.#trial = undefined;
    if (isMade) this.#pause = Math.max(EASE * this.#pause, FIRST_PAUSE);
    this.#waiting.delete(proceed);
    this.#waiting.add(proceed);
    this.#wait(this.#pause);
  }

  /** A connection was given up for others: they shall find its place free. */
  rest(): void {
    this.#wait(REST);
  }

  /** Another server is in use, or this one has other problems. */
  forget(): void {
    if (!this.isShort) return;
    this.#refusedAt = Number.NEGATIVE_INFINITY;
    this.#proceed();
  }

  #wait(milliseconds: number): void {
    // Competitors shall fall out of step.
    const pause = milliseconds * (0.5 + Math.random() / 2);
    this.#timer ??= setTimeout(() => this.#proceed(), pause).unref();
  }

  #proceed(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const proceed of [...this.#waiting]) proceed();
  }
}
