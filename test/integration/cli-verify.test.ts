import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Php } from '../../src/cli/verify/php.ts';
import type { World } from '../../src/cli/world.ts';
import { encodeSession } from '../../src/codec/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { mentions, planted, secret, secretId } from './canary.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { testServer, type Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_verify_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const article = 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)';

async function fill(...data: (string | Uint8Array)[]): Promise<void> {
  await witness.query(article);
  for (const [n, one] of data.entries()) {
    await witness.query(`INSERT INTO session VALUES (MD5(${n}), ?, 1)`, [Buffer.from(one)]);
  }
}

/** The kinds of rows, by their names. */
async function verified(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { out, err, code } = await shell.run(['verify', '--json', '--php', '1', ...args], { env });
  if (out === '') throw new Error(err);
  const { kinds, ...others } = JSON.parse(out);
  return { code, kinds: Object.fromEntries(kinds.map((one: { kind: string }) => [one.kind, one])), ...others };
}

describe('verify', () => {
  test('each application: Node writes its rows as they were, and so does PHP', async () => {
    for (const { title, schema, fill, env } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const { rows, kinds, code, php } = await verified([], env);
      const good = (kinds.identical?.rows ?? 0) + (kinds['packed-anew']?.rows ?? 0);
      expect([title, code, good, Object.keys(kinds).length]).toEqual([title, 0, rows, 1]);
      // PHP has no format JSON.
      expect([title, php.asked]).toEqual([title, php.version === null ? undefined : rows]);
    }
  }, 240_000);

  test('rows that are not as PHP writes them, by kind', async () => {
    await fill(
      'n|i:1;',
      'f|d:0.10000000000000001;', // of an older PHP: both write 0.1
      'n|i:+1;', // both write 1
      'broken|i:',
      'c|C:3:"Own":2:{ab}', // PHP lacks the class
      '',
    );
    const { kinds, code, php } = await verified();
    expect(code).toBe(1);
    expect(kinds).toMatchObject({
      identical: { rows: 3, ok: true, example: null },
      'as-php': { rows: 2, ok: true, example: { size: 7, offset: 4, shown: 'x|i: <here> .0;' } },
      unreadable: {
        rows: 1,
        ok: false,
        code: 'ERR_PHP_SYNTAX',
        example: { shown: 'xxxxxx| <here> x:' },
      },
    });
    expect(php).toMatchObject({ asked: 6, unknown: 1 });
  });

  test('without PHP nobody vouches for what is written anew', async () => {
    await fill('n|i:+1;');
    const { kinds, code, php } = await verified(['--no-php']);
    expect([code, Object.keys(kinds), php]).toEqual([1, ['rewritten'], { version: null, why: '--no-php was given' }]);
    const { err, code: none } = await shell.run(['verify', '--json'], { env: { PATH: shell.directory } });
    expect([none, err]).toEqual([1, expect.stringMatching(/^session:/)]);
  });

  test.each([
    ['igbinary', igbinary],
    ['php_serialize', 'php_serialize'],
    ['php_binary', 'php_binary'],
  ] as const)('the format %s', async (_, format) => {
    const data = encodeSession({ user: { name: 'alice', roles: ['a', 'b'] }, share: 0.25, n: 1 }, { format });
    await fill(data, encodeSession({}, { format }));
    const { kinds, php } = await verified(
      _ === 'php_binary' ? ['--config', configuration({ session: { serializeHandler: _ } })] : [],
    );
    expect([kinds, php]).toMatchObject([{ identical: { rows: 2 } }, { asked: 2, unknown: 0 }]);
  });

  test('an account that may only read is enough', async () => {
    await fill('n|i:1;');
    const user = `reader_${process.pid}`;
    await witness.query(`CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY 'secret';
      GRANT SELECT ON ${database}.session TO ${user}@127.0.0.1`);
    const connection = connectionOf(database, { ...testServer(), user, password: 'secret' });
    expect((await verified([], { PHP_SESSION_BRIDGE_CONNECTION: connection })).code).toBe(0);
    await witness.query(`DROP USER ${user}@127.0.0.1`);
  });

  test('which presets would read the rows', async () => {
    await fill('n|i:1;', Buffer.from('n|i:1;').toString('base64'), 'a:1:{i:0;i:1;}');
    const { presets } = await verified(['--preset', 'cakephp', '--table', 'session', '--config', configuration()]);
    expect(presets).toMatchObject({ looked: 3, reads: { cakephp: 1, symfony: 1, magento: 1 } });
    expect(presets.reads).not.toHaveProperty('openCart');
  });
});

