import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byNumber } from '../../src/stores/mysql/errors.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { articleTable, binaryTable, type Driver, type Harness, startHarness, type Table } from '../php/harness.ts';

// What fails again each time: the answer is 500, without Retry-After.

/** `max_allowed_packet` of a server of its own, whose sql_mode would cut off what is too long. */
const PACKET = 2 ** 21;

const drivers: Driver[] = ['pdo', 'mysqli', 'persistent'];
const [article, binary] = [articleTable(), binaryTable()];
const text: Table = {
  ...articleTable(),
  title: 'text',
  columns: 'id VARBINARY(128) PRIMARY KEY, data MEDIUMTEXT CHARACTER SET utf8mb4, usetime TIMESTAMP NULL',
};
const latin1: Table = { ...text, name: `${text.name}_l`, columns: text.columns.replace('utf8mb4', 'latin1') };

let server: Awaited<ReturnType<typeof startMariadb>>;
let php: Harness;
const newId = () => 'canary' + randomBytes(12).toString('hex');
const old = 'secret|s:6:"canary";n|i:1;';

beforeAll(async () => {
  server = await startMariadb({
    settings: {
      'max-allowed-packet': PACKET,
      'sql-mode': '',
      'default-time-zone': '+00:00',
      'log-bin': 'on',
      'binlog-format': 'ROW',
    },
  });
  const { host, port, user, password } = server;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  php = await startHarness([article, binary, text, latin1]);
}, 60_000);

afterAll(async () => {
  try {
    expect(php.log()).not.toContain('canary');
  } finally {
    await php?.stop();
    await server?.stop();
  }
});

const refused = { status: 500, retry: null, result: false };
const seen = ({ status, headers, result }: Awaited<ReturnType<Harness['ask']>>) => ({
  status,
  retry: headers.get('retry-after'),
  result,
});
/** A session of so many bytes, with what is in the row of `old`. */
const sized = (bytes: number) =>
  `$_SESSION['big'] = ''; $_SESSION['big'] = str_repeat('x', ${bytes} - strlen(session_encode()) - strlen('${bytes}') + 1);`;
/** Lines of the log that a request has written. */
const logged = async (work: () => Promise<void>) => {
  const before = php.log().length;
  await work();
  return php.log().slice(before);
};

test('both sides answer an error in the same way', async () => {
  const lasting = new Set(['table', 'time zone', 'too large', 'charset']);
  const expected = [...byNumber].map(([number, failure]) => [number, lasting.has(failure) ? 500 : 503]);
  const code = `return array_map(fn ($number) => [$number,
    PhpSessionBridge\\Database\\DatabaseError::status(new RuntimeException('', $number))], [${[...byNumber.keys()].join(', ')}]);`;
  expect((await php.ask({ driver: 'pdo', table: binary }, code)).result).toEqual(expected);
});

