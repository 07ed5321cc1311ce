import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Driver, type Harness, startHarness, type Table } from '../php/harness.ts';

// The option `time_type` left out: the handler finds the type of the time column out, with the SELECT that takes the lock.

const prefix = `php_time_type_${randomBytes(4).toString('hex')}`;
const make = (type: string): Table => ({
  title: type,
  name: `${prefix}_${type.replace(/\W/g, '_')}`,
  columns: `id CHAR(32) PRIMARY KEY, data TEXT, usetime ${type}`,
  options: {},
});
const named = (type: string) => tables.find(({ title }) => title === type)!;
const tables = [
  ...['INT', 'INT UNSIGNED', 'BIGINT', 'DECIMAL(12)', 'VARCHAR(20)', 'TIMESTAMP', 'TIMESTAMP(3)', 'TIMESTAMP NULL'],
  ...['DATETIME', 'DATE'],
].map(make);
const drivers: Driver[] = ['pdo', 'mysqli'];
const works = tables.filter(({ title }) => !/^DATE/.test(title) || title === 'DATETIME');

let php: Harness;
const newId = () => randomBytes(16).toString('hex');
const isDate = ({ title }: Table) => /TIMESTAMP|DATETIME/.test(title);
const options = (table: Table) => (table.title === 'DATETIME' ? { time_zone: '+02:00' } : {});
const offset = (table: Table) => (table.title === 'DATETIME' ? 7200 : 0);

/** Seconds since the time of a row. */
async function age(table: Table, id: string): Promise<number> {
  const time = isDate(table) ? 'UNIX_TIMESTAMP(usetime)' : 'usetime';
  const [row] = (await php.sql(
    `SELECT UNIX_TIMESTAMP() - CAST(${time} AS SIGNED) AS age FROM ${table.name} WHERE id = '${id}'`,
  )) as [{ age: number }];
  return Number(row.age) + offset(table);
}

/** A row whose time is so many seconds ago. */
async function put(table: Table, id: string, data: string, seconds: number) {
  const time = `${isDate(table) ? 'FROM_UNIXTIME' : ''}(UNIX_TIMESTAMP() - ${seconds - offset(table)})`;
  await php.sql(`REPLACE INTO ${table.name} VALUES ('${id}', '${data}', ${time})`);
}

const refused = ({ status, result, headers }: Answer) => {
  expect({ status, result }).toEqual({ status: 500, result: false });
  expect(headers.get('retry-after')).toBeNull();
};

beforeAll(async () => {
  php = await startHarness(tables);
});

afterAll(() => php.stop());

