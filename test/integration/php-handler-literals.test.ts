import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { binaryTable, type Driver, type Harness, startHarness, type Table } from '../php/harness.ts';

// Ids and data stand in the text of statements, as hex. So no character set and no sql_mode gives a byte of them a meaning.

/** Names with all that could end a name or begin a value, also for PDO's own parser. */
const odd = (table: string): Table => ({
  title: 'odd names',
  name: `\`${table} ?:a '"\\\``,
  columns: '`i?d :x\'` VARBINARY(128) NOT NULL PRIMARY KEY, `da"ta\\` MEDIUMBLOB NOT NULL, `t?` INT UNSIGNED NOT NULL',
  options: { table: `test.${table} ?:a '"\\`, id: "i?d :x'", data: 'da"ta\\', time: 't?' },
});
const [binary, strange] = [binaryTable(), odd(`php_odd_${randomBytes(4).toString('hex')}`)];

/** The last byte of a character may be a backslash (0x5c) in the last four. */
const charsets = ['utf8mb4', 'latin1', 'gbk', 'sjis', 'big5', 'cp932'];
const modes = [
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,TRADITIONAL',
];
const combinations = (['pdo', 'mysqli', 'persistent'] as Driver[]).flatMap((driver) =>
  charsets.map((charset) => ({ driver, charset })),
);

/** Each byte; what ends a string, behind bytes that begin a character of two in some sets; and statements. */
const hostile = [
  "implode('', array_map('chr', range(0, 255)))",
  String.raw`"\xbf\x27 OR 1=1 -- \x95\x5c\x27\x5c\xa4\x5c\\'\"\`; DROP TABLE t; -- ? :a /*"`,
];
/** So long that the server binds it. (PDO itself cannot prepare a statement with a `?` in a name.) */
const long = String.raw`str_repeat("\x81\x27\xbf\x5c", 20000)`;

/** A server of its own, as it sets the sql_mode of all. */
let server: Mariadb;
let php: Harness;

beforeAll(async () => {
  server = await startMariadb({ settings: { 'default-time-zone': '+00:00' } });
  const { host, port, user, password } = server;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  php = await startHarness([binary, strange]);
});

afterAll(async () => {
  await php?.stop();
  await server?.stop();
});

describe.each(combinations)('PHP: $driver, $charset', ({ driver, charset }) => {
  test.each(modes)('every byte comes back with sql_mode "%s"', async (mode) => {
    await php.sql(`SET GLOBAL sql_mode = '${mode}'`);
    for (const table of [binary, strange]) {
      const at = { driver, table, charset, id: randomBytes(16).toString('hex') };
      for (const bytes of table === binary ? [...hostile, long] : hostile) {
        const written = `$handler->start(); $_SESSION['b'] = ${bytes}; session_write_close(); return http_response_code();`;
        expect((await php.ask(at, written)).result).toBe(200);
        const read = `$handler->start(); return $_SESSION['b'] === ${bytes};`;
        expect((await php.ask(at, read)).result).toBe(true);
      }
    }
  });

  test('an id that ends a string is only an id', async () => {
    const id = `"x' OR '1'='1\\\\"`;
    const code = (work: string) => `$handler->open('', ''); $done = [${work}]; $handler->close(); return $done;`;
    const at = { driver, table: binary, charset };
    await php.sql(`DELETE FROM ${binary.name}`);
    expect((await php.ask(at, code(`$handler->read('aaaa'), $handler->write('aaaa', 'n|i:1;')`))).result).toEqual([
      '',
      true,
    ]);
    expect((await php.ask(at, code(`$handler->read(${id}), $handler->write(${id}, 'n|i:2;')`))).result).toEqual([
      '',
      true,
    ]);
    expect((await php.ask(at, code(`$handler->read(${id})`))).result).toEqual(['n|i:2;']);
    expect((await php.ask(at, code(`$handler->destroy(${id}), $handler->read('aaaa')`))).result).toEqual([
      true,
      'n|i:1;',
    ]);
  });
});

test.each(['pdo', 'mysqli'] as Driver[])('%s: an id that is no ASCII is bound, and found again', async (driver) => {
  const code = (work: string) => `$handler->open('', ''); $done = [${work}]; $handler->close(); return $done;`;
  const at = { driver, table: binary };
  await php.sql(`DELETE FROM ${binary.name}`);
  expect((await php.ask(at, code(`$handler->read('Zoë'), $handler->write('Zoë', 'n|i:1;')`))).result).toEqual([
    '',
    true,
  ]);
  expect((await php.ask(at, code(`$handler->read('Zoë')`))).result).toEqual(['n|i:1;']);
});

test('a PDO that takes one statement at a time gets them one by one', async () => {
  const code = `
    $attribute = class_exists('Pdo\\\\Mysql') ? Pdo\\Mysql::ATTR_MULTI_STATEMENTS : PDO::MYSQL_ATTR_MULTI_STATEMENTS;
    $db = new PDO("mysql:host={$mysql['host']};port={$mysql['port']};dbname=test", $mysql['user'], $mysql['password'], [$attribute => false]);
    $count = fn () => (int) $db->query("SHOW SESSION STATUS LIKE 'Com_commit'")->fetch()[1];
    $handler = new PhpSessionBridge\\SessionHandler($db, $test['options']);
    for ($i = 0; $i < 3; $i++) {
      $handler->start();
      $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
      session_write_close();
    }
    return [$_SESSION['n'], $count()];`;
  const id = randomBytes(16).toString('hex');
  expect((await php.ask({ driver: 'pdo', table: binary, id }, code)).result).toEqual([3, 3]);
  expect(await php.row(binary, id)).toBe('n|i:3;');
});
