// biome-ignore-all lint/suspicious/noTemplateCurlyInString: PHP's variables look like that
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PhpVersion } from '../../src/codec/index.ts';
import { parseIni } from '../../src/php-ini/parse-ini.ts';
import { defaultsOf } from '../../src/php-ini/settings.ts';
import { checkPhpOptions, optionsFromIniGetAll, optionsFromPhpIni, type PhpIniFiles } from '../../src/php-ini.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { findPhpFpm } from '../../tools/services/php-fpm.mjs';
import { startProcess, untilReady } from '../../tools/services/processes.mjs';
import { askFpm } from '../drop-in/fastcgi.ts';
import { iniGetAll, iniSettings, iniTexts, parseIniStrings, randomNumbers } from './php-ini-cases.ts';

let directory: ReturnType<typeof temporaryDirectory>;

beforeAll(() => {
  directory = temporaryDirectory('php-ini');
});

afterAll(() => directory.remove());

/** What parse_ini_string() would give: later lines count, and `key[]` makes a list. */
function asPhp(text: string): Record<string, unknown> | false {
  const { entries, errorAt } = parseIni(text, (name) => process.env[name]);
  if (errorAt !== undefined) return false;
  const result: Record<string, unknown> = {};
  for (const { key, offset, value } of entries) {
    if (offset === undefined) result[key] = value;
    else {
      const list = (typeof result[key] === 'object' ? result[key] : {}) as Record<string, string>;
      const next =
        Math.max(
          -1,
          ...Object.keys(list)
            .filter((name) => /^\d+$/.test(name))
            .map(Number),
        ) + 1;
      list[offset === '' ? String(next) : offset] = value;
      result[key] = list;
    }
  }
  return result;
}

describe('the syntax, compared with parse_ini_string()', () => {
  /** From 8.6 on PHP refuses a `]` in a key, and a keyword alone at the end of the file too. No php.ini has them. */
  const isRefusedNow = (text: string, php: unknown) =>
    php === false &&
    installed() >= '8.6' &&
    /\]|(^|[\r\n])[ \t]*(on|off|yes|no|true|false|null|none)[ \t]*$/i.test(text);

  test.each(iniTexts)('%j', (text) => {
    const [php] = parseIniStrings([text]);
    if (!isRefusedNow(text, php)) expect([text, asPhp(text)]).toEqual([text, php]);
  });

  test('3,000 random texts', () => {
    const texts = Array.from({ length: 3_000 }, () => randomIni());
    const expected = parseIniStrings(texts);
    const differences = texts
      .map((text, i) => ({ text, php: expected[i], node: asPhp(text) }))
      .filter(({ text, php, node }) => JSON.stringify(php) !== JSON.stringify(node) && !isRefusedNow(text, php));
    expect(differences.slice(0, 5)).toEqual([]);
  });
});

const pieces = [
  ...['a', 'b', 'on', 'Off', 'yes', 'none', 'null', 'true', '1', '-5', '2.5', '0', 'x1', 'one two', 'é'],
  ...[' ', '  ', '\t', '=', ' = ', '\n', '\n', '\r\n', ';', '; c', '"', '"a b"', '"a;b"', "'", "'q;q'", "'a\"b'"],
  ...[
    '\\',
    '\\"',
    '\\n',
    '$',
    '${HOME}',
    '${NONE}',
    '[',
    ']',
    '[s]',
    '[s]\n',
    'k[]',
    'k[x]',
    '|',
    '&',
    '~',
    '!',
    '(',
    ')',
    '^',
    '{',
    '}',
  ],
  ...[
    ':',
    ',',
    '/',
    '.',
    '-',
    '#',
    '@',
    '%',
    '*',
    '?',
    'session.name',
    'a=b',
    'k = v\n',
    'k = "v"\n',
    "k = 'v'\n",
    '_x',
    'Lax',
    '2;/tmp',
  ],
];
const next = randomNumbers(20261129);
function randomIni(): string {
  const count = 1 + Math.floor(next() * 9);
  const body = Array.from({ length: count }, () => pieces[Math.floor(next() * pieces.length)]).join('');
  return next() < 0.7 ? `k = ${body}` : body;
}

describe('settings, compared with ini_get_all() of a PHP that reads the same file', () => {
  test.each(iniSettings)('%j', (text) => {
    const file = join(directory.path, 'php.ini');
    writeFileSync(file, text);
    const ours = optionsFromPhpIni({ ini: file }, { phpVersion: installed() });
    const theirs = optionsFromIniGetAll(iniGetAll(file), { phpVersion: installed() });
    // What PHP itself refuses is its default there.
    expect({ text, session: ours.session, store: ours.store }).toEqual({
      text,
      session: theirs.session,
      store: theirs.store,
    });
  });

  test('without a php.ini', () => {
    const all = JSON.parse(
      execFileSync('php', ['-n', '-r', 'echo json_encode(ini_get_all("session", false));'], { encoding: 'utf8' }),
    );
    for (const [name, value] of Object.entries(defaultsOf(installed()))) {
      if (name in all) expect([name, all[name]]).toEqual([name, value]);
    }
    expect(
      Object.keys(all).filter(
        (name) => !(name in defaultsOf('8.6')) && !/upload_progress|save_path|trans_sid_/.test(name),
      ),
    ).toEqual(all['session.hash_function'] === undefined ? [] : expect.anything());
  });
});