interface Options {
  preset?: object;
  store?: Partial<MysqlStoreOptions>;
  session?: object;
}

/** A configuration that names the article's columns, for rows that do not tell. What comes after is its own. */
function configuration({ preset, store = {}, session = {} }: Options = {}): string {
  const columns = { id: 'id', data: 'data', time: 'usetime', ...store.columns };
  const own = { table: 'session', timeMeaning: 'lastUsed', ...store, columns };
  const text = JSON.stringify({ preset, store: own, session });
  const file = join(shell.directory, `${createHash('md5').update(text).digest('hex')}.mjs`);
  writeFileSync(file, `export default ${text};`);
  return file;
}

describe('a run that was stopped', () => {
  test('goes on where it was, and its file tells nobody an id', async () => {
    await witness.query(`${article}; INSERT INTO session SELECT MD5(seq), 'n|i:1;', 1 FROM seq_1_to_3000`);
    const file = join(shell.directory, 'state');
    const interruption = new AbortController();
    const args = ['verify', '--json', '--no-php', '--resume', file];
    setTimeout(() => interruption.abort(), 1_500);
    const stopped = await shell.run([...args, '--rate', '500'], { signal: interruption.signal });
    expect([stopped.code, stopped.err]).toEqual([130, expect.stringContaining('goes on from here')]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const stored = readFileSync(file, 'latin1');
    const keys = await witness.query('SELECT id FROM session');
    expect(keys.filter(({ id }) => stored.includes(id!))).toEqual([]);
    const other = await shell.run(args, { env: { PHP_SESSION_BRIDGE_HANDLE_KEY: 'x'.repeat(32) } });
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('not of a run with this handle key')]);
    const { out, code } = await shell.run(args);
    const { rows, rowsBefore } = JSON.parse(out);
    expect([code, rows, rowsBefore > 0 && rowsBefore < 3000]).toEqual([0, 3000, true]);
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  /** A file of a run that was stopped in the middle of 3,000 rows. */
  async function stopped(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const file = join(shell.directory, `state ${Math.random()}`);
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 1_500);
    const slowly = [...args, '--rate', '500', '--resume', file];
    const { code } = await shell.run(['verify', ...slowly], { env, signal: interruption.signal });
    expect(code).toBe(130);
    return file;
  }

  test('with other options it is refused, and with the same ones it goes on', async () => {
    await witness.query(`${article}; CREATE TABLE other LIKE session;
      INSERT INTO session SELECT MD5(seq), 'n|i:1;', 1 FROM seq_1_to_3000; INSERT INTO other SELECT * FROM session;
      ALTER TABLE session ADD copy BLOB; CREATE DATABASE ${database}_2; CREATE TABLE ${database}_2.session LIKE session`);
    const as = (options: Options = {}) => ['--config', configuration(options)];
    const file = await stopped(as());
    const before = readFileSync(file);
    const own = { PHP_SESSION_BRIDGE_CONNECTION: connectionOf(database, { ...testServer(), host: 'localhost' }) };
    const elsewhere = { PHP_SESSION_BRIDGE_CONNECTION: connectionOf(`${database}_2`) };
    const others: [name: string, args: string[], env?: Record<string, string>][] = [
      ['the server was 127.0.0.1:\\d+, and is localhost:\\d+', as(), own],
      [`--table was ${database}.session, and is ${database}_2.session`, as(), elsewhere],
      [`--table was ${database}.session, and is ${database}.other`, [...as(), '--table', 'other']],
      ['--preset was none, and is shop', as({ preset: { name: 'shop', versions: '1', store: {}, session: {} } })],
      ['columns was id, data, and is id, copy', as({ store: { columns: { data: 'copy' } } })],
      ['phpCharset was utf8mb4, and is latin1', as({ store: { phpCharset: 'latin1' } })],
      ['serializeHandler was php, and is php_binary', as({ session: { serializeHandler: 'php_binary' } })],
      ['serializePrecision was -1, and is 17', as({ session: { serializePrecision: 17 } })],
      ['phpVersion was [\\d.]+, and is 7.4', as({ session: { phpVersion: '7.4' } })],
      ['maxBytes was not given, and is 1000', as({ session: { maxBytes: 1000 } })],
      ['--php was one row of 10 by PHP [\\d.]+, and is one row of 5 by PHP [\\d.]+', [...as(), '--php', '5']],
      ['--php was one row of 10 by PHP [\\d.]+, and is not asked', [...as(), '--no-php']],
      ['--php was .*, and is not asked', as(), { PATH: shell.directory }],
      ['--reveal was not given, and is given', [...as(), '--reveal']],
    ];
    for (const [what, args, env] of others) {
      const { err, code } = await shell.run(['verify', ...args, '--resume', file], { env: env ?? {} });
      expect([code, err]).toEqual([2, expect.stringMatching(new RegExp(`another run: ${what}.* Give it as it was`))]);
      expect(readFileSync(file)).toEqual(before);
    }
    // Only the speed may be another one.
    const { out, code } = await shell.run(['verify', '--json', ...as(), '--rate', '100000', '--resume', file]);
    expect([code, JSON.parse(out)]).toMatchObject([0, { rows: 3000, kinds: [{ kind: 'identical', rows: 3000 }] }]);
    await witness.query(`DROP DATABASE ${database}_2`);
  }, 120_000);

  test('with another key of the encoding it is refused', async () => {
    const { schema, fill, env, table } = (await readCases()).find(({ title }) => title === 'Laravel 13, encrypt')!;
    await witness.query(schema);
    await fill(witness.connection);
    await witness.query(`CREATE TABLE one SELECT * FROM ${table} LIMIT 1; ALTER TABLE one DROP id; DELETE FROM ${table};
      INSERT INTO ${table} SELECT SHA1(seq), one.* FROM one, seq_1_to_3000`);
    const file = await stopped(['--no-php', '--table', table], env);
    const args = ['verify', '--no-php', '--table', table, '--resume', file];
    const other = { ...env, APP_KEY: `base64:${Buffer.alloc(32, 7).toString('base64')}` };
    const { err, code } = await shell.run(args, { env: other });
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("the key of Laravel's encryption was another one. Give it"),
    ]);
    expect((await shell.run(args, { env })).code).toBe(0);
  });
});

