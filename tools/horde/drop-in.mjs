import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const prepend = fileURLToPath(new URL('../../php/prepend.php', import.meta.url));

/**
 * How Horde keeps its sessions: by its own handler `Sql`, or by ours with one of its locks.
 */
export const ways = /** @type {const} */ (['untouched', 'row', 'merge']);

/** @typedef {typeof ways[number]} Way */

/**
 * What puts our handler under Horde, as docs/horde.md says it: one setting of Horde's, and two of php.ini.
 *
 * @param {Way} way
 * @param {object} server
 * @param {string} server.directory where the drop-in's configuration is written
 * @param {string} server.folder of `copyHorde()`
 * @param {{ host: string, port: number, user: string, password: string, database: string }} server.database
 * @returns {{ settings: object, ini: Record<string, string>, phpIni: Record<string, string> }} of Horde, of the pool, and of php.ini itself
 */
export function dropIn(way, { directory, folder, database }) {
  if (way === 'untouched') return { settings: {}, ini: {}, phpIni: {} };
  const file = join(directory, 'drop-in.php');
  const { host, port, user, password } = database;
  writeFileSync(
    file,
    `<?php
return ['applications' => ['horde' => [
    'path' => '${folder}/horde',
    'connection' => [
        'host' => '${host}', 'port' => ${port}, 'user' => '${user}', 'password' => '${password}',
        'database' => '${database.database}', 'persistent' => true,
    ],
    'options' => [
        'table' => 'horde_sessionhandler', 'id' => 'session_id', 'data' => 'session_data', 'time' => 'session_lastmodified',
        'lock' => '${way}',
    ],
]]];
`,
  );
  chmodSync(file, 0o600);
  return {
    settings: { sessionhandler: { type: 'Builtin' } },
    ini: { auto_prepend_file: prepend },
    phpIni: { 'php_session_bridge.config': file },
  };
}
