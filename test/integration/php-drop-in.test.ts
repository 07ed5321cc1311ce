import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { startPhpFpm } from '../../tools/services/php-fpm.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { askFpm } from '../drop-in/fastcgi.ts';
import { prependFile, type Site, startSite } from '../drop-in/site.ts';

// The rules of php/prepend.php, with real PHP: it shall serve applications that know nothing of it.

const tables = { mail: `mail_${randomBytes(4).toString('hex')}`, shop: `shop_${randomBytes(4).toString('hex')}` };
const id = 'canary0123456789';
const secret = 'canarysecret';
const count = '$_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; return $_SESSION["n"];';

/** Both applications, each with its table. */
const both = `return [
  'connection' => $connection,
  'applications' => [
    'mail' => ['path' => "$root/mail", 'options' => ['table' => '${tables.mail}']],
    'shop' => ['path' => "$root/shop", 'options' => ['table' => '${tables.shop}']],
  ],
];`;

let pool: Pool;

beforeAll(async () => {
  pool = createPool({ ...JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null'), database: 'test' });
  const columns = 'id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL';
  for (const table of Object.values(tables)) await pool.query(`CREATE TABLE ${table} (${columns})`);
});

afterAll(async () => {
  for (const table of Object.values(tables)) await pool.query(`DROP TABLE ${table}`);
  await pool.end();
});

async function rows(table: string): Promise<Record<string, string>> {
  const [found] = await pool.query<RowDataPacket[]>(`SELECT id, data FROM ${table} WHERE id NOT LIKE '<%'`);
  return Object.fromEntries(found.map((row) => [String(row.id), String(row.data)]));
}

/** Runs a test on a site of its own, and checks that no message contains the id or the password. */
async function on(site: Site, check: (at: Awaited<ReturnType<typeof startSite>>) => Promise<void>): Promise<void> {
  for (const table of Object.values(tables)) await pool.query(`DELETE FROM ${table}`);
  const at = await startSite({ configuration: both, ...site });
  try {
    await check(at);
    expect(at.log()).not.toContain('canary');
    expect(at.log()).not.toMatch(/Fatal|Uncaught/);
  } finally {
    await at.stop();
  }
}

const lines = (log: string) => log.split('\n').filter((line) => line.includes('PhpSessionBridge'));

describe('the drop-in: a page without a session', () => {
  test('finds all as it was, but for session.save_handler, and connects to nothing', async () => {
    let connections = 0;
    const database = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    const port = await freePort();
    await new Promise<void>((resolve) => database.listen(port, '127.0.0.1', resolve));
    try {
      await on({ port }, async ({ ask, log }) => {
        const look = `return [ini_get_all(null, false), array_keys($GLOBALS), headers_list(), ob_get_level(), http_response_code(),
          session_status(), error_get_last(), spl_autoload_functions(), class_exists('PhpSessionBridge\\\\SessionHandler', false)];`;
        const plain = await ask('plain', look);
        const mail = await ask('mail', look);
        const settings = (plain.result as Record<string, string>[])[0];
        expect(settings?.['session.save_handler']).toBe('files');
        (settings as Record<string, string>)['session.save_handler'] = 'user';
        expect(mail.result).toEqual(plain.result);
        expect([mail.status, mail.cookies, connections, log()]).toEqual([200, [], 0, '']);
      });
    } finally {
      database.close();
    }
  });

  test('nor does a page with open_basedir see that files of others are out of its reach', async () => {
    const configuration = both.replace('"$root/mail"', '["/usr/bin", dirname($root)]');
    const files = { 'mail/script.php': `<?php session_start(); echo 'page', session_module_name();` };
    await on({ configuration, files }, async ({ run, at, log }) => {
      const open = [join(__dirname, '../../php'), at('root')].join(':');
      const ini = { 'php_session_bridge.cli': 1, open_basedir: `${open}:${at('config.php')}` };
      expect(await run('mail/script.php', ini)).toBe('pageuser');
      expect(log()).toBe('');
      writeFileSync(at('root/mail/script.php'), '<?php echo "page";');
      expect(await run('mail/script.php', { ...ini, open_basedir: open })).toBe('page');
      expect(log()).toBe('');
      writeFileSync(at('root/mail/script.php'), '<?php session_start(); echo "page";');
      const { stdout } = await run('mail/script.php', { ...ini, open_basedir: open }).catch((error) => error);
      expect(stdout).toBe('The session is not available. Please try again later.\n');
      expect(lines(log())).toHaveLength(1);
      expect(log()).toContain('config.php cannot be read: it must exist, be inside open_basedir');
    });
  });

  test('works while the database is away; with a session the answer is 503, and nothing is in files', async () => {
    await on({ port: await freePort() }, async ({ ask, files, log }) => {
      expect(await ask('mail', 'return "page";')).toMatchObject({ status: 200, result: 'page' });
      for (const before of ['', 'header("Location: /login");', 'echo "begun"; ', 'ini_set("display_errors", "0");']) {
        const answer = await ask('mail', `${before} session_start(); error_log("went on"); ${count}`, { id });
        expect(answer).toMatchObject({
          status: 503,
          body: 'The session is not available. Please try again later.\n',
        });
        expect(answer.headers['retry-after']).toBe('5');
        expect(answer.headers.location).toBeUndefined();
        expect(answer.cookies).toEqual([]);
      }
      expect(lines(log())).toHaveLength(4);
      expect(log()).not.toContain('went on');
      expect(files()).toEqual([]);
    });
  });
});

describe('the drop-in: whose session it is', () => {
  test('each application has its table; pages of none keep their files', async () => {
    await on({ ini: { 'session.use_strict_mode': 0 } }, async ({ ask, files, log }) => {
      const code = `session_start(); ${count}`;
      for (const n of [1, 2]) expect((await ask('mail', code, { id })).result).toBe(n);
      expect((await ask('shop', code, { id })).result).toBe(1);
      expect(await rows(tables.mail)).toEqual({ [id]: 'n|i:2;' });
      expect(await rows(tables.shop)).toEqual({ [id]: 'n|i:1;' });
      expect(files()).toEqual([]);
      expect((await ask('plain', code, { id })).result).toBe(1);
      expect(files()).toEqual([`sess_${id}`]);
      expect(log()).toBe('');
    });
  });

  test('a path that is not there is logged by pages of no application', async () => {
    await on({ configuration: both.replace('$root/shop', '$root/shoop') }, async ({ ask, log }) => {
      expect((await ask('mail', 'return 1;')).result).toBe(1);
      expect(log()).toBe('');
      expect((await ask('shop', 'return 1;')).result).toBe(1);
      expect(lines(log())).toHaveLength(1);
      expect(log()).toContain("shoop, the 'path' of the application 'shop'");
    });
  });

  const byHost = `return ['connection' => $connection, 'applications' => [
    'mail' => ['path' => "$root/mail", 'host' => ['mail.test', 'post.test'], 'options' => ['table' => '${tables.mail}']],
    'shop' => ['path' => ["$root/mail/page.php", "$root/shop"], 'host' => 'shop.test', 'options' => ['table' => '${tables.shop}']],
  ]];`;

  test('one host of several for the same scripts', async () => {
    await on({ configuration: byHost, ini: { 'session.use_strict_mode': 0 } }, async ({ ask, files }) => {
      const code = `session_start(); ${count}`;
      for (const host of ['mail.test', 'POST.test.:8080', 'shop.test:80', 'mail.test'])
        await ask('mail', code, { id, host });
      expect(await rows(tables.mail)).toEqual({ [id]: 'n|i:3;' });
      expect(await rows(tables.shop)).toEqual({ [id]: 'n|i:1;' });
      expect(files()).toEqual([]);
      await ask('mail', code, { id, host: 'other.test' });
      expect(files()).toEqual([`sess_${id}`]);
    });
  });

  test('a host in capitals, and with a dot, is the same host', async () => {
    const configuration = byHost.replace("'mail.test'", "'Mail.Test.'");
    await on({ configuration, ini: { 'session.use_strict_mode': 0 } }, async ({ ask, files }) => {
      await ask('mail', `session_start(); ${count}`, { id, host: 'mail.test' });
      expect(await rows(tables.mail)).toEqual({ [id]: 'n|i:1;' });
      expect(files()).toEqual([]);
    });
  });

  test('an attacker who sends the host of another application gets no session of it', async () => {
    const apart = byHost.replace(`"$root/mail/page.php", `, '');
    await on({ configuration: apart, ini: { 'session.use_strict_mode': 0 } }, async ({ ask }) => {
      await pool.query(`INSERT INTO ${tables.shop} VALUES (?, 'user|s:5:"admin";', UNIX_TIMESTAMP())`, [id]);
      const code = 'session_start(); return $_SESSION["user"] ?? "nobody";';
      expect((await ask('mail', code, { id, host: 'shop.test' })).result).toBe('nobody');
      expect((await ask('shop', code, { id, host: 'shop.test' })).result).toBe('admin');
    });
  });
});

describe('the drop-in: native sessions', () => {
  test("an autoloader of the application that takes every class for its own does not see the handler's", async () => {
    const strict = `spl_autoload_register(function ($class) { require "classes/$class.php"; });`;
    const merges = both.replaceAll(`]],`, `, 'lock' => 'merge']],`);
    for (const configuration of [both, merges])
      await on({ configuration }, async ({ ask, log }) => {
        const answer = await ask('mail', `${strict} session_start(); session_gc(); session_destroy(); return 1;`);
        expect(answer.result).toBe(1);
        expect(log()).toBe('');
      });
  });

  test('a shutdown function of the application may change the session', async () => {
    await on({}, async ({ ask }) => {
      await ask(
        'mail',
        `session_start(); register_shutdown_function(function () { $_SESSION['late'] = 1; }); return 1;`,
      );
      expect(Object.values(await rows(tables.mail))).toEqual(['late|i:1;']);
    });
  });

  test('strict mode, a new id, a logout, exit', async () => {
    await on({ ini: { 'session.use_strict_mode': 1 } }, async ({ ask, log }) => {
      expect((await ask('mail', `session_start(); ${count}`, { id })).cookies).toHaveLength(1);
      const [first = ''] = Object.keys(await rows(tables.mail));
      expect(first).not.toBe(id);
      await ask('mail', 'session_start(); session_regenerate_id(true); $_SESSION["user"] = "alice"; exit;', {
        id: first,
      });
      const moved = await rows(tables.mail);
      expect(moved[first]).toBe('');
      const [second = ''] = Object.keys(moved).filter((key) => key !== first);
      expect(moved[second]).toBe('n|i:1;user|s:5:"alice";');
      await ask('mail', 'session_start(); return session_destroy();', { id: second });
      expect(Object.keys(await rows(tables.mail))).toEqual([first]);
      expect(log()).toBe('');
    });
  });
});

describe("the drop-in: options of the application's entry", () => {
  const merging = both.replaceAll("']]", "', 'lock' => 'merge']]");

  test("lock 'merge': two pages of one visitor run at the same time, and neither loses what the other stores", async () => {
    await on({ configuration: merging, ini: { 'session.use_strict_mode': 0 } }, async ({ ask, at, log }) => {
      /** A page that has begun, and goes on until the other one has ended, or for five seconds. */
      const slow = `session_start(); touch('${at('begun')}');
        for ($i = 0; $i < 100 && !file_exists('${at('ended')}'); $i++) { clearstatcache(); usleep(50000); }
        $_SESSION['slow'] = 1; return file_exists('${at('ended')}');`;
      const first = ask('mail', slow, { id });
      while (!existsSync(at('begun'))) await sleep(20);
      await ask('mail', `session_start(); $_SESSION['quick'] = 2; session_write_close(); touch('${at('ended')}');`, {
        id,
      });
      expect((await first).result).toBe(true);
      expect((await ask('mail', 'session_start(); return $_SESSION;', { id })).result).toEqual({ quick: 2, slow: 1 });
      expect(log()).toBe('');
    });
  });

  test.each(['row', 'merge'])(
    "a persistent connection, by the array of 'connection', with the lock '%s'",
    async (lock) => {
      const { host, port, user, password } = JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null');
      const processes = 5; // Of PHP's own web server: four workers, and the one that started them.
      let opened = 0;
      const door = createServer((client) => {
        opened++;
        const database = connect(port, host);
        client.on('error', () => database.destroy()).pipe(database);
        database.on('error', () => client.destroy()).pipe(client);
      });
      await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
      const { port: doorPort } = door.address() as AddressInfo;
      const array = `['host' => '127.0.0.1', 'port' => ${doorPort}, 'user' => '${user}', 'password' => '${password}',
      'database' => 'test', 'persistent' => true]`;
      const configuration = both
        .replace("'connection' => $connection", `'connection' => ${array}`)
        .replaceAll("']]", `', 'lock' => '${lock}']]`);
      try {
        await on({ configuration, ini: { 'session.use_strict_mode': 0 } }, async ({ ask, log }) => {
          for (let n = 1; n <= 12; n++) expect((await ask('mail', `session_start(); ${count}`, { id })).result).toBe(n);
          expect(opened).toBeLessThanOrEqual(processes);
          await ask('mail', `session_start(); $_SESSION['n'] = 20; exit;`, { id });
          expect((await ask('shop', `session_start(); ${count}`, { id })).result).toBe(1);
          expect((await ask('mail', `session_start(); ${count}`, { id })).result).toBe(21);
          expect(opened).toBeLessThanOrEqual(processes);
          expect(log()).toBe('');
        });
      } finally {
        door.close();
      }
    },
  );
});

describe('the drop-in: an application that takes another handler', () => {
  const own = `$own = new class extends SessionHandler {}; session_set_save_handler($own, true);`;
  test.each([
    ['session_module_name()', 'session_module_name("files");', 'session.save_handler = files'],
    ['ini_set()', 'ini_set("session.save_handler", "files");', 'session.save_handler = files'],
    ['a handler of its own', own, 'a session handler of its own'],
    ['a second session', `session_start(); session_write_close(); ${own}`, 'a session handler of its own'],
  ])('%s: one line in the log', async (_, code, handler) => {
    await on({}, async ({ ask, log }) => {
      expect((await ask('mail', `${code} session_start(); ${count}`)).result).toBe(1);
      expect(lines(log())).toHaveLength(1);
      expect(log()).toContain(`the application 'mail' has set ${handler} after prepend.php`);
      await ask('mail', `${code} return 1;`.replace(/session_start\(\); session_write_close\(\);/, ''));
      await ask('plain', `${code} session_start(); ${count}`);
      expect(lines(log())).toHaveLength(1);
    });
  });
});

describe('the drop-in: a prepend file that was there before', () => {
  const files = {
    'first.php': '<?php $seen = [basename(__FILE__), isset($_SESSION)];',
    'own.php': '<?php $seen = [basename(__FILE__), isset($_SESSION)];',
  };
  const configuration = both
    .replace('return [', `return ['prepend' => "$root/first.php",`)
    .replace(`'path' => "$root/shop"`, `'path' => "$root/shop", 'prepend' => "$root/own.php"`);

  test('runs in the scope of the page, on pages of no application too; an application may have another', async () => {
    await on({ configuration, files }, async ({ ask }) => {
      for (const [application, name] of [
        ['mail', 'first.php'],
        ['plain', 'first.php'],
        ['shop', 'own.php'],
      ] as const) {
        expect((await ask(application, 'return $GLOBALS["seen"];')).result).toEqual([name, false]);
        expect((await ask(application, `session_start(); ${count}`)).result).toBe(1);
      }
    });
  });
});

describe('the drop-in: its configuration', () => {
  const wrong = async (site: Site, message: string) => {
    await on(site, async ({ ask, files, log }) => {
      expect(await ask('mail', 'return "page";')).toMatchObject({ status: 200, result: 'page' });
      expect(log()).toBe('');
      const answer = await ask('mail', `session_start(); error_log('went on'); ${count}`);
      expect(answer).toMatchObject({ status: 500, body: 'The session is not available. Please try again later.\n' });
      expect(lines(log())).toHaveLength(1);
      expect(log()).toContain(message);
      expect(log()).not.toContain('went on');
      expect(files()).toEqual([]);
    });
  };
  const entry = (text: string) => `return ['connection' => $connection, 'applications' => ['mail' => ${text}]];`;

  test.each<[string, Site, string]>([
    ['no file', { configuration: undefined, place: 'not-there.php' }, 'not-there.php cannot be read'],
    [
      'a mistake in PHP',
      { configuration: `return ['${secret}' '${secret}'];` },
      'config.php fails on line 6: ParseError',
    ],
    ['an exception', { configuration: `throw new Exception('${secret}');` }, 'config.php fails on line 6: Exception'],
    ['no array', { configuration: `return '${secret}';` }, "must return an array with 'applications'"],
    ['output', { configuration: `echo '${secret}'; ${both}` }, 'config.php must print nothing'],
    ['no application', { configuration: `return ['applications' => []];` }, "must return an array with 'applications'"],
    ['an entry that is none', { configuration: entry(`['pth' => '/']`) }, "application 'mail' must be an array with"],
    ['no path', { configuration: entry(`['options' => ['table' => 's']]`) }, "application 'mail' needs 'path'"],
    ['a relative path', { configuration: entry(`['path' => 'mail']`) }, "application 'mail': 'path' must be absolute"],
    [
      'a host with a port',
      { configuration: entry(`['path' => '/', 'host' => 'mail.test:8080', 'options' => ['table' => 's']]`) },
      "application 'mail': 'host' must be the name of a host, without a port",
    ],
    ['no table', { configuration: entry(`['path' => '/']`) }, "application 'mail' needs ['options']['table']"],
    [
      'no connection',
      { configuration: `return ['applications' => ['a' => ['path' => '/', 'options' => ['table' => 's']]]];` },
      "application 'a' needs 'connection'",
    ],
    [
      'one table twice',
      { configuration: both.replace(tables.shop, tables.mail.toUpperCase()) },
      "applications 'mail' and 'shop' have the same table",
    ],
    [
      'one table twice, once without its database',
      { configuration: both.replace(tables.shop, `test.${tables.mail}`) },
      "applications 'mail' and 'shop' have the same table",
    ],
    [
      'an option of the handler',
      { configuration: both.replace(`'${tables.mail}'`, `'${tables.mail}', 'lock_timeout' => 0`) },
      "Option 'lock_timeout' must be",
    ],
  ])('%s: 500 for a session, a line in the log, other pages as usual', async (_, site, message) => {
    await wrong(site, message);
  });

  test('an application may have a connection of its own', async () => {
    const configuration = both
      .replace(`'connection' => $connection,`, '')
      .replaceAll(`'options'`, `'connection' => $connection, 'options'`);
    await on({ configuration }, async ({ ask }) => {
      expect((await ask('shop', `session_start(); ${count}`)).result).toBe(1);
    });
  });

  test('the connection may be a configuration, and a persistent one; a mistake in it is a 500', async () => {
    const { host, port, user, password } = JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null');
    const connection = `['host' => '${host}', 'port' => ${port}, 'user' => '${user}', 'password' => '${password}', 'database' => 'test', 'persistent' => true]`;
    const configuration = both.replace('$connection', connection).replaceAll(`]],`, `, 'lock' => 'merge']],`);
    await on({ configuration, ini: { 'session.use_strict_mode': 0 } }, async ({ ask }) => {
      for (const n of [1, 2]) expect((await ask('shop', `session_start(); ${count}`, { id })).result).toBe(n);
      expect((await ask('shop', 'session_start(); return session_destroy();', { id })).result).toBe(true);
      expect(await rows(tables.shop)).toEqual({});
    });
    await wrong(
      { configuration: both.replace('$connection', `['user' => 'x', 'pasword' => '${secret}']`) },
      'no key pasword',
    );
  });

  test('an object of it shows no password', async () => {
    const code = `require '${join(__dirname, '../../php/src/autoload.php')}';
      $entry = ['path' => '/srv', 'options' => ['table' => 't'], 'connection' => ['password' => '${secret}']];
      $own = new PhpSessionBridge\\DropIn\\Application('own', $entry, null);
      var_dump($own); print_r($own); var_export($own); echo json_encode($own), $own->connection()['password'] === '${secret}';`;
    const { stdout } = await promisify(execFile)('php', ['-r', code]);
    expect(stdout).toMatch(/own.*1$/s);
    expect(stdout).not.toContain(secret);
  });

  test.each([
    ['readable by others', { mode: 0o644 }, 'can be read or written by every user'],
    ['writable by others', { mode: 0o642 }, 'can be read or written by every user'],
    ['inside the document root', { place: 'root/config.php' }, 'is inside the document root'],
  ])('%s: a warning as a session starts', async (_, site, message) => {
    await on(site, async ({ ask, log }) => {
      await ask('mail', 'return "page";');
      expect(log()).toBe('');
      expect((await ask('mail', `session_start(); ${count}`)).result).toBe(1);
      expect(lines(log())).toHaveLength(1);
      expect(log()).toContain(message);
    });
  });

  test('what keeps PHP from taking a handler: 500, as the session would be in a file', async () => {
    await on({ ini: { 'session.auto_start': 1 } }, async ({ ask, log }) => {
      expect((await ask('mail', 'return 1;')).status).toBe(500);
      expect(log()).toContain(
        'no session: a session that this handler has not started is active already: set session.auto_start = 0',
      );
      expect((await ask('plain', 'return 1;')).status).toBe(200);
    });
    await on({ ini: { 'session.upload_progress.enabled': 1 } }, async ({ ask, log }) => {
      const refuses = (
        await ask('plain', 'try { ini_set("session.name", "A"); return false; } catch (Error $e) { return true; }')
      ).result;
      const { status } = await ask('mail', 'return 1;');
      expect(status).toBe(refuses ? 500 : 200);
      if (refuses) expect(log()).toContain('set session.upload_progress.enabled = Off in php.ini');
    });
  });
});

describe('the drop-in: on the command line', () => {
  const files = { 'mail/script.php': `<?php session_start(); $_SESSION['n'] = 1; echo session_module_name();` };

  test('it does nothing, and does not read its configuration', async () => {
    await on({ files, configuration: `echo 'read'; ${both}` }, async ({ run, log }) => {
      expect(await run('mail/script.php')).toBe('files');
      expect(log()).toBe('');
    });
  });

  test('unless it is asked to', async () => {
    await on({ files }, async ({ run, log }) => {
      expect(await run('mail/script.php', { 'php_session_bridge.cli': 1 })).toBe('user');
      expect(Object.values(await rows(tables.mail))).toEqual(['n|i:1;']);
      expect(log()).toBe('');
    });
  });
});

describe('the drop-in: a worker that lives on', () => {
  /** One process that serves requests one after the other; each ends in another way, and none is closed by PHP's end. */
  const worker = (before: string) => `<?php
    $requests = [
      ['mail', 'aaaa', function () { $_SESSION['user'] = 'alice'; session_write_close(); }],
      ['mail', 'bbbb', function () { $_SESSION['user'] = 'bob'; session_abort(); }],
      ['mail', 'cccc', function () { $_SESSION['user'] = 'carol'; throw new Exception('fails'); }],
      ['mail', 'dddd', function () { session_write_close(); }],
      ['shop', 'aaaa', function () { session_write_close(); }],
      ['plain', 'aaaa', function () { session_write_close(); }],
      ['mail', 'aaaa', function () { session_write_close(); }],
    ];
    $seen = [];
    foreach ($requests as $i => [$application, $id, $handle]) {
      $_SERVER['SCRIPT_FILENAME'] = __DIR__ . "/../$application/page.php";
      $_SERVER['REQUEST_TIME_FLOAT'] = 1000.0 + $i;
      $_SESSION = [];
      ${before}
      session_id(str_repeat($id, 8));
      session_start(['use_cookies' => 0, 'cache_limiter' => '']);
      $seen[] = [$application, $id, $_SESSION['user'] ?? null];
      try { $handle(); } catch (Exception $error) { session_abort(); }
    }
    echo json_encode($seen);`;
  const seen = [
    ['mail', 'aaaa', null],
    ['mail', 'bbbb', null],
    ['mail', 'cccc', null],
    ['mail', 'dddd', null],
    ['shop', 'aaaa', null],
    ['plain', 'aaaa', null],
    ['mail', 'aaaa', 'alice'],
  ];
  const cli = { 'php_session_bridge.cli': 1, 'session.use_strict_mode': 0 };

  test('the session of one request never meets the next, of the same application or of another', async () => {
    const files = { 'mail/worker.php': worker('require ini_get("auto_prepend_file");') };
    await on({ files }, async ({ run, files: stored, log }) => {
      expect(JSON.parse(await run('mail/worker.php', cli))).toEqual(seen);
      expect(await rows(tables.mail)).toEqual({ ['aaaa'.repeat(8)]: 'user|s:5:"alice";' });
      expect(await rows(tables.shop)).toEqual({});
      expect(stored()).toEqual([`sess_${'aaaa'.repeat(8)}`]); // Of the page without an application.
      expect(log()).toBe('');
    });
  });

  test('without prepend.php for each request the right table is found, or none', async () => {
    const files = { 'mail/worker.php': worker('') };
    await on({ files }, async ({ run, files: stored, log }) => {
      const failure = await run('mail/worker.php', cli).catch((error) => error);
      expect(failure.code).toBe(1);
      expect(failure.stdout).toBe('The session is not available. Please try again later.\n');
      expect(log()).toContain('this request is for no application of the configuration');
      expect(await rows(tables.mail)).toEqual({ ['aaaa'.repeat(8)]: 'user|s:5:"alice";' });
      expect(await rows(tables.shop)).toEqual({});
      expect(stored()).toEqual([]);
    });
  });
});

describe('the drop-in: PHP-FPM, as docs/drop-in.md sets it up', () => {
  test('one worker: requests that end in every way, and a .user.ini that names another prepend file', async () => {
    const files = {
      'mail/.user.ini': 'auto_prepend_file = own.php',
      'own.php': '<?php $seen = "own.php";',
    };
    const configuration = both.replace(
      `'path' => "$root/mail"`,
      `'path' => "$root/mail", 'prepend' => "$root/own.php"`,
    );
    await on({ files, configuration }, async ({ at, log }) => {
      mkdirSync(at('php.d'));
      writeFileSync(at('php.d', 'drop-in.ini'), `php_session_bridge.config = ${at('config.php')}\n`);
      const fpm = await startPhpFpm({
        workers: 1,
        ini: {
          auto_prepend_file: prependFile,
          'session.save_path': at('sessions'),
          'session.gc_probability': 0,
          'session.use_strict_mode': 0,
          display_errors: 0,
        },
        env: { PHP_INI_SCAN_DIR: `:${at('php.d')}` },
        log: at('error.log'),
      });
      try {
        const ask = (code: string, cookie: string) => {
          const script = at('root/mail/page.php');
          const request = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(code.length), SCRIPT_FILENAME: script };
          return askFpm(
            fpm.socket,
            { ...request, HTTP_COOKIE: `PHPSESSID=${cookie}`, DOCUMENT_ROOT: at('root') },
            code,
          );
        };
        const [alice, bob] = ['a'.repeat(32), 'b'.repeat(32)];
        expect(await ask('return $GLOBALS["seen"];', alice)).toContain('"own.php"');
        await ask('session_start(); $_SESSION["user"] = "alice"; return 1;', alice);
        for (const end of [
          'exit;',
          'undefined_function();',
          'throw new Exception("fails");',
          'session_abort(); exit;',
          'exit(1);',
        ]) {
          await ask(`session_start(); $_SESSION["user"] = $_SESSION["user"] ?? "bob"; ${end}`, bob);
          expect(await ask('session_start(); return $_SESSION["user"];', alice)).toContain('"alice"');
        }
        expect(await rows(tables.mail)).toEqual({ [alice]: 'user|s:5:"alice";', [bob]: 'user|s:3:"bob";' });
        expect(
          log()
            .split('\n')
            .filter((line) => line.includes('PhpSessionBridge')),
        ).toEqual([]);
      } finally {
        await fpm.stop();
        writeFileSync(at('error.log'), ''); // The fatal errors are those of the pages.
      }
    });
  });
});