test('Ctrl-C does not reach PHP, and a PHP that is ended leaves one row unknown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'verify-php-'));
  try {
    // Real PHP, which says who it is.
    const pids = join(folder, 'pids');
    writeFileSync(join(folder, 'php'), `#!/bin/sh\necho $$ >> ${pids}\nPATH="$REAL_PATH" exec php "$@"\n`, {
      mode: 0o755,
    });
    const { PATH = '' } = process.env;
    const env = { ...process.env, PATH: `${folder}:${PATH}`, REAL_PATH: PATH };
    const php = (await Php.start('php', -1, { env } as unknown as World)) as Php;
    const lastPid = () => Number(readFileSync(pids, 'latin1').trim().split('\n').at(-1));
    const sessions = ['a|i:+1;', 'b|i:2;', 'c|i:'].map((text) => Buffer.from(text));
    const answers = [Buffer.from('a|i:1;'), Buffer.from('b|i:2;'), 'refused'];
    expect(await php.ask(sessions)).toEqual(answers);
    const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(lastPid())]).toString();
    expect(Number(group)).toBe(lastPid()); // a terminal sends SIGINT to its own group alone
    process.kill(lastPid(), 'SIGKILL');
    expect(await php.ask(sessions)).toEqual(['ended', ...answers.slice(1)]);
    expect(await php.ask(sessions)).toEqual(answers);
    php.end();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no id, key, value, class or password is shown, unless it is asked for', async () => {
  await fill(
    planted,
    `${secret}|s:9:"${secret}`,
    `${secret}|i:+1;`,
    secret,
    `a:1:{s:${secret.length}:"${secret}";R:9;}`,
  );
  await witness.query('UPDATE session SET id = ? WHERE id = MD5(0)', [secretId()]);
  for (const isTerminal of [true, false]) {
    for (const flags of [[], ['--json'], ['--no-php']]) {
      const { out, err } = await shell.run(['verify', ...flags], { isTerminal });
      expect(out).toMatch(/unreadable/);
      expect([out, err].filter(mentions)).toEqual([]);
    }
  }
  expect(mentions((await shell.run(['verify', '--reveal'])).out)).toBe(true);
});
