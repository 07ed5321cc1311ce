import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeSession, PhpObject } from '../../src/codec/index.ts';
import { horde, laravel, matomo, type Preset } from '../../src/presets/index.ts';
import { settings } from '../../src/session/options.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { mentions, planted, secret } from './canary.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import type { Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

// What the commands say has nothing in it that stands in a session: see the cases. `secret` is an id, a key, a value, a class, a user and a password.

const database = `cli_canary_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const now = Math.floor(Date.now() / 1000);
const key = `base64:${Buffer.alloc(32, 'made up').toString('base64')}`;
const values = { [secret]: { [secret]: secret }, list: [1] };
const object = { object: new PhpObject(secret, [[secret, secret]]) };

interface Application {
  readonly preset?: Preset;
  /** The title in `readCases()`, for the table and what only the site's owner knows. */
  readonly title?: string;
  readonly session: Record<string, unknown>;
}

/** They differ in the format, what is around it, the key of a row, the lock, and where the user stands. */
const applications: Record<string, Application> = {
  'the article, without a login': { session: { ...values, ...object } },
  'Horde: the format php, no lock': {
    ...{ preset: horde(), title: 'horde' },
    session: { ...values, ...object, horde: { 'auth/userId': `\0${secret}`, 'auth/timestamp': now }, _b: now },
  },
  'Laravel: JSON in base64': {
    ...{ preset: laravel({ key: () => key, serialization: 'json' }), title: 'Laravel 13, serialization json' },
    session: {
      ...{ _token: secret, _previous: { url: secret }, _flash: { old: [], new: [] }, ...values },
      login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d: secret,
    },
  },
  'Matomo: the key of a row is a hash, and the session is inside a session': {
    ...{ preset: matomo({ salt: 'made-up-salt' }), title: 'matomo' },
    session: { ...values, ...object, 'user.name': secret, 'session.info': { ts: now, expiration: now + 9999 } },
  },
};

/** Three sessions, a row that was cut, and one that would move a cursor. Most rows must be whole, as the commands ask what application it is. */
async function fill({ preset, title, session }: Application): Promise<{ env: Record<string, string>; ids: string[] }> {
  const { schema, env } = (await readCases()).find((one) => one.title === title) ?? {
    ...{ schema: 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)', env: {} },
  };
  await witness.query(schema);
  const { table = 'session', columns: { id = 'id', data = 'data' } = {} } = preset?.store ?? {};
  const store = mysqlStore({ connection: connectionOf(database), ...preset?.store });
  const { codec } = settings({ ...preset?.session, store });
  const ids = Array.from(Array(5), () =>
    randomBytes(20)
      .toString('hex')
      .slice(0, preset?.name === 'Laravel' ? 40 : 32),
  );
  for (const one of ids) {
    const lease = await store.open(one);
    await lease.commit({ data: encodeSession(session, { ...codec, classes: [secret] }) });
    await lease.release();
  }
  await store.close();
  const keys = (await witness.query(`SELECT ${id} AS 'key' FROM ${table}`)).map((row) => String(row.key));
  await witness.query(`UPDATE ${table} SET ${data} = LEFT(${data}, LENGTH(${data}) - 9) WHERE ${id} = ?`, [keys[0]]);
  await witness.query(`UPDATE ${table} SET ${data} = ? WHERE ${id} = ?`, [`${secret}|s:3:"\x1b[2J${secret}`, keys[1]]);
  return { env, ids: [...ids, ...keys] };
}

type Command = [args: string[], input?: string | undefined];

/** They find what they ask for. WHOLE is the handle of a session, FOLDER is where the files are. */
const right: Command[] = [
  [['explain', 'WHOLE']],
  [['show', 'WHOLE']],
  [['list']],
  [['list', '--unreadable']],
  [['list', '--by', 'size', '--most', '1']],
  [['verify', '--php', '1']],
  [['verify', '--no-php', '--resume', 'FOLDER/state']],
  [['doctor']],
  [['doctor', '--processes', '9', '--php-ini', 'FOLDER/php.ini']],
  [['top', '--once']],
  [['recognize']],
  [['types']],
  [['gc', '--max-lifetime', '99999', '--dry-run']],
  [['set', 'WHOLE', '/list/0', '2']],
  [['set', 'WHOLE', '-', `"2${secret}"`], `/${secret}/${secret}`],
];
/** The same where the preset has a login. */
const ofUsers: Command[] = [
  [['who']],
  [['who', 'WHOLE']],
  [['types', '--least', '1']],
  [['list', '--user', '-'], secret],
  [['kill', '--user', secret, '--dry-run']],
  [['kill', '--user', '-'], secret],
];
/** They are refused. CUT and MOVING are handles of rows that are no sessions. */
const wrong: Command[] = [
  ...['CUT', 'MOVING'].flatMap((row): Command[] => [
    [['explain', row]],
    [['show', row]],
    [['who', row]],
    [['set', row, '/list/0', '2']],
    [['diff', 'record', row]],
  ]),
  ...['explain', 'show', 'who', 'kill'].map((name): Command => [[name, secret]]),
  ...['explain', 'show', 'who', 'kill'].map((name): Command => [[name, '-'], secret]),
  [['set', 'WHOLE', `/${secret}/${secret}`, '[1]']],
  [['set', 'WHOLE', `/${secret}/${secret}/x`, '1']],
  [['set', 'WHOLE', secret, secret]],
  [['set', 'WHOLE', '/list/0', secret]],
  [['set', 'WHOLE', `/list/${secret}`, '1']],
];
/** They are refused whatever the rows are. */
const refused: Command[] = [
  [['list', `--${secret}`]],
  [['list', '--by', secret]],
  [['list', secret]],
  [[secret]],
  [['gc', '--max-lifetime', secret]],
  [['types', '--name', secret]],
  [['verify', '--rate', secret]],
  [['verify', '--resume', `FOLDER/${secret}`]],
  [['doctor', '--processes', secret]],
  [['top', '--interval', secret]],
  [['list', '--preset', secret]],
  [['kill', '--user', `other ${secret}`]],
  [['diff', secret, secret]],
  [['diff', 'replay', secret, '--to', `http://${secret}/`, '--shadow', 'other']],
  [['diff', 'replay', '01234567', '--to', secret, '--shadow', secret]],
];

