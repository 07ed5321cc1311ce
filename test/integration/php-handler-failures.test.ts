import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { numbersTo } from '../helpers/numbers.ts';
import {
  type Answer,
  articleTable,
  binaryTable,
  type Driver,
  type Harness,
  startHarness,
  until,
} from '../php/harness.ts';

const [article, binary] = [articleTable(), binaryTable()];
const latin1 = {
  ...articleTable(),
  columns: 'id VARBINARY(128) PRIMARY KEY, data TEXT CHARACTER SET latin1, usetime TIMESTAMP NULL',
};
const utf8 = { ...latin1, name: articleTable().name, columns: latin1.columns.replace('latin1', 'utf8mb4') };
const drivers: { driver: Driver }[] = [{ driver: 'pdo' }, { driver: 'mysqli' }, { driver: 'persistent' }];
const combinations = [article, binary].flatMap((table) =>
  drivers.map(({ driver }) => ({ title: `${driver}, ${table.title}`, driver, table })),
);

let php: Harness;
/** Ids and data contain a word that must never appear. */
const newId = () => 'canary' + randomBytes(12).toString('hex');
const old = 'secret|s:6:"canary";n|i:1;';
const changed = 'secret|s:6:"canary";n|i:2;';

beforeAll(async () => {
  php = await startHarness([article, binary, latin1, utf8]);
});

afterAll(async () => {
  try {
    expect(php.log()).toContain('PhpSessionBridge: session not written');
    expect(php.log()).not.toContain('canary');
  } finally {
    await php.stop();
  }
});

/**
 * A visitor sees what the application prints (here `false`), a status, and nothing of PHP or the database. PHP does
 * not say in session_write_close() that a write failed.
 */
