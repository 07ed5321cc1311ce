// Stores that break a promise on purpose: a checker that does not notice them would notice nothing.

/** @typedef {import('../../src/stores/store.ts').SessionStore} SessionStore */
/** @typedef {import('../../src/stores/store.ts').SessionLease} SessionLease */

/** @type {Record<string, (store: SessionStore) => SessionStore>} */
export const faultyStores = {
  'takes each id for one that was just made': (store) => ({
    ...same(store),
    open: (id, options) => store.open(id, { ...options, fresh: true }),
  }),
  'reports a write that it did not do': (store) => ({
    ...same(store),
    open: async (id, options) => ({ ...lease(await store.open(id, options)), commit: async () => 'written' }),
  }),
  'says that the session has gone, and writes': (store) => ({
    ...same(store),
    open: async (id, options) => {
      const one = lease(await store.open(id, options));
      return { ...one, commit: (change) => one.commit(change).then(() => 'gone') };
    },
  }),
  'does not delete': (store) => ({
    ...same(store),
    open: async (id, options) => {
      const one = lease(await store.open(id, options));
      return { ...one, destroy: () => one.release().then(() => 'destroyed') };
    },
  }),
  'keeps its locks': (store) => ({
    ...same(store),
    open: async (id, options) => ({ ...lease(await store.open(id, options)), release: async () => undefined }),
  }),
};

/** @param {SessionStore} store @returns {SessionStore} */
function same(store) {
  return {
    open: (...values) => store.open(...values),
    read: (...values) => store.read(...values),
    gc: (...values) => store.gc(...values),
    close: (...values) => store.close(...values),
  };
}

/** @param {SessionLease} one @returns {SessionLease} */
function lease(one) {
  return {
    data: one.data,
    writable: one.writable,
    commit: (...values) => one.commit(...values),
    rename: (...values) => one.rename(...values),
    destroy: () => one.destroy(),
    release: () => one.release(),
  };
}