describe.each(drivers)('PHP: the type of the time column is found out: %s', (driver) => {
  describe.each(works)('$title', (table) => {
    const at = { driver, table, options: options(table) };

    test.each(['0', '1'])('a new session and the next request (strict mode %s)', async (strict) => {
      const ini = { 'session.use_strict_mode': strict };
      const increment = '$handler->start(); return $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1;';
      const first = await php.ask({ ...at, ini }, increment);
      expect(first).toMatchObject({ status: 200, result: 1 });
      const id = first.cookie!;
      expect(Math.abs(await age(table, id))).toBeLessThan(100);
      await put(table, id, 'n|i:7;', 1000);
      expect(await php.ask({ ...at, id, ini }, increment)).toMatchObject({ status: 200, result: 8 });
      expect(await php.row(table, id)).toBe('n|i:8;');
      expect(Math.abs(await age(table, id))).toBeLessThan(100);
    });

    test('a session that is only read is touched', async () => {
      const id = newId();
      await put(table, id, 'n|i:1;', 1000);
      await php.ask({ ...at, id }, 'return $handler->start();');
      expect(Math.abs(await age(table, id))).toBeLessThan(100);
    });

    test('a logout leaves a tombstone with a time, each time a later one', async () => {
      const id = newId();
      const logout = () =>
        php.ask(
          { ...at, id },
          '$handler->start(); $_SESSION["n"] = 1; session_write_close(); $handler->start(); return session_destroy();',
        );
      const dead = async () =>
        (await php.sql(`SELECT id FROM ${table.name} WHERE id LIKE '<%' AND usetime IS NOT NULL`)) as unknown[];
      await php.sql(`DELETE FROM ${table.name}`);
      expect(await logout()).toMatchObject({ status: 200, result: true });
      expect(await dead()).toHaveLength(1);
      expect(await logout()).toMatchObject({ status: 200, result: true });
      expect(await dead()).toHaveLength(1);
    });

    test('gc(), in a cron job and after a session', async () => {
      for (const code of [
        'return $handler->gc(1440);',
        '$handler->start(); session_gc(); session_write_close(); return 1;',
      ]) {
        await php.sql(`DELETE FROM ${table.name}`);
        await put(table, 'old', '', 2000);
        await put(table, 'new', '', 1000);
        expect((await php.ask({ ...at, ini: { 'session.gc_maxlifetime': '1440' } }, code)).result).toBe(1);
        expect(await php.row(table, 'old')).toBeUndefined();
        expect(await php.row(table, 'new')).toBe('');
      }
    });

    test('expires_at: its end is written, and what has ended is not there', async () => {
      const request = {
        ...at,
        options: { ...at.options, time_meaning: 'expires_at' },
        ini: { 'session.gc_maxlifetime': '600' },
      };
      const code = '$handler->start(); return $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1;';
      const id = newId();
      await put(table, id, 'n|i:7;', -50);
      expect((await php.ask({ ...request, id }, code)).result).toBe(8);
      expect(Math.abs(600 + (await age(table, id)))).toBeLessThan(100);
      await put(table, id, 'n|i:7;', 50);
      expect((await php.ask({ ...request, id }, code)).result).toBe(1);
      expect(Math.abs(600 + (await age(table, id)))).toBeLessThan(100);
    });
  });

  test('it costs no statement: first and later requests', async () => {
    const count = async (table: Table, more: Record<string, string>) => {
      const id = newId();
      await put(table, id, 'n|i:7;', 10);
      const code = `$asked = static function () use (&$own) {
          return $own->query("SHOW SESSION STATUS LIKE 'Questions'")->fetch(PDO::FETCH_NUM)[1];
        };
        $handler = new PhpSessionBridge\\SessionHandler(static function () use (&$own) {
          return $own = connect('pdo');
        }, ${phpArray(more)} + $test['options']);
        $handler->start(); $_SESSION['n']++; session_write_close();
        return $asked();`;
      return (await php.ask({ driver: 'pdo', table, id }, code)).result;
    };
    const int = named('INT');
    expect(await count(int, {})).toBe(await count(int, { time_type: 'int' }));
    const timestamp = named('TIMESTAMP');
    expect(await count(timestamp, {})).toBe(await count(timestamp, { time_type: 'timestamp' }));
  });

  test('a type that changes while the handler lives', async () => {
    const table = named('INT');
    const code = `$handler->start(); $_SESSION['n'] = 1; session_write_close();
      meanwhile('ALTER TABLE ${table.name} MODIFY usetime VARCHAR(20)');
      meanwhile('UPDATE ${table.name} SET usetime = NULL');
      meanwhile('ALTER TABLE ${table.name} MODIFY usetime TIMESTAMP NULL');
      $handler->start(); $_SESSION['n']++; session_write_close();
      meanwhile('UPDATE ${table.name} SET usetime = NULL');
      meanwhile('ALTER TABLE ${table.name} MODIFY usetime INT');
      return http_response_code();`;
    const id = newId();
    expect((await php.ask({ driver, table, id }, code)).result).toBe(200);
    expect(await php.row(table, id)).toBe('n|i:2;');
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'TIMESTAMP',
      { time_type: 'int' },
      "the time column is TIMESTAMP, and the option 'time_type' says 'int': leave it out",
    ],
    [
      'INT',
      { time_type: 'timestamp' },
      "the time column is INT, and the option 'time_type' says 'timestamp': leave it out",
    ],
    [
      'INT',
      { time_zone: '+02:00' },
      "the time column is INT, and the option 'time_zone' is for a DATETIME: leave it out",
    ],
    ['TIMESTAMP', { time_zone: '+02:00' }, "TIMESTAMP, and the option 'time_zone' is for a DATETIME: leave it out"],
    [
      'TIMESTAMP',
      { time_type: 'datetime', time_zone: '+02:00' },
      "TIMESTAMP, and the option 'time_type' says 'datetime'",
    ],
    ['DATETIME', {}, "the time column is DATETIME: give the option 'time_zone', in which it is written"],
    [
      'DATETIME',
      { time_type: 'int' },
      "DATETIME, and the option 'time_type' says 'int': leave it out, and give the option",
    ],
    ['DATE', {}, 'the time column is DATE, and must be INT, TIMESTAMP or DATETIME'],
  ])('%s, and the options are %j', async (title, wrong, message) => {
    const table = named(title);
    for (const strict of ['0', '1']) {
      const [id, other] = [newId(), newId()];
      await php.sql(`INSERT INTO ${table.name} VALUES ('${id}', 'n|i:1;', NULL)`);
      const before = await php.count(table);
      const request = { driver, table, options: wrong, ini: { 'session.use_strict_mode': strict } };
      const code = 'if (!$handler->start()) return false; $_SESSION["n"] = 2; return true;';
      for (const cookie of [id, other]) refused(await php.ask({ ...request, id: cookie }, code));
      expect(php.log()).toContain(`session not read, table \`test\`.\`${table.name}\`: `);
      expect(php.log()).toContain(message);
      expect(await php.row(table, id)).toBe('n|i:1;');
      expect(await php.count(table)).toBe(before);
      expect((await php.ask(request, 'return $handler->gc(1);')).result).toBe(false);
      await php.sql(`DELETE FROM ${table.name}`);
    }
  });

  test('DATETIME that is called a TIMESTAMP is taken as UTC', async () => {
    const table = named('DATETIME');
    const id = newId();
    const request = { driver, table, id, options: { time_type: 'timestamp' } };
    expect((await php.ask(request, '$handler->start(); return $_SESSION["n"] = 1;')).status).toBe(200);
    expect(Math.abs((await age(table, id)) - 7200)).toBeLessThan(100);
  });
});

const phpArray = (values: Record<string, string>) =>
  `[${Object.entries(values)
    .map(([name, value]) => `'${name}' => '${value}'`)
    .join(', ')}]`;