const refused = (answer: Promise<Answer>) => fails(answer, 500);
const unavailable = (answer: Promise<Answer>) => fails(answer, 503);
const fails = async (answer: Promise<Answer>, expected: 500 | 503) => {
  const { status, headers, result } = await answer;
  expect({ status, result }).toEqual({ status: expected, result: false });
  if (expected === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  else expect(headers.get('retry-after')).toBeNull();
};

describe.each(combinations)('PHP: $title', ({ driver, table }) => {
  const at = { driver, table };
  /** For what a test does to a connection before the handler gets it. */
  const testOfMade = driver === 'persistent' ? test.skip : test;

  test.each(['0', '1'])(
    'a lock that is not free in time: 503 and no visitor is logged out (strict %s)',
    async (strict) => {
      const id = newId();
      await php.put(table, id, old);
      const release = await php.hold(table, id);
      const answer = await php.ask(
        { ...at, id, options: { lock_timeout: 1 }, ini: { 'session.use_strict_mode': strict } },
        'return $handler->start();',
      );
      await unavailable(Promise.resolve(answer));
      expect(answer.cookie).toBeUndefined();
      await release();
      expect(await php.row(table, id)).toBe(old);
      expect(php.log()).toContain(`session not read, table \`test\`.\`${table.name}\`: database error 1205`);
    },
  );

  test('an error while it waits for the lock starts it again', async () => {
    const id = newId();
    await php.put(table, id, old);
    const release = await php.hold(table, id);
    const answer = php.ask({ ...at, id }, '$handler->start(); return $_SESSION["n"];');
    const waiting = `SELECT id FROM information_schema.processlist
      WHERE info LIKE 'SELECT \`id\`%\`${table.name}\`% FOR UPDATE' AND command IN ('Execute', 'Query')`;
    let thread: { id: number } | undefined;
    await until(async () => {
      [thread] = (await php.sql(waiting)) as unknown as [{ id: number }];
      return thread !== undefined;
    });
    await php.sql(`KILL QUERY ${thread!.id}`);
    await release();
    expect((await answer).result).toBe(1);
  });

  test.each([
    ['no other request wrote: written', '', 200, changed],
    ['another request wrote: kept', 'n|i:7;', 503, 'n|i:7;'],
    ['it was destroyed or renamed: it stays so, and the visitor gets an error', null, 503, undefined],
  ])('the connection is lost in a session, and %s', async (_, other, status, row) => {
    const id = newId();
    await php.put(table, id, old);
    const meanwhile =
      other === null
        ? `meanwhile("DELETE FROM ${table.name} WHERE id = '${id}'");`
        : other && `meanwhile("UPDATE ${table.name} SET data = '${other}' WHERE id = '${id}'");`;
    const code = `$handler->start(); $_SESSION['n']++; kill(); ${meanwhile} session_write_close(); return false;`;
    const answer = await php.ask({ ...at, id }, code);
    expect(answer).toMatchObject({ result: false, status });
    expect(await php.row(table, id)).toBe(row);
  });

  test('logout stays logout for a request that changed nothing, too', async () => {
    const id = newId();
    await php.put(table, id, old);
    const code = `$handler->start(); kill(); meanwhile("DELETE FROM ${table.name} WHERE id = '${id}'");
      session_write_close(); return false;`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ result: false, status: 200 });
    expect(await php.row(table, id)).toBeUndefined();
  });

  describe.each(['session_destroy()', 'session_regenerate_id(true)'])('the connection is lost before %s', (end) => {
    const code = (meanwhile: string) => `$handler->start(); kill(); ${meanwhile} $done = ${end};
      session_status() === PHP_SESSION_ACTIVE && session_write_close(); return $done;`;

    test('and no other request wrote: done', async () => {
      const id = newId();
      await php.put(table, id, old);
      const before = await php.count(table);
      expect(await php.ask({ ...at, id }, code(''))).toMatchObject({ result: true, status: 200 });
      const isLogout = end === 'session_destroy()';
      expect(await php.row(table, id)).toBe(isLogout ? undefined : '');
      expect(await php.count(table)).toBe(before + (isLogout ? -1 : 1));
    });

    test.each([
      ['another request wrote: it is kept', "UPDATE # SET data = 'n|i:7;' WHERE id = '@'", 'n|i:7;'],
      ['another request deleted or moved it: it does not come back', "DELETE FROM # WHERE id = '@'", undefined],
    ])('and %s', async (_, sql, row) => {
      const id = newId();
      await php.put(table, id, old);
      const before = await php.count(table);
      const meanwhile = `meanwhile("${sql.replace('#', table.name).replace('@', id)}");`;
      await unavailable(php.ask({ ...at, id }, code(meanwhile)));
      expect(await php.row(table, id)).toBe(row);
      expect(await php.count(table)).toBe(before - (row === undefined ? 1 : 0));
    });
  });

  testOfMade('a lost connection that cannot be made anew: 503, and the row as it was', async () => {
    const id = newId();
    await php.put(table, id, old);
    const code = '$handler->start(); $_SESSION["n"]++; kill(); session_write_close(); return false;';
    await unavailable(php.ask({ ...at, id, given: true }, code));
    expect(await php.row(table, id)).toBe(old);
  });

  test('a new session whose connection is lost is not written without its lock', async () => {
    const before = await php.count(table);
    await unavailable(
      php.ask(at, '$handler->start(); $_SESSION["a"] = "canary"; kill(); session_write_close(); return false;'),
    );
    expect(await php.count(table)).toBe(before);
  });

  // A login of a new visitor: its old id stays known, as any other that was regenerated.
  test.each([
    ['and no other request has begun it', '', true, ''],
    ['and another request has begun and ended it', "INSERT INTO #; DELETE FROM # WHERE id = '@'", true, ''],
    ['and another request has begun it: it is kept', 'INSERT INTO #', false, 'n|i:7;'],
  ])('a new session loses its connection before session_regenerate_id(true), %s', async (_, sql, done, row) => {
    const id = newId();
    const time = table === article ? 'CURRENT_TIMESTAMP' : 'UNIX_TIMESTAMP()';
    const meanwhile = sql
      .split('; ')
      .filter((text) => text !== '')
      .map((text) => text.replace('INSERT INTO #', `INSERT INTO # VALUES ('@', 'n|i:7;', ${time})`))
      .map((text) => `meanwhile("${text.replace('#', table.name).replace('@', id)}");`);
    const code = `$handler->start(); $_SESSION["user"] = "bob"; kill(); ${meanwhile.join(' ')}
      $done = session_regenerate_id(true); $done && session_write_close(); return $done;`;
    const answer = await php.ask({ ...at, id }, code);
    expect(answer).toMatchObject({ result: done, status: done ? 200 : 503 });
    expect(await php.row(table, id)).toBe(row);
    if (done) expect(await php.row(table, answer.cookie!)).toBe('user|s:3:"bob";');
  });

  test.each(['before', 'after'] as const)(
    'a new session loses its connection %s COMMIT of session_regenerate_id(true): its old id stays known',
    async (when) => {
      const id = newId();
      const proxy = await losesCommit(php.mysql.port, when);
      const code =
        '$handler->start(); $_SESSION["user"] = "bob"; $done = session_regenerate_id(true); session_write_close(); return $done;';
      const answer = await php.ask({ ...at, id, port: proxy.port }, code);
      proxy.close();
      expect(proxy.lost()).toBe(1);
      expect(answer).toMatchObject({ result: true, status: 200 });
      expect(await php.row(table, id)).toBe('');
      expect(await php.row(table, answer.cookie!)).toBe('user|s:3:"bob";');
    },
  );

  test.each(['before', 'after'] as const)('the connection is lost %s COMMIT: written once', async (when) => {
    const id = newId();
    await php.put(table, id, old);
    const proxy = await losesCommit(php.mysql.port, when);
    const code = '$handler->start(); $_SESSION["n"]++; session_write_close(); return false;';
    const answer = php.ask({ ...at, id, port: proxy.port }, code);
    // After it, the row may be that of another request, which also counted from 1 to 2.
    if (when === 'after') await unavailable(answer);
    else expect(await answer).toMatchObject({ result: false, status: 200 });
    proxy.close();
    expect(proxy.lost()).toBe(1);
    expect(await php.row(table, id)).toBe(changed);
  });

  testOfMade('the connection is lost after COMMIT, and another request deletes the row: unknown', async () => {
    const id = newId();
    await php.put(table, id, old);
    const proxy = await losesCommit(php.mysql.port, 'after');
    // The handler's first connection finds nothing to delete, the second one what was committed.
    const init = `DELETE FROM ${table.name} WHERE id = '${id}' AND data = '${changed}'`;
    const code = '$handler->start(); $_SESSION["n"]++; session_write_close(); return false;';
    await unavailable(php.ask({ ...at, id, port: proxy.port, init }, code));
    proxy.close();
    expect(await php.row(table, id)).toBeUndefined();
    expect(php.log()).toContain(
      'session not written, table `test`.`' + table.name + '`: the connection was lost at COMMIT',
    );
  });

  // What was committed may have gone on under another id, where a login leaves an empty row.
  testOfMade.each([
    ['a row with nothing in it', '', 'php', ''],
    ['a row with nothing in it, of php_serialize', 'a:0:{}', 'php_serialize', 'a:0:{}'],
    ['no row', undefined, 'php', ''],
  ])('%s, the connection is lost after COMMIT, and it is empty again: unknown', async (_, before, format, after) => {
    const id = newId();
    if (before !== undefined) await php.put(table, id, before);
    const proxy = await losesCommit(php.mysql.port, 'after');
    // As above: what a login and a request that follows it leave.
    const init = `UPDATE ${table.name} SET data = '${after}' WHERE id = '${id}' AND data <> ''`;
    const code = '$handler->start(); $_SESSION["n"] = 1; session_write_close(); return false;';
    const ini = { 'session.serialize_handler': format };
    const answer = await php.ask({ ...at, id, port: proxy.port, init, ini }, code);
    proxy.close();
    await unavailable(Promise.resolve(answer));
    expect(proxy.lost()).toBe(1);
    expect(await php.row(table, id)).toBe(after);
  });

  test.each(['session_destroy()', 'session_regenerate_id(true)'])(
    'the connection is lost after COMMIT of %s: unknown, and nothing comes back',
    async (end) => {
      const id = newId();
      await php.put(table, id, old);
      const before = await php.count(table);
      const proxy = await losesCommit(php.mysql.port, 'after');
      await unavailable(php.ask({ ...at, id, port: proxy.port }, `$handler->start(); return ${end};`));
      proxy.close();
      expect(await php.row(table, id)).toBe(end === 'session_destroy()' ? undefined : '');
      expect(await php.count(table)).toBe(before - (end === 'session_destroy()' ? 1 : 0));
      expect(php.log()).toContain(
        'session not destroyed, table `test`.`' + table.name + '`: the connection was lost at COMMIT',
      );
    },
  );

  test('no database: 503, and the visitor sees nothing', async () => {
    const proxy = await losesCommit(php.mysql.port, 'before');
    proxy.close(); // A port without a server.
    await unavailable(php.ask({ ...at, id: newId(), port: proxy.port }, 'return $handler->start();'));
  });

  test('no table: 500 at once', async () => {
    await refused(php.ask({ ...at, id: newId(), options: { table: 'test.not_there' } }, 'return $handler->start();'));
    expect(php.log()).toContain('table `test`.`not_there`: database error 1146');
  });

  test('a failure while the shutdown writes shows nothing either', async () => {
    const answer = await php.ask(
      { ...at, id: newId() },
      '$handler->start(); $_SESSION["a"] = str_repeat("x", 17000000); return 1;',
    );
    expect(answer).toMatchObject({ status: 500, result: 1 });
  });

  test('a frozen PHP frees its row, and writes nothing late', async () => {
    const id = newId();
    await php.put(table, id, old);
    const frozen = php.ask(
      { ...at, id, options: { max_hold: 1 } },
      `$handler->start(); $_SESSION['n'] = 5;
       error_log('frozen ' . getmypid() . ' ${table.name}${driver}.');
       posix_kill(getmypid(), SIGSTOP);
       session_write_close(); return false;`,
    );
    const pid = () => Number(new RegExp(`frozen (\\d+) ${table.name}${driver}\\.`).exec(php.log())?.[1]);
    await until(() => pid() > 0);
    const next = await php.ask({ ...at, id }, '$handler->start(); return ++$_SESSION["n"];');
    process.kill(pid(), 'SIGCONT');
    expect(next.result).toBe(2);
    await unavailable(frozen);
    expect(await php.row(table, id)).toBe(changed);
  });

  test.each(['0', '1'])('an id longer than the column is not used (strict %s)', async (strict) => {
    const before = await php.count(table);
    const id = 'canary'.repeat(40);
    const answer = await php.ask(
      { ...at, id, ini: { 'session.use_strict_mode': strict } },
      'if (!$handler->start()) return false; return session_id();',
    );
    if (strict === '1') expect(answer).toMatchObject({ status: 200, result: answer.cookie });
    else expect(answer).toMatchObject({ status: 400, result: false, cookie: undefined });
    expect(await php.count(table)).toBe(before);
  });

  test('data longer than the column, or than a packet, leave the row as it was', async () => {
    const id = newId();
    await php.put(table, id, old);
    for (const length of table === article ? [65_536, 17_000_000] : [17_000_000]) {
      const code = `$handler->start(); $_SESSION['big'] = str_repeat('canary', ${Math.ceil(length / 6)}); session_write_close(); return false;`;
      await refused(php.ask({ ...at, id }, code));
      expect(await php.row(table, id)).toBe(old);
    }
  });

  test("works beside an application's own ways with drivers, and leaves them", async () => {
    const id = newId();
    await php.put(table, id, '');
    const code = `
      mysqli_report(MYSQLI_REPORT_OFF);
      $pdo = connect('${driver}');
      if ($pdo instanceof PDO) {
        $pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_SILENT);
        $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, true);
        $pdo->setAttribute(PDO::ATTR_ORACLE_NULLS, PDO::NULL_EMPTY_STRING);
      }
      $options = $test['options'];
      $ok = (new PhpSessionBridge\\SessionHandler($pdo, $options))->start();
      $_SESSION['text'] = "canary' \\\\ \\" \\0";
      session_write_close();
      $ask = fn ($sql) => $pdo->query($sql)->{$pdo instanceof PDO ? 'fetch' : 'fetch_row'}();
      $row = $ask("SELECT data FROM ${table.name} WHERE id = '${id}'")[0];
      session_start();
      $_SESSION = [];
      session_write_close();
      $bad = new PhpSessionBridge\\SessionHandler($pdo, ['table' => 'test.missing_${table.name}_${driver}'] + $options);
      return [$ok, $row, $bad->start(), (new mysqli_driver())->report_mode];`;
    const answer = await php.ask({ ...at, id, ini: { 'session.use_strict_mode': '1' } }, code);
    expect(answer).toMatchObject({ status: 500, result: [true, `text|s:13:"canary' \\ " \0";`, false, 0] });
    expect(await php.row(table, id)).toBe('');
    expect(php.log()).toContain(`missing_${table.name}_${driver}\`: database error 1146`);
  });
});