beforeEach(() => {
  const files = {
    [secret]: planted,
    [`${secret}.cut`]: planted.subarray(0, -9),
    'php.ini': `session.referer_check = ${secret}\nmysqli.default_pw = ${secret}`,
  };
  for (const [name, data] of Object.entries(files)) writeFileSync(join(shell.directory, name), data);
});

type Rows = Record<'WHOLE' | 'CUT' | 'MOVING', string>;

/** @returns handles of rows of each kind */
async function rowsOf(env: Record<string, string>): Promise<Rows> {
  const rows = (await shell.run(['list', '--json'], { env })).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const broken = rows.filter(({ error }) => error !== null).sort((one, other) => other.size - one.size);
  expect([rows.length, broken.length]).toEqual([5, 2]);
  return { WHOLE: rows.find(({ error }) => error === null).handle, CUT: broken[0].handle, MOVING: broken[1].handle };
}

/**
 * Runs a command twice, as JSON and in words.
 *
 * @param codes how it may end
 * @param ids and keys of rows, which are secrets too
 */
async function say([args, input]: Command, codes: number[], ids: string[] = [], env: Record<string, string> = {}) {
  for (const flags of args.includes('-') ? [['--json']] : [['--json'], []]) {
    const { out, err, code } = await shell.run([...args, ...flags], { env, input });
    const isLeak = (text: string) => mentions(text) || text.includes('\x1b') || ids.some((one) => text.includes(one));
    expect([args, [out, err].filter(isLeak)]).toEqual([args, []]);
    expect([args, codes.includes(code) ? 'ended well' : code, out + err]).toEqual([
      args,
      'ended well',
      expect.stringMatching(/\w{4}/),
    ]);
  }
}

describe.each(Object.entries(applications))('%s', (_, application) => {
  test('nothing of a session is said, by what is right and by what is refused', async () => {
    const { env, ids } = await fill(application);
    const rows = await rowsOf(env);
    const named = (args: string[]) =>
      args.map((arg) => rows[arg as keyof Rows] ?? arg.replace('FOLDER', shell.directory));
    const run = async (commands: Command[], codes: number[]) => {
      for (const [args, input] of commands) await say([named(args), input], codes, ids, env);
    };
    if (application.title === 'horde') await run(refused, [2, 3]);
    await run(wrong, [1, 2, 3]);
    await run(right, [0, 1]);
    if (application.preset !== undefined) await run(ofUsers, [0]);
    // Without users each key that all sessions have is a name to `types`, as it says itself.
    else
      await run(
        ofUsers.filter(([[name]]) => name !== 'types'),
        [3],
      );
  }, 60_000);
});

test('nor of a file', async () => {
  await say([['explain', '--file', secret]], [0]);
  await say([['explain', '--file', `${secret}.cut`]], [1]);
  await say([['explain', '--file', `${secret}.missing`]], [2, 3]);
  await say([['explain', '--file', `${secret}.cut`, '--salvage', secret]], [2, 3]);
  await say([['explain', '--file', '-', '--format', secret], secret], [2]);
  await say([['convert', secret, '--to', secret]], [2]);
  await say([['convert', `${secret}.cut`, '--from', 'php', '--to', 'json']], [3]);
  await say([['convert', secret, '--to', 'igbinary', '--out', secret]], [2, 3]);
});

test('it is said where --reveal asks for it, and moves no cursor', async () => {
  const { env } = await fill(applications['Horde: the format php, no lock']!);
  const { WHOLE } = await rowsOf(env);
  for (const command of ['show', 'explain', 'who']) {
    expect((await shell.run([command, WHOLE, '--reveal'])).out).toContain(secret);
  }
  await witness.query('UPDATE horde_sessionhandler SET session_data = ?', ['\x1b[2Jkey|s:6:"\x1b]0;x\x07";']);
  for (const command of ['show', 'explain']) {
    const { out } = await shell.run([command, WHOLE, '--reveal', '--preset', 'horde']);
    expect(out).toMatch(/\\u\{1b\}/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  }
});

test('no password is said', async () => {
  const wrongOne = connectionOf(database).replace(/:\/\/[^@]*@/, `://${secret}:${secret}@`);
  for (const [args, input] of [...right, ...ofUsers, ...wrong, ...refused]) {
    const { out, err, code } = await shell.run(args, { env: { PHP_SESSION_BRIDGE_CONNECTION: wrongOne }, input });
    expect([args, code > 1, `${out}${err}`.includes(secret)]).toEqual([args, true, false]);
  }
});
