import { afterAll, describe, expect, test } from '@jest/globals';
import { serialize } from '../../src/codec/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { sleep, type Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_sessions_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const article = 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)';
const id = (n: number) => n.toString(16).padStart(32, 'a');

async function fill(...data: (string | Buffer)[]): Promise<void> {
  await witness.query(article);
  for (const [n, one] of data.entries()) {
    await witness.query(`INSERT INTO session VALUES ('${id(n)}', ?, UNIX_TIMESTAMP() - ${n * 100})`, [one]);
  }
}

const json = async (args: string[], run = {}) => JSON.parse((await shell.run([...args, '--json'], run)).out);
const lines = async (args: string[], run = {}) =>
  (await shell.run([...args, '--json'], run)).out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
/** Of the first rows, the youngest first. */
const handles = async (run = {}): Promise<string[]> => (await lines(['list'], run)).map(({ handle }) => handle);
const dataOf = async (n: number) => {
  const [row] = await witness.query(`SELECT data FROM session WHERE id = '${id(n)}'`);
  return row === undefined ? undefined : String(row.data);
};

describe('show', () => {
  const session = 'user|a:2:{s:4:"name";s:5:"alice";s:4:"tags";a:2:{i:0;i:1;i:1;d:2;}}who|O:4:"User":1:{s:2:"id";i:7;}';

  test('has types and sizes, and names and values where they are asked for', async () => {
    await fill(session);
    const [handle] = await handles();
    const { out } = await shell.run(['show', handle!]);
    expect(out).toMatch(/^\w{16}: 99 bytes, last used \d+ s ago\n/);
    expect(out.split('\n').slice(1)).toEqual([
      '$_SESSION: array, 2 elements',
      '  key 1: array, 2 elements',
      '    key 1: string, 5 bytes',
      '    key 2: array, 2 elements',
      '      [0]: int',
      '      [1]: float',
      '  key 2: object, 1 property',
      '    key 1: int',
      '',
    ]);
    const revealed = await shell.run(['show', handle!, '--reveal']);
    expect(revealed.out).toContain('    name: string, 5 bytes, "alice"\n');
    expect(revealed.out).toContain('  who: object User, 1 property\n    id: int, 7\n');
    const shallow = await json(['show', handle!, '--depth', '1']);
    expect(shallow.session.parts).toEqual([
      { key: 'key 1', type: 'array', size: 2 },
      { key: 'key 2', type: 'object', size: 1 },
    ]);
  });

  test('takes an id from standard input, and the beginning of a handle', async () => {
    await fill(session);
    const [handle] = await handles();
    expect((await json(['show', '-'], { input: `${id(0)}\n` })).handle).toBe(handle);
    expect((await json(['show', handle!.slice(0, 6)])).handle).toBe(handle);
    expect((await shell.run(['show', '0123456789abcdef'])).code).toBe(3);
    expect((await shell.run(['show', id(0)])).err).toMatch(/a handle has 16/);
  });

  test('a session that holds itself', async () => {
    await fill('a|a:1:{s:4:"self";R:1;}');
    const { out, code } = await shell.run(['show', (await handles())[0]!, '--depth', '9']);
    expect([code, out.split('\n').length]).toEqual([0, 5]);
  });
});

describe('applications', () => {
  test('each is shown, explained, and says who is logged in', async () => {
    const unknown: string[] = [];
    for (const { title, schema, fill, table, env, who: user } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      for (const handle of await handles({ env })) {
        const shown = await shell.run(['show', handle, '--table', table], { env });
        expect([title, shown.code]).toEqual([title, 0]);
        const explained = await json(['explain', handle], { env });
        expect([title, explained.broken, explained.error, explained.note]).toEqual([title, null, null, null]);
        expect([title, explained.php]).toEqual([title, expect.stringMatching(/^reads \d+ variable/)]);
      }
      // TYPO3's session has no name.
      const who = title === 'typo3' ? 42 : user;
      const { out, code } = await shell.run(['who', '--reveal', '--json'], { env });
      const [one] = out.split('\n').filter(Boolean);
      if (one === undefined) {
        unknown.push(`${title}: ${code}`);
        continue;
      }
      const { id: userId, name } = JSON.parse(one);
      expect([title, [String(userId), name]]).toEqual([title, expect.arrayContaining([String(who)])]);
      const hidden = await shell.run(['who'], { env });
      // A number of two digits can be in a handle.
      if (String(who).length > 2) expect([title, hidden.out.includes(String(who))]).toEqual([title, false]);
      expect([title, (await lines(['list', '--user', String(who)], { env })).length]).toEqual([title, 1]);
    }
    // 3: the preset has no login. 0: the rows are of an old login, or of one that is not by the framework's own classes.
    expect(unknown).toEqual([
      ...['CakePHP 5: 0', 'CodeIgniter 3: 3', 'CodeIgniter 4.2.10: 3', 'CodeIgniter 4.4.8: 3', 'CodeIgniter 4.7: 3'],
      ...['Symfony 5.4, lock none: 0', 'Symfony 5.4, lock advisory: 0', 'Symfony 5.4, lock row: 0', 'Symfony 4.3: 0'],
      ...['horde: 0', 'adodb: 3', 'laminas: 0'],
    ]);
  }, 300_000);
});

