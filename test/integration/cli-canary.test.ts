import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeSession, PhpObject } from '../../src/codec/index.ts';
import { connectionOf, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import type { Witness } from './mysql-store-helpers.ts';

const database = `cli_canary_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

/** What must turn up nowhere: it is an id, a key, a value, a class, a user, a password. */
const secret = `canary${randomBytes(6).toString('hex')}`;
const planted = Buffer.from(
  encodeSession(
    {
      [secret]: { [secret]: new PhpObject(secret, [[secret, secret]]) },
      horde: { 'auth/userId': `\0${secret}` },
      list: [1],
      _b: Math.floor(Date.now() / 1000),
    },
    { classes: [secret] },
  ),
);
const id = (n: number) => `${secret}${n}`;

beforeEach(async () => {
  await witness.query(
    `CREATE TABLE horde_sessionhandler (session_id VARCHAR(32) PRIMARY KEY, session_data LONGBLOB, session_lastmodified INT)`,
  );
  const rows = [
    planted,
    planted.subarray(0, -9),
    Buffer.from(`${secret}|x`),
    Buffer.from(`${secret}|s:3:"\x1b[2Jcanary`),
  ];
  for (const [n, data] of rows.entries()) {
    await witness.query('INSERT INTO horde_sessionhandler VALUES (?, ?, UNIX_TIMESTAMP() - ?)', [id(n), data, n * 100]);
  }
  writeFileSync(join(shell.directory, secret), planted);
  writeFileSync(join(shell.directory, `${secret}.cut`), rows[1]!);
});

const place = ['--preset', 'horde'];
const forms = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64').slice(0, -4)];

/** Each command as it should be used, and in wrong ways. HANDLE is one of the rows. */
const runs: [args: string[], input?: string][] = [
  ...['explain', 'show', 'who', 'kill'].map((name): [string[]] => [[name, 'HANDLE', ...place]]),
  ...['explain', 'show', 'who', 'kill'].map((name): [string[], string] => [[name, '-', ...place], id(0)]),
  ...['explain', 'show', 'who', 'kill', 'diff'].map((name): [string[]] => [[name, secret, ...place]]),
  [['who', ...place]],
  [['list', ...place]],
  [['list', '--user', '-', ...place], secret],
  [['list', '--unreadable', ...place]],
  [['kill', '--user', secret, '--dry-run', ...place]],
  [['kill', '--user', '-', ...place], secret],
  [['explain', '--file', secret]],
  [['explain', '--file', `${secret}.cut`]],
  [['explain', '--file', `${secret}.missing`]],
  [['explain', '--file', `${secret}.cut`, '--salvage', secret]],
  [['explain', '--file', '-', '--format', secret], secret],
  [['set', 'HANDLE', `/${secret}/${secret}`, `"${secret}"`, ...place]],
  [['set', 'HANDLE', `/${secret}/x`, `"${secret}"`, ...place]],
  [['set', 'HANDLE', secret, secret, ...place]],
  [['set', 'HANDLE', '/list/0', secret, ...place]],
  [['set', 'HANDLE', `/${secret}|`, '1', ...place]],
  [['gc', '--max-lifetime', secret, ...place]],
  [['gc', '--max-lifetime', '99999', '--dry-run', ...place]],
  [['convert', secret, '--to', 'json']],
  [['convert', secret, '--to', secret]],
  [['convert', `${secret}.cut`, '--from', 'php', '--to', 'json']],
  [['convert', secret, '--to', 'igbinary', '--out', secret]],
  [['types', '--least', '1', ...place]],
  [['types', '--name', secret, ...place]],
  [['diff', 'record', 'HANDLE', '--wait', '1', ...place]],
  [['diff', 'replay', secret, '--to', `http://${secret}/`, '--shadow', 'other', ...place]],
  [['diff', 'replay', '01234567', '--to', secret, '--shadow', secret, ...place]],
  [['diff', secret, secret, ...place]],
];

describe.each([[[]], [['--json']]])('nothing of a session is said, with %j', (more) => {
  test.each(runs)('%j', async (args, input) => {
    const { out } = await shell.run(['list', '--json', ...place]);
    for (const line of out.split('\n').filter(Boolean)) {
      const { handle } = JSON.parse(line);
      const said = await shell.run([...args.map((arg) => (arg === 'HANDLE' ? handle : arg)), ...more], { input });
      for (const text of [said.out, said.err]) {
        for (const form of forms) expect(text.toLowerCase()).not.toContain(form.toLowerCase());
        expect(text).not.toContain('\x1b');
      }
      if (!args.includes('HANDLE')) break;
    }
  });
});

test('it is said where --reveal asks for it, and moves no cursor', async () => {
  const [first] = (await shell.run(['list', '--json', ...place])).out.split('\n');
  const { handle } = JSON.parse(first!);
  for (const command of ['show', 'explain', 'who']) {
    expect((await shell.run([command, handle, '--reveal', ...place])).out).toContain(secret);
  }
  await witness.query('UPDATE horde_sessionhandler SET session_data = ?', ['\x1b[2Jkey|s:6:"\x1b]0;x\x07";']);
  for (const command of ['show', 'explain']) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect((await shell.run([command, handle, '--reveal', ...place])).out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  }
});

test('no password is said', async () => {
  const env = {
    PHP_SESSION_BRIDGE_CONNECTION: connectionOf(database).replace(/:\/\/[^@]*@/, `://${secret}:${secret}@`),
  };
  for (const [args] of runs) {
    const { out, err } = await shell.run(args, { env });
    expect(out + err).not.toContain(secret);
  }
});
