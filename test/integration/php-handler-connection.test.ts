import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { binaryTable, type Driver, type Harness, startHarness, until } from '../php/harness.ts';

// Connections that the handler makes from a configuration: what is persistent, and what is never left on it.

const table = binaryTable();
const at: { driver: Driver; table: typeof table } = { driver: 'persistent', table };
const secret = 'canary of a password';
const newId = () => randomBytes(16).toString('hex');

/** A server of its own, as all its transactions are counted. */
let server: Mariadb;
/** One worker, so that each request finds the connection of the one before. */
let php: Harness;
let id: string;

beforeAll(async () => {
  server = await startMariadb({ settings: { 'default-time-zone': '+00:00' } });
  const { host, port, user, password } = server;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  php = await startHarness([table], {}, { workers: 1 });
});

beforeEach(async () => {
  id = newId();
  await php.put(table, id, 'n|i:1;');
});

afterAll(async () => {
  try {
    expect(php.log()).not.toContain('canary');
  } finally {
    await php.stop();
    await server.stop();
  }
});

/** All that is set on a connection, with its number. */
const settings = `insideOf($handler)->query('SELECT CONNECTION_ID(), @@autocommit, @@tx_isolation, @@innodb_lock_wait_timeout,
  @@lock_wait_timeout, @@wait_timeout, @@sql_mode, @@time_zone, @@wsrep_sync_wait, @@in_transaction')->fetch(PDO::FETCH_NUM)`;
const start = '$handler->start(); $_SESSION["n"]++;';
const look = `$handler->start(); $seen = [$_SESSION['n'], ${settings}]; session_write_close(); return $seen;`;
const expected = [0, 'READ-COMMITTED', 10, 10, 60, 'STRICT_ALL_TABLES', '+00:00', 7, 1];

/** Transactions of others than this test's own pool. */
const transactions = async () =>
  (await php.sql('SELECT COUNT(*) AS n FROM information_schema.innodb_trx')) as unknown as [{ n: number }];

/** What the next request finds: no lock, no transaction, the settings, and mostly the same connection. */
async function leavesNothing(n: number, connection?: number): Promise<number> {
  expect((await transactions())[0].n).toBe(0);
  const { result } = await php.ask({ ...at, id, options: {} }, look);
  const [counted, [number, ...others]] = result as [number, [number, ...unknown[]]];
  expect([counted, others]).toEqual([n, expected]);
  if (connection !== undefined) expect(number).toBe(connection);
  return number;
}

const connectionOf = async () => ((await php.ask({ ...at, id }, look)).result as [number, [number]])[1][0];

