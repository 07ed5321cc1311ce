import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkTable } from '../../src/mysql.ts';
import { roundcube } from '../../src/presets/index.ts';
import { type Recognition, recognize } from '../../src/recognize.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Witness } from './mysql-store-helpers.ts';

// A DATETIME has no zone. Rows show it only if somebody is there, or if a time lies in the future in all zones but one.

const id = '0284a198733d98c1eed0a3fe2fc78d65';
let server: Awaited<ReturnType<typeof startMariadb>>;
let connection: { host: string; port: number; user: string; password: string; database: string };
let witness: Witness;

beforeAll(async () => {
  server = await startMariadb({ settings: { 'default-time-zone': '+02:00' } });
  const { host, port, user, password } = server;
  connection = { host, port, user, password, database: 'test' };
  witness = await Witness.connect(connection);
}, 60_000);
afterAll(async () => {
  await witness?.end();
  await server?.stop();
});

const table = (
  time: string,
) => `CREATE TABLE session (sess_id varchar(128) NOT NULL PRIMARY KEY, ${time} datetime NOT NULL,
  ip varchar(40) NOT NULL, vars mediumtext NOT NULL, INDEX (${time}))`;

/** @param minutes from now, by UTC's clock, to the newest time in the table */
async function look(time: 'changed' | 'expires_at', minutes: number): Promise<Recognition> {
  await witness.table('session', table(time));
  const vars = Buffer.from('language|s:5:"en_US";').toString('base64');
  await witness.query(
    `INSERT INTO session VALUES ('${id}', UTC_TIMESTAMP() + INTERVAL ${minutes} MINUTE, '', '${vars}')`,
  );
  const [found] = await recognize({ connection });
  return found!;
}
/** The zone that is sure, and the one that is likely. */
const zoneOf = ({ store, unknown }: Recognition) => {
  const open = unknown.find(({ option }) => option === 'timeZone');
  return [store.timeZone, open && (open.likely ?? 'unknown')];
};

describe('times of last use, on a server two hours ahead of UTC', () => {
  test.each([
    ['in the future, if they were in UTC', 119, ['+02:00', undefined]],
    ['now in UTC', -1, [undefined, '+00:00']],
    ['long ago in both', -60, [undefined, 'unknown']],
    ['in the future in both', 200, [undefined, 'unknown']],
  ])('%s', async (_, minutes, expected) => {
    expect(zoneOf(await look('changed', minutes))).toEqual(expected);
  });

  test('the option is in the code, and checkTable() finds nothing wrong with it', async () => {
    const { store, code } = await look('changed', 119);
    expect(code).toContain("timeZone: '+02:00',");
    const findings = await checkTable({ connection, ...roundcube({ version: '1.6' }).store, ...store });
    expect(findings.map(({ code }) => code).filter((code) => code.startsWith('time-zone'))).toEqual([]);
    expect((await look('changed', -60)).code).toContain('timeZone: process.env.PHP_TIME_ZONE,');
    expect((await look('changed', -1)).code).toContain("timeZone: process.env.PHP_TIME_ZONE, // likely '+00:00'; ");
  });
});

test.each([
  ["ten minutes after now in the server's zone", 120 + 9, [undefined, '+02:00']],
  ['ten minutes after now in UTC', 9, [undefined, '+00:00']],
  ['long ago', -300, [undefined, 'unknown']],
])('ends of sessions: %s', async (_, minutes, expected) => {
  expect(zoneOf(await look('expires_at', minutes))).toEqual(expected);
});