describe('kill', () => {
  test('ends one session, and leaves the others', async () => {
    await fill('n|i:1;', 'n|i:2;');
    const [first] = await handles();
    expect(await json(['kill', first!, '--dry-run'])).toEqual({ would: [first] });
    expect(await json(['kill', first!])).toEqual({ ended: [first], cameBack: [] });
    expect([await dataOf(0), await dataOf(1)]).toEqual([undefined, 'n|i:2;']);
    expect((await shell.run(['kill', first!])).code).toBe(3);
  });

  test('a row that cannot be read can be ended too', async () => {
    await fill('n|i:');
    expect((await shell.run(['kill', (await handles())[0]!])).code).toBe(0);
    expect(await dataOf(0)).toBeUndefined();
  });

  test('waits for the page that has the session', async () => {
    await fill('n|i:1;');
    const store = mysqlStore({ connection: connectionOf(database) });
    const lease = await store.open(id(0));
    const killed = shell.run(['kill', (await handles())[0]!]);
    await sleep(300);
    await lease.commit({ data: Buffer.from('n|i:2;') });
    await lease.release();
    expect((await killed).code).toBe(0);
    expect(await dataOf(0)).toBeUndefined();
    await store.close();
  });

  test('of all applications: the row is gone, or it says why it cannot be ended', async () => {
    for (const { title, schema, fill, table, env, who } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const [handle] = await handles({ env });
      const { err, code } = await shell.run(['kill', handle!], { env });
      expect([title, code, code === 0 ? '' : err]).toEqual([title, 0, '']);
      expect([title, await handles({ env })]).toEqual([title, []]);
      if (!/^(CodeIgniter|adodb|laminas)/.test(title)) {
        await witness.query(`DELETE FROM ${table}`);
        await fill(witness.connection);
        expect([title, (await shell.run(['kill', '--user', 'somebody-else'], { env })).code]).toEqual([title, 3]);
        const byUser = await shell.run(['kill', '--user', '-'], { env, input: String(who) });
        const expected = byUser.code === 0 ? [] : [expect.any(String)];
        expect([title, await handles({ env })]).toEqual([title, expected]);
      }
    }
  }, 300_000);

  test('what PHP writes back is seen, and ended', async () => {
    const preset = ['--preset', 'horde', '--table', 'session'];
    await witness.query(`CREATE TABLE session (session_id VARCHAR(32) PRIMARY KEY, session_data BLOB, session_lastmodified INT);
      INSERT INTO session VALUES ('${id(0)}', 'n|i:1;', UNIX_TIMESTAMP())`);
    const [row] = (await lines(['list', ...preset])) as { handle: string }[];
    const killed = shell.run(['kill', row!.handle, '--watch', '4', '--json', ...preset]);
    const isThere = async () => (await witness.query(`SELECT 1 FROM session WHERE session_id = '${id(0)}'`)).length > 0;
    while (await isThere()) await sleep(20);
    await witness.query(`INSERT INTO session VALUES ('${id(0)}', 'n|i:1;', UNIX_TIMESTAMP())`);
    const { out, code } = await killed;
    expect([JSON.parse(out), code]).toEqual([{ ended: [row!.handle], cameBack: [row!.handle] }, 1]);
    expect(await isThere()).toBe(false);
  });

  test('Ctrl-C ends it while another page has the session', async () => {
    await fill('n|i:1;');
    const store = mysqlStore({ connection: connectionOf(database) });
    const lease = await store.open(id(0));
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 500);
    const { code } = await shell.run(['kill', (await handles())[0]!], { signal: interruption.signal });
    expect(code).toBe(130);
    expect(await dataOf(0)).toBe('n|i:1;');
    await lease.release();
    await store.close();
  });
});