let version: PhpVersion | undefined;
function installed(): PhpVersion {
  const code = 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;';
  version ??= execFileSync('php', ['-n', '-r', code], { encoding: 'utf8' }) as PhpVersion;
  return version;
}

const fpm = findPhpFpm();
const isRoot = process.getuid?.() === 0;
(fpm === undefined ? test.skip : test)(
  'all files that PHP-FPM reads, in the order in which they count there; and checkPhpOptions() of its page',
  async () => {
    const root = directory.path;
    const files = {
      ini: join(root, 'fpm.ini'),
      scanDirectory: join(root, 'conf.d'),
      pool: join(root, 'www.conf'),
      userIni: join(root, 'docroot', '.user.ini'),
    } satisfies PhpIniFiles;
    mkdirSync(files.scanDirectory);
    mkdirSync(join(root, 'docroot'));
    writeFileSync(join(root, 'docroot', 'ini.php'), '<?php echo json_encode(ini_get_all("session"));');
    writeFileSync(
      files.ini,
      '[Session]\nsession.name = "one" ; a comment\nsession.cookie_path = /ini\nsession.gc_maxlifetime = 100\nsession.cookie_secure = On\nsession.sid_length = 26\nsession.cookie_domain = ini.example\n',
    );
    writeFileSync(join(files.scanDirectory, '20-a.ini'), 'session.name = two\nsession.sid_length = 48\n');
    writeFileSync(join(files.scanDirectory, '10-b.ini'), 'session.name = ten\nsession.cookie_lifetime = 60\n');
    writeFileSync(join(files.scanDirectory, 'off.txt'), 'session.name = never\n');
    const socket = join(root, 'fpm.sock');
    writeFileSync(
      files.pool,
      `[www]\nlisten = ${socket}\npm = static\npm.max_children = 1\n${isRoot ? 'user = root\ngroup = root\n' : ''}php_value[session.cookie_path] = /pool
php_value[session.cookie_samesite] = Lax
php_flag[session.use_strict_mode] = on
php_admin_value[session.gc_maxlifetime] = 900
php_admin_flag[session.cookie_httponly] = yes\n`,
    );
    writeFileSync(
      files.userIni,
      'session.cookie_path = /user\nsession.gc_maxlifetime = 5\nsession.cookie_httponly = Off\nsession.cookie_domain = "user.example"\n',
    );
    const main = join(root, 'fpm.conf');
    writeFileSync(main, `[global]\nerror_log = ${join(root, 'fpm.log')}\ndaemonize = no\ninclude = ${files.pool}\n`);
    const log = join(root, 'out.log');
    const server = startProcess(fpm!, ['-F', ...(isRoot ? ['-R'] : []), '-y', main, '-c', files.ini], {
      log,
      env: { PHP_INI_SCAN_DIR: files.scanDirectory },
    });
    try {
      await untilReady(server, { name: 'PHP-FPM', port: socket, log });
      const script = join(root, 'docroot', 'ini.php');
      const ask = async () => {
        const parameters = { SCRIPT_FILENAME: script, DOCUMENT_ROOT: join(root, 'docroot'), REQUEST_METHOD: 'GET' };
        const answer = await askFpm(socket, parameters, '');
        return answer.slice(answer.indexOf('{'));
      };
      const phpVersion = installed();
      const theirs = optionsFromIniGetAll(await ask(), { phpVersion });
      const ours = optionsFromPhpIni(files, { phpVersion });
      expect(theirs.session).toMatchObject({
        name: 'two',
        cookiePath: '/user',
        cookieDomain: 'user.example',
        sidLength: 48,
      });
      expect(theirs.store).toEqual({ gcMaxlifetime: 900 });
      expect({ session: ours.session, store: ours.store }).toEqual({ session: theirs.session, store: theirs.store });

      // The page, as a web server shows it.
      const page = createServer(async (_, response) => response.end(await ask())).listen(0, '127.0.0.1');
      await once(page, 'listening');
      try {
        const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/ini.php`;
        const store = memoryStore({ gcMaxlifetime: 900 });
        const same = await checkPhpOptions({ store, ...ours.session }, url);
        expect(same.filter(({ code }) => code === 'differs')).toEqual([]);
        const other = await checkPhpOptions({ store, ...ours.session, cookiePath: '/' }, url);
        expect(other[0]).toMatchObject({
          code: 'differs',
          severity: 'error',
          setting: 'session.cookie_path',
          servers: [url],
        });
      } finally {
        page.close();
        page.closeAllConnections();
      }
    } finally {
      await server.stop();
    }
  },
  30_000,
);
