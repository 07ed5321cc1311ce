// The contract of stores, on a store of one's own and under another test runner: node:test. Each wrong store breaks one
// promise, and the contract has to see it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { PhpSessionError } from 'php-session-bridge';
import { storeContract } from 'php-session-bridge/testing';

/** @typedef {import('php-session-bridge/mysql').SessionStore} SessionStore */

/** Sessions in the memory of this process; `wrong` names the promise that it breaks. */
class MemoryStore {
  /** @param {Map<string, { data: Uint8Array, time: number }>} rows @param {Map<string, Promise<unknown>>} locks */
  constructor(rows, locks, { timeout = 10_000, maxWaiters = 16 } = {}, wrong = '') {
    Object.assign(this, { rows, locks, timeout, maxWaiters, wrong, waiting: 0, leases: new Set(), closed: false });
  }

  async open(id, { create = true, signal } = {}) {
    signal?.throwIfAborted();
    if (this.closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    if (!/^[\w,-]{1,256}$/.test(id)) return new Lease(this, id, false, () => undefined);
    if (!create && !this.rows.has(id) && !this.locks.has(id)) return new Lease(this, id, false, () => undefined);
    const leave = this.wrong === 'lock' ? () => undefined : await this.#enter(id, signal);
    const lease = new Lease(this, id, create || this.rows.has(id), leave);
    if (lease.writable) this.leases.add(lease);
    else leave();
    return lease;
  }

  async read(id, { signal } = {}) {
    signal?.throwIfAborted();
    if (this.closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    const touch = async () => {
      const row = this.rows.get(id);
      if (row && this.wrong !== 'touch') row.time = Date.now();
      return row ? 'touched' : 'gone';
    };
    const data = this.rows.get(id)?.data;
    if (data === undefined) return { data, touch };
    const replace = async (next) => {
      const isFree = this.wrong === 'replace' || (!this.locks.has(id) && this.rows.get(id)?.data === data);
      if (!isFree || this.closed) return this.open(id, { create: false });
      this.rows.set(id, { data: next, time: Date.now() });
      return 'written';
    };
    return { data, touch, replace };
  }

  async #enter(id, signal) {
    if (this.waiting > 0 && this.waiting >= this.maxWaiters) throw new PhpSessionError('ERR_SESSION_BUSY', 'too many');
    const before = this.locks.get(id);
    let leave;
    const mine = new Promise((resolve) => {
      leave = resolve;
    });
    const both = Promise.all([before, mine]).then(() => {
      if (this.locks.get(id) === both) this.locks.delete(id);
    });
    this.locks.set(id, both);
    this.waiting++;
    try {
      await new Promise((resolve, reject) => {
        const late = () => reject(new PhpSessionError('ERR_SESSION_LOCK_TIMEOUT', 'the lock could not be had'));
        const timer = setTimeout(late, this.timeout);
        const end = (settle) => (value) => {
          clearTimeout(timer);
          settle(value);
        };
        signal?.addEventListener('abort', () => end(reject)(signal.reason));
        Promise.resolve(before).then(end(resolve), reject);
      });
    } catch (error) {
      leave();
      throw error;
    } finally {
      this.waiting--;
    }
    return leave;
  }

  async collect(maxLifetime) {
    if (!(maxLifetime >= 0)) throw new TypeError('maxLifetime must be a number of seconds');
    if (this.closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    const old = [...this.rows].filter(([, { time }]) => time < Date.now() - maxLifetime * 1000);
    for (const [id] of old) this.rows.delete(id);
    return old.length;
  }

  async close(deadline = 5_000) {
    this.closed = true;
    const end = Date.now() + deadline;
    while (this.leases.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const lease of this.leases) lease.lost = true;
  }
}

class Lease {
  constructor(store, id, writable, leave) {
    const data = store.rows.get(id)?.data;
    Object.assign(this, {
      store,
      id,
      writable,
      leave,
      data: writable ? data : undefined,
      to: id,
      ended: false,
      lost: false,
    });
  }

  async commit({ data }) {
    if (!this.writable) return 'gone';
    const { store, id, to } = this;
    this.#end();
    if (to !== id && store.rows.has(to)) throw new PhpSessionError('ERR_SESSION_ID', 'the new id exists');
    const stored = data ?? this.data ?? new Uint8Array();
    if (to !== id && store.wrong === 'leave') store.rows.delete(id);
    else if (to !== id && store.wrong !== 'rename') store.rows.set(id, { data: new Uint8Array(), time: Date.now() });
    store.rows.set(to, {
      data: store.wrong === 'bytes' ? Buffer.from(`${Buffer.from(stored)}`) : stored,
      time: Date.now(),
    });
    return data ? 'written' : 'touched';
  }

  async rename(to) {
    if (!this.writable || this.ended) throw new PhpSessionError('ERR_SESSION_CLOSED', 'closed');
    if (!/^[\w,-]{1,256}$/.test(to)) throw new PhpSessionError('ERR_SESSION_ID', 'no id');
    this.to = to;
  }

  async destroy() {
    if (!this.writable) return 'gone';
    const { store, id } = this;
    this.#end();
    if (store.wrong === 'destroy') return 'destroyed';
    return store.rows.delete(id) ? 'destroyed' : 'gone';
  }

  async release() {
    if (!this.ended && this.writable) this.#leave();
  }

  #end() {
    if (this.ended) throw new PhpSessionError('ERR_SESSION_CLOSED', 'closed');
    if (this.lost) {
      this.#leave();
      throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    }
    this.#leave();
  }

  #leave() {
    this.ended = true;
    this.leave();
    this.store.leases.delete(this);
  }
}

/** @returns {import('php-session-bridge/testing').StoreUnderTest} */
function underTest(wrong) {
  const [rows, locks] = [new Map(), new Map()];
  return {
    make: (options) => /** @type {any} */ (new MemoryStore(rows, locks, options, wrong)),
    async makeOld(id, seconds) {
      rows.get(id).time = Date.now() - seconds * 1000;
    },
  };
}

storeContract({ describe, test }, 'a store in memory', underTest());

for (const wrong of ['lock', 'bytes', 'rename', 'leave', 'destroy', 'touch', 'replace']) {
  test(`a store without ${wrong} is found out`, async () => {
    const bodies = [];
    const { storeContract } = createRequire(import.meta.url)('php-session-bridge/testing');
    const runner = { describe: (_, body) => body(), test: (name, body) => bodies.push({ name, body }) };
    storeContract(runner, wrong, underTest(wrong));
    const failed = [];
    for (const { name, body } of bodies) await body().catch(() => failed.push(name));
    assert(failed.length > 0 && failed.length < bodies.length / 2, failed.join('; '));
  });
}