describe.each(drivers)('PHP: $driver', ({ driver }) => {
  const testOfMade = driver === 'persistent' ? test.skip : test;

  test.each(['0', '1'])('an id that matches only by collation is not used (strict %s)', async (strict) => {
    const id = newId();
    await php.put(article, id, old);
    const answer = await php.ask(
      { driver, table: article, id: id.toUpperCase(), ini: { 'session.use_strict_mode': strict } },
      'if (!$handler->start()) return false; $_SESSION["mine"] = 1; return session_id();',
    );
    if (strict === '1') expect(answer).toMatchObject({ status: 200, result: answer.cookie });
    else expect(answer).toMatchObject({ status: 400, result: false, cookie: undefined });
    expect(await php.row(article, id)).toBe(old);
  });

  test('a server that takes no writes any more: a new connection finds another one', async () => {
    const id = newId();
    await php.put(binary, id, old);
    const code = `
      $made = 0;
      $connect = function () use (&$made) {
        $db = connect('${driver}');
        if ($made++ === 0) $db->query('SET SESSION TRANSACTION READ ONLY');
        return $db;
      };
      (new PhpSessionBridge\\SessionHandler($connect, $test['options']))->start();
      $_SESSION['n']++;
      session_write_close();
      return $made;`;
    const answer = await php.ask({ driver, table: binary, id, options: { lock_timeout: 20 } }, code);
    expect(answer).toMatchObject({ status: 200, result: 2 });
    expect(await php.row(binary, id)).toBe(changed);
  });

  test('a full table: 503 at once, and not after `lock_timeout`', async () => {
    const full = `full_${binary.name}_${driver}`;
    await php.sql(`SET STATEMENT max_heap_table_size = 16384 FOR CREATE TABLE ${full} (
      id VARBINARY(64) PRIMARY KEY, data VARBINARY(8000) NOT NULL, usetime INT NOT NULL) ENGINE = MEMORY`);
    const fill = php.sql(`INSERT INTO ${full} SELECT UUID(), '', 0 FROM ${numbersTo(1000)}`);
    await expect(fill).rejects.toMatchObject({ errno: 1114 });
    const start = performance.now();
    const options = { table: `test.${full}`, lock_timeout: 20 };
    await unavailable(php.ask({ driver, table: binary, id: newId(), options }, 'return $handler->start();'));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(php.log()).toContain(`${full}\`: database error 1114`);
  });

  testOfMade.each([
    ['the column cannot hold', { table: latin1, charset: 'utf8mb4' }, 'Ж', 'database error (1366|3988)'],
    ['a bad connection would read otherwise', { table: utf8, init: 'SET character_set_results = latin1' }, 'Ж', 'set'],
    ['are no text', { table: utf8, charset: 'utf8mb4' }, '\\xff', 'database error 1366'],
  ])('bytes that %s leave the row as it was', async (_, at, bytes, reason) => {
    const id = newId();
    await php.put(at.table, id, old);
    const code = `$handler->start(); $_SESSION['text'] = "${bytes}"; session_write_close(); return false;`;
    await refused(php.ask({ driver, id, ...at }, code));
    expect(await php.row(at.table, id)).toBe(old);
    expect(php.log()).toMatch(new RegExp(`\`${at.table.name}\`: .*${reason}`));
  });

  test.each([
    { table: latin1, charset: 'utf8mb4', stored: 'text|s:2:"\xe9";' },
    { table: latin1, charset: 'latin1', stored: 'text|s:2:"\xc3\xa9";' },
    { table: binary, charset: 'latin1', stored: 'text|s:2:"\xc3\xa9";' },
    { table: binary, init: 'SET collation_connection = latin1_swedish_ci', stored: 'text|s:2:"\xc3\xa9";' },
  ])('bytes that a column can hold come back (#%#)', async ({ stored, ...at }) => {
    const id = newId();
    await php.ask({ driver, id, ...at }, '$handler->start(); $_SESSION["text"] = "é"; return true;');
    expect(await php.row(at.table, id)).toBe(stored);
    const { result } = await php.ask({ driver, id, ...at }, '$handler->start(); return $_SESSION["text"];');
    expect(result).toBe('é');
  });

  test.each([
    [`['tabel' => 'x']`, 'Unknown option: tabel'],
    [`['table' => 'a.b.c']`, "'table'"],
    [`['id' => '']`, "'id'"],
    [`['time_type' => 'date']`, "'time_type'"],
    [`['time_type' => 'datetime']`, "'time_zone'"],
    [`['time_type' => 'timestamp', 'time_zone' => '+02:00']`, "'time_zone'"],
    [`['time_type' => 'datetime', 'time_zone' => "+02:00'"]`, "'time_zone' must"],
    [`['time_type' => 'datetime', 'time_zone' => "SYSTEM\\n"]`, "'time_zone' must"],
    [`['time_type' => 'datetime', 'time_zone' => 2]`, "'time_zone' must"],
    [`['time_meaning' => 'expires']`, "'time_meaning'"],
    [`['lock_timeout' => 0]`, "'lock_timeout'"],
    [`['max_hold' => '60']`, "'max_hold'"],
  ])('option %s is refused', async (options, message) => {
    const code = `try { new PhpSessionBridge\\SessionHandler(connect('${driver}'), ${options}); }
      catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
    expect((await php.ask({ driver, table: binary }, code)).result).toContain(message);
  });
});

test('a database that is frozen freezes no PHP', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const code = '$ok = $handler->start(); return ini_get("mysqlnd.net_read_timeout") === "86400" ? $ok : "changed";';
  const ask = ({ driver }: { driver: Driver }) =>
    unavailable(php.ask({ driver, table: binary, id: newId(), port, options: { lock_timeout: 1 } }, code));
  await Promise.all(drivers.map(ask));
  silent.close();
});

test('no database, for a mysqli that says so only when asked', async () => {
  const code = `mysqli_report(MYSQLI_REPORT_OFF);
    $connect = fn () => new mysqli('127.0.0.1', 'canary', 'canary', 'test', 1);
    return (new PhpSessionBridge\\SessionHandler($connect, ['table' => 'silent_${binary.name}']))->start();`;
  await unavailable(php.ask({ driver: 'mysqli', table: binary, id: newId() }, code));
  expect(php.log()).toContain(`silent_${binary.name}\`: database error 2002`);
});

test.each([
  'new stdClass()',
  'new PDO("sqlite::memory:")',
  'new PDO("mysql:host=127.0.0.1;port={$mysql["port"]}", $mysql["user"], $mysql["password"], [PDO::ATTR_PERSISTENT => true])',
])('%s is no connection for a session', async (connection) => {
  const code = `try { new PhpSessionBridge\\SessionHandler(${connection}); }
    catch (InvalidArgumentException $error) { return $error->getMessage(); }
    catch (PDOException $error) { return 'The connection: no such driver here'; }`;
  const { result } = await php.ask({ driver: 'pdo', table: binary }, code);
  expect(result).toContain('The connection');
});

/** Between PHP and the database: breaks the first connection that commits, before or after the database has done it. */
async function losesCommit(database: number, when: 'before' | 'after') {
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(database, '127.0.0.1');
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (bytes) => {
      if (lost === 0 && ['\x03COMMIT', '; COMMIT'].some((end) => bytes.toString('latin1').endsWith(end))) {
        lost++;
        if (when === 'before') return end();
        upstream.removeAllListeners('data').once('data', end);
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => client.write(bytes));
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, lost: () => lost, close: () => server.close() };
}
