import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkVersions } from '../../src/cli/doctor/versions.ts';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { VERSION } from '../../src/stores/mysql/version.ts';
import { mentions, planted, secret, secretId } from './canary.ts';
import { connectionOf, type Run, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { testServer, type Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_doctor_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const article = `CREATE TABLE session (id CHAR(32) PRIMARY KEY, data TEXT, usetime INT);
  INSERT INTO session VALUES (MD5(1), 'n|i:1;', UNIX_TIMESTAMP())`;

interface Found {
  code: string;
  severity: string;
  message: string;
  sql: string[];
}

async function examined(args: readonly string[] = [], run: Run = {}) {
  const { out, err, code } = await shell.run(['doctor', '--json', ...args], run);
  if (out === '') throw new Error(err);
  const found: Found[] = JSON.parse(out);
  return { found, code, err, codes: found.map((one) => one.code) };
}

const file = (name: string, text: string): string => {
  const path = join(shell.directory, name);
  writeFileSync(path, text);
  return path;
};

describe('doctor', () => {
  test('each application that is recognized', async () => {
    for (const { title, schema, fill, env } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const { found, code } = await examined([], { env });
      const errors = found.filter(({ severity }) => severity === 'error');
      expect([title, code]).toEqual([title, errors.length > 0 ? 1 : 0]);
      // What is in the rows is read as it is: that would be the reason for an error of this kind.
      expect([title, errors.filter((one) => one.code === 'data-encoding')]).toEqual([title, []]);
    }
  }, 240_000);

  test('finds what is wrong with a table, and an error has an exit code', async () => {
    await witness.query(article.replace('PRIMARY KEY', 'NOT NULL'));
    const { codes, code, found } = await examined();
    expect(codes).toEqual(
      expect.arrayContaining(['id-key', 'id-collation', 'data-type', 'php-not-checked'].slice(0, 2)),
    );
    expect(code).toBe(1);
    expect(found[0]!.severity).toBe('error');
    const { out } = await shell.run(['doctor']);
    expect(out).toMatch(/^error id-key \(127\.0\.0\.1:\d+\)\n {2}.*\n {4}ALTER TABLE .*;\n/);
    expect(out).toMatch(/\n1 errors, \d+ warnings, \d+ to know\n$/);
  });

  test("PHP's workers need connections too", async () => {
    await witness.query(article);
    const pool = file('www.conf', '[www]\npm.max_children = 190\nphp_admin_value[session.gc_maxlifetime] = 1440\n');
    const { found } = await examined(['--php-pool', pool]);
    expect(found.find(({ code }) => code === 'php-workers')).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/there may be 225: 30 of 1 processes of Node, 190 of PHP's workers/),
    });
    expect((await examined(['--php-pool', pool, '--php-workers', '20'])).codes).not.toContain('php-workers');
  });
});

