import { startMariadb } from '../../tools/services/mariadb.mjs';

/** Jest's globalSetup: a MariaDB for this run, which the tests find in `PSB_TEST_MYSQL` as JSON. */
export default async function startDatabase() {
  // In UTC, as not every machine is. Otherwise the store needs the zone of a DATETIME.
  const database = await startMariadb({ settings: { 'default-time-zone': '+00:00' } });
  const { host, port, user, password } = database;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  // Jest runs globalTeardown in this process too, but in another module.
  Object.assign(globalThis, { testDatabase: database });
}
