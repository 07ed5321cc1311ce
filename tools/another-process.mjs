/**
 * Makes something that shares no state of this process with the others, such as a store that only the database keeps apart.
 *
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
export function asInAnotherProcess(make) {
  const holder = /** @type {{ [key: symbol]: unknown }} */ (globalThis);
  const registry = Symbol.for('php-session-bridge/0');
  const { [registry]: ours } = holder;
  delete holder[registry];
  try {
    return make();
  } finally {
    holder[registry] = ours;
  }
}
