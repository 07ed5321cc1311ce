import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { serialize } from '../../src/codec/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { readLogins } from '../applications/shared/recorded.mjs';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { asInAnotherProcess, sleep, testServer, type Witness } from './mysql-store-helpers.ts';
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

/** Of `kill`. */
const nothing = { ended: [], cameBack: [], gone: [], failed: [], notTried: [] };

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

/**
 * Recorded rows in which `who` finds nobody, each with the cause and with what the application's own login would have written.
 */
const withoutLogin: readonly { title: RegExp; why: string; says: RegExp; login?: string }[] = [
  {
    title: /^CodeIgniter|^adodb$/,
    why: 'they have no logins of their own, so their presets have none',
    says: /^[^:]+: .*\nnobody can tell who is logged in: (CodeIgniter|ADOdb) has no login/s,
  },
  {
    title: /^CakePHP 5$/,
    why: 'the page that was recorded keeps the name in a variable of its own: nothing of it is a login to CakePHP, which has `Auth`',
    says: /^0 of 1 sessions$/m,
    login: `data = CONCAT('Config|a:1:{s:4:"time";i:', UNIX_TIMESTAMP(), ';}Auth|a:2:{s:2:"id";i:42;s:8:"username";s:5:"alice";}')`,
  },
  {
    title: /^Symfony (4\.3|5\.4)/,
    why: 'the same: there is no token of a firewall, as Symfony 7 was recorded with',
    says: /^0 of 1 sessions$/m,
    login: 'sess_data = ?',
  },
  {
    title: /^laminas$/,
    why: 'the same: laminas-authentication has `Laminas_Auth`',
    says: /^0 of 1 sessions$/m,
    login: `data = CONCAT(data, 'Laminas_Auth|a:1:{s:7:"storage";a:1:{s:7:"storage";s:5:"alice";}}')`,
  },
  {
    title: /^horde$/,
    why: 'the session began in 1970, and Horde ends it after max_time',
    says: /^0 of 1 sessions. Of the others: 1 with a user whom the application would refuse$/m,
    login: `session_data = REPLACE(session_data, '_b|i:5;', CONCAT('_b|i:', UNIX_TIMESTAMP(), ';'))`,
  },
];

describe('applications', () => {
  const tokenOfSymfony = Buffer.from(
    String(readLogins(join(__dirname, '../..'))['Symfony 7']!.rows[0]!.sess_data),
    'latin1',
  );

  test('each is shown and explained, says who is logged in, and ends the sessions of that user', async () => {
    const found = new Set<string>();
    for (const { title, schema, fill, table, env, who: user } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const all = await handles({ env });
      for (const handle of all) {
        const shown = await shell.run(['show', handle, '--table', table], { env });
        expect([title, shown.code]).toEqual([title, 0]);
        const explained = await json(['explain', handle], { env });
        expect([title, explained.broken, explained.error, explained.note]).toEqual([title, null, null, null]);
        expect([title, explained.php]).toEqual([title, expect.stringMatching(/^reads \d+ variable/)]);
      }
      const lacking = withoutLogin.find((one) => one.title.test(title));
      if (lacking !== undefined) {
        const { out, err, code } = await shell.run(['who', '--json'], { env });
        expect([title, out, code, err]).toEqual([
          ...[title, '', lacking.login === undefined ? 3 : 0, expect.stringMatching(lacking.says)],
        ]);
        found.add(String(lacking.title));
        if (lacking.login !== undefined) await witness.query(`UPDATE ${table} SET ${lacking.login}`, [tokenOfSymfony]);
      }
      if (lacking === undefined || lacking.login !== undefined) {
        // TYPO3's session has no name.
        const name = title === 'typo3' ? '42' : String(user);
        const [one, ...others] = await lines(['who', '--reveal'], { env });
        expect([title, others, [String(one?.id), one?.name]]).toEqual([title, [], expect.arrayContaining([name])]);
        // A number of two digits can be in a handle.
        const hidden = await shell.run(['who'], { env });
        if (name.length > 2) expect([title, hidden.out.includes(name)]).toEqual([title, false]);
        const listed = await lines(['list', '--user', '-'], { env, input: name });
        expect([title, listed.map(({ handle }) => handle)]).toEqual([title, [one.handle]]);
        for (const other of ['somebody-else', name.slice(0, -1), `${name}0`]) {
          expect([title, (await shell.run(['kill', '--user', other], { env })).code]).toEqual([title, 3]);
        }
        expect([title, await handles({ env })]).toEqual([title, all]);
        const killed = await json(['kill', '--user', '-'], { env, input: name });
        expect([title, killed]).toEqual([title, { ...nothing, ended: [one.handle] }]);
        expect([title, await handles({ env })]).toEqual([title, all.filter((handle) => handle !== one.handle)]);
        // With the mark that the logout has left.
        await witness.query(`DELETE FROM ${table}`);
        await fill(witness.connection);
      }
      const { err, code } = await shell.run(['kill', all[0]!], { env });
      expect([title, code, code === 0 ? '' : err]).toEqual([title, 0, '']);
      expect([title, await handles({ env })]).toEqual([title, all.slice(1)]);
    }
    // No case of the list is there for nothing.
    expect(found.size).toBe(withoutLogin.length);
  }, 300_000);
});