describe.each(drivers)('PHP: %s', (driver) => {
  /** For what a test does to a connection before the handler gets it, and for settings of the server that only new connections take. */
  const testOfMade = driver === 'persistent' ? test.skip : test;

  /** The next request of the same visitor finds the lock free, and what was there. */
  const staysAsItWas = async (table: Table, id: string) => {
    const next = { driver, table, id, options: { lock_timeout: 1 } };
    expect(await php.ask(next, '$handler->start(); return $_SESSION["n"];')).toMatchObject({ status: 200, result: 1 });
    expect(await php.row(table, id)).toBe(old);
  };

  // Up to 16 MB the server says 1153 and closes; from then on it only closes, which looks like a lost connection.
  describe.each([PACKET, 17_000_000])('a session of %i bytes, which is more than a packet', (bytes) => {
    const sentence = new RegExp(
      `session not written, table .*: database error 1153 \\(the statement has \\d+ bytes, max_allowed_packet is ${PACKET}\\): the session has ${bytes} bytes\\.`,
    );

    test.each(driver === 'persistent' ? [false] : [false, true])(
      'leaves the row, the lock and the connection (one that was given: %s)',
      async (given) => {
        const id = newId();
        await php.put(binary, id, old);
        const code = `$handler->start(); $connection = $killable; ${sized(bytes)} session_write_close();
        $code = http_response_code(); http_response_code(200);
        session_start(); $again = $_SESSION['n'] ?? null; session_abort(); http_response_code($code);
        return $killable === $connection ? $again : 'another connection';`;
        const log = await logged(async () => {
          const answer = await php.ask({ driver, table: binary, id, given }, code);
          expect(seen(answer)).toEqual({ ...refused, result: 1 });
        });
        expect(log).toMatch(sentence);
        expect(log.match(/PhpSessionBridge: /g)).toHaveLength(1);
        await staysAsItWas(binary, id);
      },
    );

    test('that is new leaves no row', async () => {
      const before = await php.count(binary);
      const log = await logged(async () => {
        const code = `$handler->start(); ${sized(bytes)} session_write_close(); return false;`;
        expect(seen(await php.ask({ driver, table: binary }, code))).toEqual(refused);
      });
      expect(log).toMatch(sentence);
      expect(await php.count(binary)).toBe(before);
    });

    test('at the end of the script', async () => {
      const id = newId();
      await php.put(binary, id, old);
      const answer = await php.ask({ driver, table: binary, id }, `$handler->start(); ${sized(bytes)} return false;`);
      expect(seen(answer)).toEqual(refused);
      await staysAsItWas(binary, id);
    });

    test('under a new id: the login gets an error, and there is no row of that id', async () => {
      const id = newId();
      await php.put(binary, id, old);
      const before = await php.count(binary);
      const code = `$handler->start(); $ok = session_regenerate_id(true); ${sized(bytes)} session_write_close(); return !$ok;`;
      expect(seen(await php.ask({ driver, table: binary, id }, code))).toEqual(refused);
      expect(await php.count(binary)).toBe(before);
    });
  });

  test('the longest session that fits into a packet is stored', async () => {
    const id = newId();
    await php.put(binary, id, old);
    const at = { driver, table: binary, id };
    const length = async () => (await php.row(binary, id))!.length;
    const write = (bytes: number) =>
      `$handler->start(); ${sized(bytes)} session_write_close(); return http_response_code();`;
    // The statement has the id and the checksum of the old data (10 digits at most) besides, and 31 bytes around its three values.
    const most = PACKET - 1 - 31 - id.length;
    expect(await php.ask(at, write(most - 10))).toMatchObject({ result: 200 });
    expect(await length()).toBe(most - 10);
    expect(await php.ask(at, write(most + 1))).toMatchObject({ result: 500 });
    expect(await length()).toBe(most - 10);
  });

  testOfMade('a server that takes less than 1 MB says so itself', async () => {
    const id = newId();
    await php.put(binary, id, old);
    await php.sql('SET GLOBAL max_allowed_packet = 65536');
    try {
      const log = await logged(async () => {
        const code = `$handler->start(); ${sized(70_000)} session_write_close(); return false;`;
        expect(seen(await php.ask({ driver, table: binary, id }, code))).toEqual(refused);
      });
      expect(log).toMatch(/database error 1153: the session has 70000 bytes\. Raise max_allowed_packet/);
    } finally {
      await php.sql(`SET GLOBAL max_allowed_packet = ${PACKET}`);
    }
    await staysAsItWas(binary, id);
  });

  test('in a text column, an old session that is not ASCII is in the statement too, and the log says both', async () => {
    const id = newId();
    const at = { driver, table: text, id };
    const write = `$handler->start(); $_SESSION['n'] = 1; ${sized(1_200_000)} $_SESSION['big'] = bin2hex(random_bytes(4)) . substr($_SESSION['big'], 10) . 'é'; session_write_close();`;
    expect(await php.ask(at, `${write} return http_response_code();`)).toMatchObject({ result: 200 });
    const log = await logged(async () => {
      expect(seen(await php.ask(at, `${write} return false;`))).toEqual(refused);
    });
    expect(log).toMatch(/the statement has 24000\d\d bytes.*: the session has 1200000 bytes/);
    const next = '$handler->start(); return [$_SESSION["n"], strlen($_SESSION["big"]) > 1000000];';
    expect(await php.ask(at, next)).toMatchObject({ status: 200, result: [1, true] });
  });

  test('a session that is too long for the column', async () => {
    const id = newId();
    await php.put(article, id, old);
    const code = `$handler->start(); ${sized(65_536)} session_write_close(); return false;`;
    const log = await logged(async () => {
      expect(seen(await php.ask({ driver, table: article, id }, code))).toEqual(refused);
    });
    expect(log).toMatch(/database error 1406: the session has 65536 bytes, more than the data column holds\. /);
    await staysAsItWas(article, id);
  });

  testOfMade.each([
    [
      'the column cannot hold',
      latin1,
      'Ж',
      '',
      /database error (1366|3988): the character set of the data column cannot hold the session/,
    ],
    [
      'are no text',
      text,
      '\\xff',
      '',
      /database error 1366: the character set of the data column cannot hold the session/,
    ],
    [
      'a bad connection would read otherwise',
      text,
      'Ж',
      'SET character_set_results = latin1',
      /the character set of the data column does not keep/,
    ],
  ])('bytes that %s', async (_, table, bytes, init, reason) => {
    const id = newId();
    await php.put(table, id, old);
    const code = `$handler->start(); $_SESSION['text'] = "${bytes}"; session_write_close(); return false;`;
    const log = await logged(async () => {
      const at = { driver, table, id, ...(init === '' ? {} : { init }) };
      expect(seen(await php.ask(at, code))).toEqual(refused);
    });
    expect(log).toMatch(reason);
    await staysAsItWas(table, id);
  });

  testOfMade('a session that is too long for the binary log', async () => {
    const id = newId();
    await php.put(binary, id, old);
    const [[before]] = [(await php.sql('SELECT @@max_binlog_cache_size AS bytes')) as { bytes: bigint }[]];
    await php.sql('SET GLOBAL max_binlog_cache_size = 8192');
    try {
      const code = `$handler->start(); ${sized(100_100)} session_write_close(); return false;`;
      const log = await logged(async () => {
        expect(seen(await php.ask({ driver, table: binary, id }, code))).toEqual(refused);
      });
      expect(log).toMatch(/database error 1197: the session has 100100 bytes, more than/);
    } finally {
      await php.sql(`SET GLOBAL max_binlog_cache_size = ${before!.bytes}`);
    }
    await staysAsItWas(binary, id);
  });

  const columns = 'id VARBINARY(128) PRIMARY KEY, data BLOB, usetime INT NOT NULL';
  const trigger = (when: string) => `CREATE TRIGGER t_# ${when} ON # FOR EACH ROW SIGNAL SQLSTATE '45000'`;
  const ofTable: [string, number, string[], Record<string, string>][] = [
    ['no table', 1146, [], {}],
    ['no database', 1146, [], { table: 'nowhere.session' }],
    ['no such column', 1054, [`CREATE TABLE # (${columns})`], { data: 'nothing' }],
    ['a column without a default', 1364, [`CREATE TABLE # (${columns}, user INT NOT NULL)`], {}],
    ['a CHECK', 4025, [`CREATE TABLE # (${columns}, CHECK (OCTET_LENGTH(id) > 200))`], {}],
    ['a trigger', 1644, [`CREATE TABLE # (${columns})`, trigger('BEFORE INSERT')], {}],
    [
      'a trigger that refuses a date',
      1292,
      [`CREATE TABLE # (${columns})`, `${trigger('BEFORE INSERT')} SET MYSQL_ERRNO = 1292`],
      {},
    ],
    ['a time zone that the server does not know', 1298, [], { time_type: 'datetime', time_zone: 'Europe/Nowhere' }],
    [
      'a foreign key',
      1452,
      [
        'CREATE TABLE #_ids (id VARBINARY(128) PRIMARY KEY)',
        `CREATE TABLE # (${columns}, FOREIGN KEY (id) REFERENCES #_ids (id))`,
      ],
      {},
    ],
  ];

  test.each(ofTable)('%s (%i): no session is begun', async (title, number, sql, options) => {
    const name = `lasting_${ofTable.findIndex(([one]) => one === title)}_${driver}`;
    for (const statement of sql) await php.sql(statement.replaceAll('#', name));
    for (const strict of ['0', '1']) {
      const log = await logged(async () => {
        const at = { driver, table: binary, id: newId(), options: { table: `test.${name}`, ...options } };
        const request = { ...at, ini: { 'session.use_strict_mode': strict } };
        expect(seen(await php.ask(request, 'return $handler->start();'))).toEqual(refused);
      });
      expect(log).toMatch(
        new RegExp(
          `session not read, table .*: database error ${number}${number === 1364 ? ': a new row must have a value in user,.*' : ''}\n`,
        ),
      );
    }
  });

  test('a trigger that refuses what is written: the row stays', async () => {
    const name = `refuses_${driver}`;
    await php.sql(`CREATE TABLE ${name} (${columns})`);
    await php.sql(trigger('BEFORE UPDATE').replaceAll('#', name));
    const id = newId();
    await php.sql(`INSERT INTO ${name} VALUES ('${id}', '${old}', UNIX_TIMESTAMP())`);
    const at = { driver, table: { ...binary, name }, id };
    const code = '$handler->start(); $_SESSION["n"]++; session_write_close(); return false;';
    expect(seen(await php.ask(at, code))).toEqual(refused);
    expect(await php.row(at.table, id)).toBe(old);
  });

  testOfMade('a privilege that is missing', async () => {
    const user = `reader_${driver}`;
    await php.sql(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
    await php.sql(`GRANT SELECT ON test.${binary.name} TO '${user}'@'%'`);
    const code = `$mysql = ['user' => '${user}', 'password' => 'secret'] + $mysql; return $handler->start();`;
    const log = await logged(async () => {
      expect(seen(await php.ask({ driver, table: binary, id: newId() }, code))).toEqual(refused);
    });
    expect(log).toContain('database error 1142');
  });

  testOfMade('a binary log of statements, which InnoDB refuses', async () => {
    const id = newId();
    await php.put(binary, id, old);
    await php.sql('SET GLOBAL binlog_format = STATEMENT');
    try {
      const log = await logged(async () => {
        expect(seen(await php.ask({ driver, table: binary, id }, 'return $handler->start();'))).toEqual(refused);
      });
      expect(log).toContain('database error 1665');
    } finally {
      await php.sql('SET GLOBAL binlog_format = ROW');
    }
    await staysAsItWas(binary, id);
  });

  testOfMade('a login that the server refuses may be right again soon', async () => {
    const code = `$mysql = ['password' => 'wrong'] + $mysql; return $handler->start();`;
    const answer = await php.ask({ driver, table: binary, id: newId() }, code);
    expect(seen(answer)).toEqual({ status: 503, retry: '5', result: false });
  });

  test('a function that makes no connection', async () => {
    const code = `return (new PhpSessionBridge\\SessionHandler(fn () => new stdClass()))->start();`;
    const log = await logged(async () => {
      expect(seen(await php.ask({ driver, table: binary, id: newId() }, code))).toEqual(refused);
    });
    expect(log).toContain('The connection must be');
  });
});
