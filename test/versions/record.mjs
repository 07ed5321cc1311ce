// `node test/versions/record.mjs` records into fixtures/versions what the older version leaves in tables. A newer one must leave the same.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { olderCommit, olderVersion } from '../../tools/older.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { root, runCommand } from '../../tools/setup.mjs';

export const recorded = join(root, 'fixtures', 'versions', `${olderCommit.slice(0, 7)}.json`);

/**
 * @param {string} version folder of the package
 * @returns {Promise<string>} what it leaves in tables, as JSON
 */
export async function rowsOf(version) {
  const database = await startMariadb();
  try {
    const { host, port, user, password } = database;
    const env = { ...process.env, PSB_TEST_MYSQL: JSON.stringify({ host, port, user, password }) };
    const program = [join(root, 'test', 'versions', 'rows.mjs'), version];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  } finally {
    await database.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  void runCommand(async () => {
    mkdirSync(dirname(recorded), { recursive: true });
    writeFileSync(recorded, await rowsOf(await olderVersion()));
  });
}
