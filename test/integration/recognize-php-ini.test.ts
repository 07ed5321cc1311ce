import { beforeEach, expect, test } from '@jest/globals';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { createTableSql } from '../../src/mysql.ts';
import { optionsFromPhpIni, type PhpOptions } from '../../src/php-ini.ts';
import { type Recognition, recognize } from '../../src/recognize.ts';
import { emptyDatabase } from './empty-database.ts';
import { testServer, type Witness } from './mysql-store-helpers.ts';

// php.ini beside what rows show. A wrong format or form of ids gives a login that PHP cannot read.

const database = `recognize_ini_${process.pid}`;
const id = '0284a198733d98c1eed0a3fe2fc78d65';
let witness: Witness;

emptyDatabase(database, (made) => {
  witness = made;
});
beforeEach(() => witness.query(createTableSql({ table: 'session' })));

async function look(php: string | PhpOptions): Promise<Recognition> {
  const connection = { ...testServer(), database };
  const [found] = await recognize({ connection, php: typeof php === 'string' ? optionsFromPhpIni(php) : php });
  return found!;
}
const fill = (data: string) => witness.query(`INSERT INTO session VALUES ('${id}', ?, UNIX_TIMESTAMP())`, [data]);

test('rows win over php.ini, and the answer says where they disagree', async () => {
  const ini = 'session.serialize_handler=php_serialize\nsession.sid_length=48\nsession.sid_bits_per_character=6';
  expect((await look(ini)).phpIni.session).toMatchObject({ serializeHandler: 'php_serialize', sidLength: 48 });
  await fill('user|s:5:"alice";');
  const found = await look(ini);
  const shown = { serializeHandler: 'php', sidLength: 32, sidBitsPerCharacter: 4 };
  expect(found.session).toEqual(shown);
  for (const name of Object.keys(shown)) expect(found.phpIni.session).not.toHaveProperty(name);
  expect(found.code).toContain("serializeHandler: 'php',");
  expect(found.code).not.toContain('php_serialize');
  for (const setting of ['session.serialize_handler', 'session.sid_length', 'session.sid_bits_per_character'])
    expect(found.todo).toContainEqual(expect.stringContaining(setting));
});

test('nothing is said twice where they agree', async () => {
  await fill('a:1:{s:4:"user";s:5:"alice";}');
  const found = await look('session.serialize_handler=php_serialize');
  expect(found).toMatchObject({ session: {}, phpIni: { session: { serializeHandler: 'php_serialize' } }, todo: [] });
});

test.each(['igbinary', 'wddx'])('php.ini names %s, which is no format of PHP itself', async (name) => {
  const ini = `session.serialize_handler = ${name}`;
  const empty = await look(ini);
  expect(empty.unknown).toContainEqual(expect.objectContaining({ option: 'serializeHandler', needed: true }));
  expect(empty.code).toContain('// serializeHandler: ');
  await fill('user|s:5:"alice";');
  const found = await look(ini);
  expect(found.unknown.map(({ option }) => option)).not.toContain('serializeHandler');
  expect(found.todo).toContainEqual(expect.stringContaining('serialize_handler is another format'));
});

test.each([
  ['igbinary', igbinary, 'igbinary'],
  ['msgpack', msgpack(), 'msgpack()'],
])('the format %s as a value is imported', async (name, value, code) => {
  const found = await look({ session: { serializeHandler: value }, store: {}, findings: [] });
  expect(found.code).toContain(`import { ${name} } from 'php-session-bridge/${name}';`);
  expect(found.code).toContain(`serializeHandler: ${code},`);
});

test("a format of the application's own is not in the code", async () => {
  const value = { ...igbinary, name: 'ours' };
  const found = await look({ session: { serializeHandler: value }, store: {}, findings: [] });
  expect(found.code).toContain('// serializeHandler: ');
  expect(found.unknown).toContainEqual(expect.objectContaining({ option: 'serializeHandler', needed: true }));
});

test.each(['0', '-5', '99999999999'])('a lifetime of %s is left out', async (seconds) => {
  const ini = `session.gc_maxlifetime = ${seconds}`;
  const found = await look(ini);
  expect(found.phpIni.store).toEqual({});
  expect(found.todo).toContainEqual(expect.stringContaining(`session.gc_maxlifetime is ${seconds}`));
  expect(found.code).not.toContain('gcMaxlifetime');
});

test('what Node cannot follow of php.ini is to be done', async () => {
  const found = await look('session.use_cookies = 0\nsession.auto_start = 1');
  expect(found.todo).toContainEqual(expect.stringContaining('session.use_cookies'));
  expect(found.todo).toContainEqual(expect.stringContaining('session.auto_start'));
});