describe("PHP's settings", () => {
  test('that are not as the options', async () => {
    await witness.query(article);
    const ini = file('php.ini', 'session.name = OTHER\nsession.gc_maxlifetime = 60\nsession.save_path = /nowhere\n');
    const { found, code } = await examined(['--php-ini', ini]);
    const differs = found
      .filter((one) => one.code === 'differs')
      .map(({ severity, message }) => `${severity} ${message}`);
    expect(differs).toEqual(
      expect.arrayContaining([expect.stringMatching(/^error session\.name: name is 'PHPSESSID' in Node/)]),
    );
    expect(code).toBe(1);
  });

  test('as PHP says them itself', async () => {
    await witness.query(article);
    const json = file('ini.json', JSON.stringify({ 'session.name': { local_value: 'OTHER' } }));
    expect((await examined(['--ini-get-all', json])).codes).toContain('differs');
  });

  test('a drop-in that is bypassed: sessions are still in files', async () => {
    await witness.query(article);
    const folder = join(shell.directory, 'sessions');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `sess_${secretId()}`), planted);
    const prepend = file('prepend.php', '<?php');
    const ini = file('php.ini', `auto_prepend_file = ${prepend}\nsession.save_path = "2;600;${folder}"\n`);
    const { found, err } = await examined(['--php-ini', ini]);
    expect(found.find(({ code }) => code === 'drop-in-bypassed')).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/^1 sessions in files of .* the drop-in is bypassed there/),
    });
    expect([JSON.stringify(found), err].filter(mentions)).toEqual([]);
    const gone = file('php.ini', 'auto_prepend_file = /nowhere/prepend.php\nsession.save_path = /nowhere\n');
    expect((await examined(['--php-ini', gone])).found.find(({ code }) => code === 'drop-in-bypassed')).toMatchObject({
      severity: 'error',
    });
  });

  test.each([['php-ini'], ['php-pool'], ['ini-get-all']])('--%s: a file that is not there', async (flag) => {
    await witness.query(article);
    const { err, code } = await shell.run(['doctor', `--${flag}`, '/nowhere']);
    expect([code, err]).toEqual([2, expect.stringMatching(/PHP's settings cannot be read: ENOENT/)]);
  });
});

describe('--fix', () => {
  const columns = async () => (await witness.query('SHOW COLUMNS FROM session')).map(({ Type }) => Type);

  test('asks first, and does nothing without an answer', async () => {
    await witness.query(article);
    const before = await columns();
    const { code, err } = await shell.run(['doctor', '--fix']);
    expect([code, err]).toEqual([2, expect.stringMatching(/ALTER TABLE .*\n.*--fix asks on a terminal/s)]);
    for (const input of ['no\n', '', 'yes please\n']) {
      const said = await shell.run(['doctor', '--fix'], { isTerminal: true, input });
      expect(said.err).toMatch(/Run them\? Type yes: .*Nothing was changed/s);
    }
    expect(await columns()).toEqual(before);
  });

  test.each<[string, string[], Run]>([
    ['with yes', [], { isTerminal: true, input: 'yes\n' }],
    ['with --yes', ['--yes'], {}],
  ])('mends what was chosen, %s', async (_, flags, run) => {
    await witness.query(article);
    expect((await examined()).codes).toEqual(expect.arrayContaining(['id-collation', 'data-size', 'time-index']));
    const { err } = await shell.run(['doctor', '--fix', '--only', 'id-collation,data-size', ...flags], run);
    expect(err).toMatch(/done on 127\.0\.0\.1:\d+: ALTER TABLE/);
    const { codes } = await examined();
    expect(codes.filter((code) => /^(id|data)-/.test(code))).toEqual([]);
    expect(codes).toContain('time-index');
    expect(await columns()).toEqual(['varbinary(128)', 'mediumblob', expect.stringMatching(/^int/)]);
  });

  test('a statement that the account may not run', async () => {
    await witness.query(article);
    const user = `doctor_${process.pid}`;
    await witness.query(`CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY 'secret';
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.session TO ${user}@127.0.0.1`);
    const env = {
      PHP_SESSION_BRIDGE_CONNECTION: connectionOf(database, { ...testServer(), user, password: 'secret' }),
    };
    const { code, err } = await shell.run(['doctor', '--fix', '--yes', '--only', 'id-collation'], { env });
    expect([code, err]).toEqual([3, expect.stringMatching(/refuses a statement \(ER_TABLEACCESS_DENIED_ERROR\)/)]);
    await witness.query(`DROP USER ${user}@127.0.0.1`);
  });
});

describe('versions', () => {
  const server = { name: 'a:3306', maxConnections: 100, isGalera: false, clients: [] };
  const codes = (...args: Parameters<typeof checkVersions>) => checkVersions(...args).map(({ code }) => code);

  test('of which our pages warn', () => {
    expect(codes([{ ...server, version: '12.1.2-MariaDB', isGalera: true }], 'php')).toEqual(['version-galera']);
    expect(codes([{ ...server, version: '12.1.2-MariaDB' }], 'php')).toEqual([]);
    expect(codes([{ ...server, version: '11.8.3-MariaDB', isGalera: true }], 'php')).toEqual([]);
    expect(codes([{ ...server, version: '9.7.4' }], msgpack())).toEqual(['version-msgpack']);
  });

  test('that are not the same', () => {
    const others = [server, { ...server, name: 'b:3306' }];
    expect(
      codes(
        others.map((one, i) => ({ ...one, version: i === 0 ? '8.4.1' : '9.7.4' })),
        'php',
      ),
    ).toEqual(['version-servers']);
    const clients = [
      { program: 'shop', version: '0.1.0' },
      { program: 'php-session-bridge', version: undefined },
    ];
    expect(codes([{ ...server, version: '9.7.4', clients }], 'php')).toEqual(['version-package']);
    expect(codes([{ ...server, version: '9.7.4', clients: undefined }], 'php')).toEqual(['clients-not-visible']);
  });

  test('connections say that of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
    expect(VERSION).toBe(version);
  });
});

test('no id, key, value or password is shown', async () => {
  await witness.query(article.replace('TEXT', 'MEDIUMBLOB'));
  await witness.query('INSERT INTO session VALUES (?, ?, 1)', [secretId(), Buffer.from(planted)]);
  const user = `doctor2_${process.pid}`;
  await witness.query(
    `CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY '${secret}'; GRANT ALL ON *.* TO ${user}@127.0.0.1`,
  );
  const env = { PHP_SESSION_BRIDGE_CONNECTION: connectionOf(database, { ...testServer(), user, password: secret }) };
  const ini = file('php.ini', `session.referer_check = ${secret}\nmysqli.default_pw = ${secret}\n`);
  for (const flags of [[], ['--json'], ['--php-ini', ini], ['--fix', '--yes', '--only', 'id-collation']]) {
    const { out, err } = await shell.run(['doctor', ...flags], { env });
    expect(out).not.toBe('');
    expect([out, err].filter(mentions)).toEqual([]);
  }
  await witness.query(`DROP USER ${user}@127.0.0.1`);
});