describe('PHP: a persistent connection', () => {
  test('serves the requests of a worker, with its settings', async () => {
    const connection = await connectionOf();
    for (let n = 2; n < 5; n++) {
      expect((await php.ask({ ...at, id }, `${start} return $_SESSION['n'];`)).result).toBe(n);
      await leavesNothing(n, connection);
    }
  });

  test.each([
    ['exit', `${start} exit;`, 2],
    ['exit in a function that PHP calls at the end', `register_shutdown_function(fn () => exit); ${start}`, 2],
    ['an exception that nobody catches', `${start} throw new Exception('x');`, 2],
    ['a fatal error', `${start} nothere();`, 2],
    ['no memory', `${start} $a = ''; while (true) $a .= str_repeat('x', 10000000);`, 2],
    ['max_execution_time', `set_time_limit(1); ${start} while (true);`, 2],
    ['a session that is thrown away', `${start} session_abort();`, 1],
    ['a session that cannot be serialized', `${start} $_SESSION['f'] = fn () => 1; return 1;`, 1],
    [
      'a handler that is called by hand, and not closed',
      `$handler->open('', ''); $handler->read('${'a'.repeat(32)}'); exit;`,
      1,
    ],
    ['the same, and a fatal error', `$handler->open('', ''); $handler->read('${'a'.repeat(32)}'); nothere();`, 1],
  ])('keeps no lock after %s', async (_, code, n) => {
    const connection = await connectionOf();
    await php.ask({ ...at, id, ini: { display_errors: '0' } }, code);
    await leavesNothing(n, connection);
  });

  test('that has died is replaced, and the request does not notice', async () => {
    const connection = await connectionOf();
    await php.sql(`KILL ${connection}`);
    expect(await leavesNothing(1)).not.toBe(connection);
  });

  test('that dies in a session is replaced by one that is not persistent, and the change is stored', async () => {
    const code = `${start} kill(); session_write_close(); return [http_response_code(), ${settings}[0]];`;
    const { result } = await php.ask({ ...at, id }, code);
    const [status, other] = result as [number, number];
    expect(status).toBe(200);
    expect(await leavesNothing(2)).not.toBe(other);
    await until(async () => {
      const [{ n }] = (await php.sql(
        `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE id = ${other}`,
      )) as unknown as [{ n: number }];
      return n === 0;
    });
  });

  test('keeps its lock wait when a request had another one', async () => {
    const connection = await connectionOf();
    await php.ask({ ...at, id }, `${start} session_gc();`);
    await leavesNothing(2, connection);
    expect((await php.ask(at, 'return $handler->gc(1000);')).result).toBe(0);
    await leavesNothing(2, connection);
  });

  test('is not shared: not with a second handler, not with other options, not with the application', async () => {
    const code = `$handler->start(); $mine = ${settings}[0];
      $other = new PhpSessionBridge\\SessionHandler($connect, $test['options']);
      $other->open('', ''); $other->read('${newId()}');
      $second = insideOf($other)->query('SELECT CONNECTION_ID()')->fetchColumn();
      $third = new PhpSessionBridge\\SessionHandler($connect, ['lock_timeout' => 3] + $test['options']);
      $third->open('', ''); $third->read('${newId()}');
      $wait = insideOf($third)->query('SELECT CONNECTION_ID(), @@innodb_lock_wait_timeout')->fetch(PDO::FETCH_NUM);
      $pdo = new PDO("mysql:host={$mysql['host']};port={$mysql['port']};dbname=test;charset=utf8mb4", $mysql['user'], $mysql['password'], [PDO::ATTR_PERSISTENT => true]);
      $application = $pdo->query('SELECT CONNECTION_ID(), @@autocommit')->fetch(PDO::FETCH_NUM);
      return [count(array_unique([$mine, $second, $wait[0], $application[0]])), $wait[1], $application[1]];`;
    expect((await php.ask({ ...at, id }, code)).result).toEqual([4, 3, 1]);
    await leavesNothing(1);
  });

  test('is not shared with a configuration that wants TLS: it would go on without', async () => {
    await connectionOf();
    const code = `$tls = configured(['persistent' => true, 'ssl' => ['ca' => '/nowhere/ca.pem']]);
      return (new PhpSessionBridge\\SessionHandler($tls, $test['options']))->start();`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ status: 503, result: false });
    await leavesNothing(1);
  });

  test('is not used by mysqli', async () => {
    const code = `try { new PhpSessionBridge\\SessionHandler(configured(['persistent' => true, 'driver' => 'mysqli'])); }
      catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
    expect((await php.ask(at, code)).result).toContain("'persistent' needs pdo_mysql");
  });

  test('that another one has locked: 503 in time, and it serves the next request', async () => {
    const free = await php.hold(table, id);
    const answer = await php.ask({ ...at, id, options: { lock_timeout: 1 } }, 'return $handler->start();');
    await free();
    expect(answer).toMatchObject({ status: 503, result: false });
    await leavesNothing(1);
  });
});

test('PHP: a killed worker leaves no lock', async () => {
  const many = await startHarness([], {}, { workers: 3 });
  try {
    // The server, which leads the group of processes, answers requests too. With it all workers would go.
    const code = `if (posix_getpgrp() === getmypid()) return 'the server'; ${start} posix_kill(getmypid(), SIGKILL);`;
    const answered = ({ result }: { result: unknown }) => {
      expect(result).toBe('the server');
      return false;
    };
    await until(() => many.ask({ ...at, id }, code).then(answered, () => true));
    await until(async () => (await transactions())[0].n === 0);
    const next = () => many.ask({ ...at, id }, `${start} return $_SESSION['n'];`);
    const answer = await next().catch(next); // the first may meet a connection that the killed worker had accepted
    expect(answer.result).toBe(2);
  } finally {
    await many.stop();
  }
});

describe('PHP: a persistent connection of the application', () => {
  const mysqli = `new mysqli('p:' . $mysql['host'], $mysql['user'], $mysql['password'], 'test', $mysql['port'])`;
  const pdo = `new PDO("mysql:host={$mysql['host']};port={$mysql['port']}", $mysql['user'], $mysql['password'], [PDO::ATTR_PERSISTENT => true])`;
  const refusal = 'The connection must not be persistent';

  test.each([mysqli, pdo])('that is given is refused (%s)', async (connection) => {
    const code = `try { new PhpSessionBridge\\SessionHandler(${connection}); } catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
    expect((await php.ask(at, code)).result).toContain(refusal);
  });

  test.each([mysqli, pdo])('that a function makes is a 500 (%s)', async (connection) => {
    const code = `return (new PhpSessionBridge\\SessionHandler(fn () => ${connection}, $test['options']))->start();`;
    expect(await php.ask(at, code)).toMatchObject({ status: 500, result: false });
    expect(php.log()).toContain(refusal);
  });

  test('does not keep a function from making one that is not', async () => {
    const code = `$application = ${mysqli};
      $make = function () use ($mysql) {
        $db = mysqli_init();
        $db->real_connect($mysql['host'], $mysql['user'], $mysql['password'], 'test', $mysql['port']);
        return $db;
      };
      return (new PhpSessionBridge\\SessionHandler($make, $test['options']))->start();`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ status: 200, result: true });
  });
});

