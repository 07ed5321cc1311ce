import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tail } from '../services/processes.mjs';
import { run } from '../setup.mjs';
import { hordeSettings, impServer, impSettings } from './settings.mjs';

/** Files of Debian's IMP that call `each()`, which PHP 8 does not have: nothing of a session is in them. */
const old = ['Contents', 'Basic/Mailbox', 'Ajax/Application/ListMessages', 'Minimal/Mailbox', 'Mime/Viewer/Plain'];

/**
 * Copies Debian's Horde, so that the lab can configure it without a change on the machine. A symbolic link would lead Horde to /etc/horde.
 *
 * @param {string} folder is made; `folder/horde` will be Horde
 * @param {object} lab
 * @param {{ host: string, port: number, user: string, password: string, database: string }} lab.database
 * @param {number} lab.imapPort
 * @param {string} lab.temporary a folder for what Horde writes
 * @param {string} lab.log
 * @param {readonly string[]} [lab.pages] PHP files of ours; they can be called below /horde/lab/
 */
export function copyHorde(folder, { database, imapPort, temporary, log, pages = [] }) {
  const horde = join(folder, 'horde');
  mkdirSync(folder);
  cpSync('/usr/share/horde', horde, { recursive: true, verbatimSymlinks: true });
  symlinkSync('/usr/share/javascript', join(folder, 'javascript')); // Links in Horde lead beside it.
  for (const [inner, from] of [
    ['config', '/etc/horde/horde'],
    ['imp/config', '/etc/horde/imp'],
  ]) {
    rmSync(join(horde, inner ?? '')); // A symbolic link into /etc.
    cpSync(from ?? '', join(horde, inner ?? ''), { recursive: true });
  }
  const files = join(temporary, 'static');
  mkdirSync(files);
  rmSync(join(horde, 'static'));
  symlinkSync(files, join(horde, 'static'));
  for (const name of old) patch(join(horde, 'imp/lib', `${name}.php`));
  // Where Net_DNS2 is installed: PHP 8 makes a 500 of a short page if its cache is empty. A folder in its place is no cache.
  mkdirSync(join(temporary, `horde_dns.cache${hostname()}`));
  const settings = hordeSettings({ database, temporary, log });
  writeFileSync(
    join(horde, 'config/conf.php'),
    `<?php
$conf = array_replace_recursive(${php(settings)}, json_decode(getenv('HORDE_LAB') ?: '[]', true));
$conf['server']['port'] = (int) ($_SERVER['SERVER_PORT'] ?? 80);
`,
  );
  writeFileSync(join(horde, 'imp/config/conf.php'), `<?php\n$conf = ${php(impSettings)};\n`);
  writeFileSync(
    join(horde, 'imp/config/backends.local.php'),
    `<?php\n$servers = ['imap' => ${php(impServer(imapPort))}];\n`,
  );
  mkdirSync(join(horde, 'lab'));
  for (const page of pages) cpSync(page, join(horde, 'lab', page.split('/').at(-1) ?? ''));
  mkdirSync(join(horde, 'bin'));
  cpSync('/usr/bin/horde-db-migrate', join(horde, 'bin/horde-db-migrate')); // It looks for Horde beside itself.
}

/**
 * Lets Horde make its tables.
 *
 * @param {string} folder of `copyHorde()`
 * @param {string} log
 * @returns {Promise<string>} the end of what it said
 */
export async function migrateHorde(folder, log) {
  const script = join(folder, 'horde/bin/horde-db-migrate');
  // Its components come in no order: what one needs of another is there the second time.
  for (let i = 0; i < 2; i++)
    await run('php', ['-d', 'error_reporting=8191', '-d', 'display_errors=stderr', script], { log });
  return tail(log);
}

/** A value as PHP code. @param {unknown} value */
function php(value) {
  const text = JSON.stringify(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `json_decode('${text}', true)`;
}

/** `while (list($key, $value) = each($array))` becomes foreach. @param {string} file */
function patch(file) {
  const text = readFileSync(file, 'utf8');
  const patched = text
    .replace(/while \(list\(\s*,\s*(\$\w+)\) = each\((\$[^)]+)\)\)/g, 'foreach ($2 as $1)')
    .replace(/while \(list\((\$\w+), (\$\w+)\) = each\((\$[^)]+)\)\)/g, 'foreach ($3 as $1 => $2)');
  writeFileSync(file, patched);
}
