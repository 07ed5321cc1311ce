/** Jest's globalTeardown: ends what start-database.mjs started. */
export default async function stopDatabase() {
  await /** @type {any} */ (globalThis).testDatabase?.stop();
}