describe('kill', () => {
  test('ends one session, and leaves the others', async () => {
    await fill('n|i:1;', 'n|i:2;');
    const [first] = await handles();
    expect(await json(['kill', first!, '--dry-run'])).toEqual({ would: [first] });
    expect(await json(['kill', first!])).toEqual({ ...nothing, ended: [first] });
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
    expect([JSON.parse(out), code]).toEqual([{ ...nothing, ended: [row!.handle], cameBack: [row!.handle] }, 1]);
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

describe('kill that cannot end all sessions of a user', () => {
  /** Three of alice, in the order in which they are ended, and one of bob. */
  async function handlesOfAlice(): Promise<[string, string, string]> {
    await fill(...['alice', 'alice', 'alice', 'bob'].map((name) => `user|s:${name.length}:"${name}";`));
    // The youngest comes first, and has the least id.
    return (await handles()).slice(0, 3) as [string, string, string];
  }
  const left = async () =>
    (await witness.query("SELECT id FROM session WHERE id NOT LIKE '<%' ORDER BY id")).map((row) => row.id);

  /** An application that says who is logged in. A lock is waited for as long as `lockTimeout` says, in seconds. */
  function configuration(lockTimeout: number): string[] {
    const file = join(shell.directory, `shop-${lockTimeout}.mjs`);
    const login = 'claim: ({ user }) => user && { id: user, name: user }';
    writeFileSync(
      file,
      `export default {
        preset: { name: 'shop', versions: '1', store: { lockTimeout: ${lockTimeout} }, session: {}, login: { ${login} } },
      };`,
    );
    return ['--config', file];
  }

  /** Somebody has the second one, until `work` ends. */
  async function whileHeld<Result>(work: () => Promise<Result>): Promise<Result> {
    const store = asInAnotherProcess(() => mysqlStore({ connection: connectionOf(database) }));
    const lease = await store.open(id(1));
    try {
      return await work();
    } finally {
      await lease.release();
      await store.close();
    }
  }

  const untilGone = async (n: number) => {
    while ((await dataOf(n)) !== undefined) await sleep(20);
  };

  test('a session that somebody holds keeps no other one from its end', async () => {
    const [first, second, third] = await handlesOfAlice();
    const args = ['kill', '--user', 'alice', ...configuration(1)];
    const { out, err, code } = await whileHeld(() => shell.run([...args, '--json']));
    const failed = [{ handle: second, code: 'ERR_SESSION_LOCK_TIMEOUT' }];
    expect([code, JSON.parse(out)]).toEqual([3, { ...nothing, ended: [first, third], failed }]);
    expect(err).toContain(`${second}: ERR_SESSION_LOCK_TIMEOUT: `);
    expect(await left()).toEqual([id(1), id(3)]);
    const words = await whileHeld(() => shell.run(args));
    expect([words.code, words.out]).toEqual([3, `0 ended: none\n1 could not be ended: ${second}\n`]);
    expect(await json(args)).toEqual({ ...nothing, ended: [second] });
    expect(await left()).toEqual([id(3)]);
  });

  test('what came back and cannot be ended again is said', async () => {
    const [first, second, third] = await handlesOfAlice();
    const killed = shell.run(['kill', '--user', 'alice', '--json', '--watch', '4', ...configuration(1)]);
    await untilGone(2);
    await witness.query(`INSERT INTO session VALUES ('${id(1)}', 'user|s:5:"alice";', UNIX_TIMESTAMP())`);
    const { out, code } = await whileHeld(() => killed);
    const failed = [{ handle: second, code: 'ERR_SESSION_LOCK_TIMEOUT' }];
    expect([code, JSON.parse(out)]).toEqual([3, { ...nothing, ended: [first, second, third], failed }]);
  });

  test('a server that is lost in the middle', async () => {
    const [first, second, third] = await handlesOfAlice();
    const user = `killer_${process.pid}`;
    await witness.query(`CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY 'secret';
      GRANT SELECT, DELETE, INSERT, UPDATE ON ${database}.session TO ${user}@127.0.0.1`);
    const connection = connectionOf(database, { ...testServer(), user, password: 'secret' });
    const env = { PHP_SESSION_BRIDGE_CONNECTION: connection };
    const { out, code } = await whileHeld(async () => {
      const killed = shell.run(['kill', '--user', 'alice', '--json', ...configuration(20)], { env });
      const waiting = `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${user}' AND INFO LIKE '%FOR UPDATE%'`;
      while ((await dataOf(0)) !== undefined || (await witness.query(waiting)).length === 0) await sleep(20);
      // Its connections are ended, and no new ones are let in.
      await witness.query(`DROP USER ${user}@127.0.0.1; KILL USER ${user}`);
      return killed;
    });
    const failed = [{ handle: second, code: 'ERR_SESSION_UNAVAILABLE' }];
    expect([code, JSON.parse(out)]).toEqual([3, { ...nothing, ended: [first], failed, notTried: [third] }]);
    expect(await left()).toEqual([id(1), id(2), id(3)]);
  });

  test('Ctrl-C in the middle', async () => {
    const [first, second, third] = await handlesOfAlice();
    const interruption = new AbortController();
    const { signal } = interruption;
    const { out, code } = await whileHeld(async () => {
      const killed = shell.run(['kill', '--user', 'alice', ...configuration(20)], { signal });
      await untilGone(0);
      interruption.abort();
      return killed;
    });
    expect([code, out]).toEqual([130, `1 ended: ${first}\n2 were not tried: ${second}, ${third}\n`]);
    expect(await left()).toEqual([id(1), id(2), id(3)]);
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
