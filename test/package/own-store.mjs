// The contract of stores, under another test runner: node:test. Each of these stores is the one in memory, but breaks one promise, and
// the contract has to see it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { memoryStore } from 'php-session-bridge/memory';
import { storeContract } from 'php-session-bridge/testing';

/** @typedef {import('php-session-bridge/mysql').SessionStore} SessionStore */
/** @typedef {import('php-session-bridge/mysql').SessionLease} SessionLease */

/** What a store does wrong. @type {Record<string, (store: SessionStore) => Partial<SessionStore>>} */
const mistakes = {
  lock: (store) => ({
    async open(id, options) {
      const lease = await store.open(id, options);
      await lease.release(); // and is used all the same
      const change = (work) => store.open(id, options).then((later) => work(later).finally(() => later.release()));
      return {
        ...of(lease),
        commit: (data) => change((later) => later.commit(data)),
        rename: async () => undefined,
        destroy: () => change((later) => later.destroy()),
        release: async () => undefined,
      };
    },
  }),
  bytes: (store) =>
    withLeases(store, (lease) => ({
      commit: ({ data }) => lease.commit(data ? { data: Buffer.from(`${Buffer.from(data)}`) } : {}),
    })),
  rename: (store) => withLeases(store, () => ({ rename: async () => undefined })),
  leave: (store) =>
    withLeases(store, (lease, id) => {
      let isMoved = false;
      return {
        rename: (newId) => lease.rename(newId).then(() => (isMoved = newId !== id)),
        async commit(change) {
          const done = await lease.commit(change);
          const old = isMoved ? await store.open(id) : undefined;
          await old?.destroy();
          return done;
        },
      };
    }),
  destroy: (store) => withLeases(store, (lease) => ({ destroy: () => lease.release().then(() => 'destroyed') })),
  touch: (store) => withSnapshots(store, () => ({ touch: async () => 'touched' })),
  replace: (store) =>
    withSnapshots(store, (_, id) => ({
      async replace(data) {
        const lease = await store.open(id);
        await lease.commit({ data });
        return 'written';
      },
    })),
  logout: (store) =>
    withSnapshots(store, (snapshot) => ({
      lock: async (how) => Object.assign(of(await snapshot.lock(how)), { isOther: false }),
      replace: undefined,
    })),
  gc: () => ({ gc: async () => 1 }),
  close: () => ({ close: async () => undefined }),
};

/** @param {SessionStore} store @param {(lease: SessionLease, id: string) => Partial<SessionLease>} change */
function withLeases(store, change) {
  return {
    async open(id, options) {
      const lease = await store.open(id, options);
      return lease.writable ? { ...of(lease), ...change(lease, id) } : lease;
    },
  };
}

function withSnapshots(store, change) {
  return {
    async read(id, options) {
      const snapshot = await store.read(id, options);
      return snapshot.data ? { ...snapshot, ...change(snapshot, id) } : snapshot;
    },
  };
}

/** A copy of an object and its methods. */
function of(object) {
  const methods = ['open', 'read', 'gc', 'close', 'commit', 'rename', 'destroy', 'release'];
  const bound = methods.filter((name) => name in object).map((name) => [name, object[name].bind(object)]);
  return { ...object, ...Object.fromEntries(bound) };
}

/** @returns {import('php-session-bridge/testing').StoreUnderTest} */
function underTest(mistake = () => ({})) {
  const sessions = new Map();
  return {
    make(options) {
      const store = memoryStore({ sessions, gcMaxlifetime: 10_000_000, ...options });
      return /** @type {any} */ ({ ...of(store), ...mistake(store) });
    },
    async makeOld(id, seconds) {
      sessions.set(id, { ...sessions.get(id), usedAt: Date.now() - seconds * 1000 });
    },
  };
}

storeContract({ describe, test }, 'the store in memory', underTest());

for (const [name, mistake] of Object.entries(mistakes)) {
  test(`a store without ${name} is found out`, async () => {
    const bodies = [];
    const { storeContract } = createRequire(import.meta.url)('php-session-bridge/testing');
    const runner = { describe: (_, body) => body(), test: (name, body) => bodies.push({ name, body }) };
    storeContract(runner, name, underTest(mistake));
    const failed = [];
    for (const { name, body } of bodies) await body().catch(() => failed.push(name));
    assert(
      failed.length > 0 && failed.length < bodies.length / 2,
      `${failed.length} of ${bodies.length}: ${failed.join('; ')}`,
    );
  });
}