describe.each(['pdo', 'mysqli'] as const)('PHP: a configuration, %s', (driver) => {
  const handler = (more: string) =>
    `(new PhpSessionBridge\\SessionHandler(configured(['driver' => '${driver}', ${more}]), $test['options']))`;

  test('connects', async () => {
    const { status, result } = await php.ask({ ...at, id }, `return [${handler('')}->start(), $_SESSION];`);
    expect({ status, result }).toEqual({ status: 200, result: [true, { n: 1 }] });
  });

  test('connects by a socket', async () => {
    await php.sql("CREATE OR REPLACE USER 'socket'@'localhost' IDENTIFIED BY 'x'");
    await php.sql("GRANT ALL ON test.* TO 'socket'@'localhost'");
    const [{ socket }] = (await php.sql('SELECT @@socket AS socket')) as unknown as [{ socket: string }];
    const options = `'socket' => '${socket}', 'host' => 'nowhere.invalid', 'user' => 'socket', 'password' => 'x'`;
    expect((await php.ask({ ...at, id }, `return [${handler(options)}->start(), $_SESSION];`)).result).toEqual([
      true,
      { n: 1 },
    ]);
  });

  test('connects again when PHP writes after the last destructor, as it does without a shutdown function', async () => {
    const code = `$handler = ${handler('')}; session_set_save_handler($handler, false); session_start(); $_SESSION['n']++;
      foreach (connect('pdo')->query("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx") as [$connection]) {
        try { meanwhile("KILL $connection"); } catch (PDOException $gone) {} // one of a test before
      }
      return true;`;
    expect((await php.ask({ ...at, id }, code)).result).toBe(true);
    await until(async () => (await php.row(table, id)) === 'n|i:2;');
  });

  test('shows its password nowhere', async () => {
    const code = `ini_set('zend.exception_ignore_args', '0');
      $handler = ${handler(`'password' => '${secret}'`)};
      ob_start();
      var_dump($handler); print_r($handler); var_export($handler); echo json_encode($handler);
      return ob_get_clean();`;
    const { result } = await php.ask(at, code);
    expect(result).toContain('Server');
    expect(result).not.toContain('canary');
    const refused = await php.ask({ ...at, id }, `return ${handler(`'password' => '${secret}'`)}->start();`);
    expect(refused).toMatchObject({ status: 503, result: false }); // The log is looked at when all is over.
    const mistake = `ini_set('zend.exception_ignore_args', '0');
      try { ${handler(`'password' => '${secret}', 'port' => 0`)}; } catch (InvalidArgumentException $error) {
        $own = array_filter($error->getTrace(), fn ($frame) => isset($frame['class']));
        return $error->getMessage() . (PHP_VERSION_ID < 80200 ? '' : print_r(array_slice($own, 0, 3), true));
      }`;
    const shown = (await php.ask(at, mistake)).result;
    expect(shown).toContain("'port' must be an integer");
    expect(shown).not.toContain('canary');
  });

  test.each([
    [`'hots' => 'x'`, 'has no key hots'],
    [`'host' => 'p:127.0.0.1'`, "'host' must not begin with 'p:'"],
    [`'database' => 'a;unix_socket=/tmp/x'`, "'database' must be a string without a semicolon"],
    [`'port' => '3306'`, "'port' must be an integer, 1 to 65535"],
    [`'persistent' => 1`, "'persistent' must be true or false"],
    [`'ssl' => ['verify' => false]`, "'ssl' needs 'ca' or 'capath'"],
    [`'ssl' => ['ac' => 'x']`, "'ssl' must be an array of"],
    [`'ssl' => ['ca' => '']`, "'ca' of 'ssl' must be a text that is not empty"],
    [`'ssl' => ['ca' => '/ca.pem', 'cipher' => ['x']]`, "'cipher' of 'ssl' must be a text that is not empty"],
    [`'ssl' => ['ca' => '/ca.pem', 'verify' => 'no']`, "'verify' of 'ssl' must be true or false"],
    [`'socket' => ''`, "'socket' must be a path without a semicolon"],
    [`'connect_timeout' => 0`, "'connect_timeout' must be an integer"],
  ])('with a mistake is refused: %s', async (options, message) => {
    const code = `try { ${handler(options)}; } catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
    expect((await php.ask(at, code)).result).toContain(message);
  });
});