describe('set', () => {
  const php = new PhpOracle();
  afterAll(() => php.close());

  test.each([
    ['/n', '2', 'n|i:2;t|s:1:"a";l|a:2:{i:0;i:1;i:1;i:2;}'],
    ['/t', '"é"', 'n|i:1;t|s:2:"é";l|a:2:{i:0;i:1;i:1;i:2;}'],
    ['/l/1', '7', 'n|i:1;t|s:1:"a";l|a:2:{i:0;i:1;i:1;i:7;}'],
    ['/l/2', '1.0', 'n|i:1;t|s:1:"a";l|a:3:{i:0;i:1;i:1;i:2;i:2;d:1;}'],
    [
      '/new',
      '{"b":[true,null],"a":{}}',
      'n|i:1;t|s:1:"a";l|a:2:{i:0;i:1;i:1;i:2;}new|a:2:{s:1:"b";a:2:{i:0;b:1;i:1;N;}s:1:"a";a:0:{}}',
    ],
  ])('%s %s', async (path, value, expected) => {
    await fill('n|i:1;t|s:1:"a";l|a:2:{i:0;i:1;i:1;i:2;}');
    expect((await json(['set', (await handles())[0]!, path, value])).written).toBe(true);
    expect(await dataOf(0)).toBe(expected);
    // PHP writes the same bytes.
    expect((await php.one('session', expected)).bytes.toString()).toBe(expected);
  });

  test('a value of another type is refused, unless it is forced', async () => {
    await fill('n|i:1;o|O:8:"stdClass":1:{s:1:"a";i:1;}');
    const [handle] = await handles();
    const { err, code } = await shell.run(['set', handle!, '/n', '"1"']);
    expect([err, code]).toEqual([expect.stringMatching(/type int there, and would become string/), 3]);
    for (const value of ['{"a":1}', '{"__PHP_Incomplete_Class_Name":"X"}', 'null']) {
      expect((await shell.run(['set', handle!, '/o', value])).code).toBe(3);
    }
    expect((await shell.run(['set', handle!, '/o/b', '1'])).code).toBe(3);
    expect(await json(['set', handle!, '/n', '"1"', '--force'])).toEqual({
      before: 'int',
      after: 'string',
      written: true,
    });
    expect(await json(['set', handle!, '/o/a', '2'])).toEqual({ before: 'int', after: 'int', written: true });
    expect(await dataOf(0)).toBe('n|s:1:"1";o|O:8:"stdClass":1:{s:1:"a";i:2;}');
  });

  test.each([
    [['n', '1'], /must be a JSON Pointer/],
    [['/n', 'secret'], /JSON must be one value/],
    [['/n', '{"secret":O:1}'], /JSON must be one value/],
    [['/secret/b', '1'], /no array or object at the first 1 keys/],
    [['/n/b', '1'], /no array or object/],
    [['/l/9', '1'], /into a list/],
    [['/a|secret', '1'], /ERR_PHP_KEY|ERR_PHP_UNREPRESENTABLE/],
  ])('%j is refused', async (args, message) => {
    await fill('n|i:1;l|a:1:{i:0;i:1;}');
    const { err, code } = await shell.run(['set', (await handles())[0]!, ...args]);
    expect(err).toMatch(message);
    expect(err).not.toContain('secret');
    expect(code).toBeGreaterThan(1);
    expect(await dataOf(0)).toBe('n|i:1;l|a:1:{i:0;i:1;}');
  });

  test('a row that cannot be read stays as it is', async () => {
    await fill('n|i:1;broken|i:');
    expect((await shell.run(['set', (await handles())[0]!, '/n', '2'])).err).toMatch(/^ERR_PHP_SYNTAX/);
    expect(await dataOf(0)).toBe('n|i:1;broken|i:');
  });

  test('the value can come from standard input', async () => {
    await fill(`n|${Buffer.from(serialize('a')).toString()}`);
    await shell.run(['set', (await handles())[0]!, '/n', '-'], { input: '"b"\n' });
    expect(await dataOf(0)).toBe('n|s:1:"b";');
  });
});

describe('gc', () => {
  test('counts what it then deletes', async () => {
    await fill(...Array(10).fill('n|i:1;'));
    expect(await json(['gc', '--max-lifetime', '450', '--dry-run'])).toEqual({ old: 5, sessions: 10 });
    expect(await handles()).toHaveLength(10);
    expect(await json(['gc', '--max-lifetime', '450'])).toEqual({ deleted: 5 });
    expect(await handles()).toHaveLength(5);
  });

  test('a lifetime has to be given, unless the rows say it', async () => {
    await fill('n|i:1;');
    expect((await shell.run(['gc'])).code).toBe(2);
    const { schema } = (await readCases()).find(({ title }) => title === 'Yii 2')!;
    await witness.query(`DROP TABLE session; ${schema}`);
    await witness.query(
      `INSERT INTO session (id, expire, data) VALUES ('a', UNIX_TIMESTAMP() - 5, ''), ('b', UNIX_TIMESTAMP() + 50, '')`,
    );
    expect(await json(['gc', '--preset', 'yii', '--dry-run'])).toEqual({ old: 1, sessions: 2 });
    expect(await json(['gc', '--preset', 'yii'])).toEqual({ deleted: 1 });
  });
});
