import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { articleTable, binaryTable, type Driver, type Harness, startHarness } from '../php/harness.ts';

// What PHP leaves out of a session without a word: the handler does not write, keeps the row, and says so.

const tables = [articleTable(), binaryTable()];
const table = tables[1]!;
const combinations = tables.flatMap((one) =>
  (['pdo', 'mysqli', 'persistent'] as Driver[]).map((driver) => ({
    title: `${driver}, ${one.title}`,
    driver,
    table: one,
  })),
);
const rows = {
  php: 'n|i:1;',
  php_binary: '\x01ni:1;',
  php_serialize: 'a:1:{s:1:"n";i:1;}',
} as const;
type Format = keyof typeof rows;
const formats = Object.keys(rows) as Format[];
const emptyRow = (format: Format) => (format === 'php_serialize' ? 'a:0:{}' : '');

let php: Harness;
const newId = () => randomBytes(16).toString('hex');
/** The lines that the handler wrote since. */
const said = (before: number) =>
  php
    .log()
    .slice(before)
    .split('\n')
    .filter((line) => line.includes('PhpSessionBridge:'));

beforeAll(async () => {
  php = await startHarness(tables);
});

afterAll(async () => {
  try {
    for (const line of said(0)) expect(line).not.toContain('canary');
  } finally {
    await php.stop();
  }
});

const key = 'session not written, .*: a key of \\$_SESSION does not fit';
const noArray = 'session not written, .*: \\$_SESSION is no array';
const cutOff = 'session not written, .*: \\$_SESSION was unset or made a reference, and PHP does not store';

const lost: [title: string, reason: string, code: string, only?: Format][] = [
  ["a key with '|'", key, '$_SESSION["canary|b"] = 1;', 'php'],
  ["a key with '|' alone", key, '$_SESSION = ["|" => 1];', 'php'],
  ['a key of 128 bytes', key, '$_SESSION[str_repeat("canary__", 16)] = 1;', 'php_binary'],
  ['null', noArray, '$_SESSION = null;'],
  ['a number', noArray, '$_SESSION = 5;'],
  ['a string', noArray, '$_SESSION = "canary";'],
  ['an object', noArray, '$_SESSION = new ArrayObject(["canary" => 1]);'],
  ['set after unset', cutOff, 'unset($_SESSION); $_SESSION["canary"] = 1;'],
  [
    'set after unset in a function',
    cutOff,
    '(function () { unset($GLOBALS["_SESSION"]); $_SESSION["canary"] = 1; })();',
  ],
  ['a reference', cutOff, '$x = ["canary" => 1]; $_SESSION = &$x;'],
  ['a reference that lives nowhere else', cutOff, '(function () { $x = ["canary" => 1]; $_SESSION = &$x; })();'],
  ['a reference to an object', cutOff, '$x = new ArrayObject(["canary" => 1]); $_SESSION = &$x;'],
];
const cases = lost.flatMap(([title, reason, code, only]) =>
  (only ? [only] : formats).map((format) => ({ title, reason, code, format })),
);

describe.each(cases)('$format, $title', ({ title, reason, code, format }) => {
  const ini = { 'session.serialize_handler': format, display_errors: '0' };
  const ends = [
    '',
    'exit;',
    'session_write_close();',
    'session_commit();',
    'session_regenerate_id(true);',
    'session_regenerate_id();',
    'session_write_close(); session_start();', // For a bad key PHP 8.6 calls nothing before session_start().
  ];
  const judged = title === 'an object' ? ends.filter((end) => end !== 'session_regenerate_id(true);') : ends;
  test.each(judged)('ended by "%s": the row stays, and the status is 500', async (end) => {
    const id = newId();
    await php.put(table, id, rows[format]);
    const before = [php.log().length, await php.count(table)] as const;
    const answer = await php.ask({ driver: 'pdo', table, id, ini }, `$handler->start(); ${code} ${end} return 1;`);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(await php.row(table, id)).toBe(rows[format]);
    expect(await php.count(table)).toBe(before[1]);
    // A session that goes on under a new id is not written either.
    expect(said(before[0]).join('\n')).toMatch(new RegExp(reason.replace('written', '(written|destroyed)')));
  });

  test('session_abort(), session_destroy() and read_and_close write nothing anyway: no failure', async () => {
    for (const [begin, end, row] of [
      ['$handler->start();', 'session_abort();', rows[format]],
      ['$handler->start(["read_and_close" => true]);', '', rows[format]],
      ['$handler->start();', 'session_destroy();', undefined],
    ] as const) {
      const id = newId();
      await php.put(table, id, rows[format]);
      const answer = await php.ask({ driver: 'pdo', table, id, ini }, `${begin} ${code} ${end} return 1;`);
      expect(answer).toMatchObject({ status: 200, result: 1 });
      expect(await php.row(table, id)).toBe(row);
    }
  });
});

describe.each(combinations)('PHP: $title', ({ driver, table }) => {
  const at = { driver, table };

  test.each(formats)('a new session that cannot be stored leaves no row, and says so (%s)', async (format) => {
    const before = await php.count(table);
    const ini = { 'session.serialize_handler': format };
    const answer = await php.ask({ ...at, ini }, '$handler->start(); unset($_SESSION); $_SESSION["a"] = 1; return 1;');
    expect(answer.status).toBe(500);
    expect(await php.count(table)).toBe(before);
  });

  test('the visitor is shown nothing of it, and session_write_close() frees the row where PHP lets it', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const code = `$handler->start(); $x = ['canary' => 1]; $_SESSION = &$x; session_write_close();
      $other = new PhpSessionBridge\\SessionHandler($connect, ['lock_timeout' => 1] + $test['options']);
      return [$other->read('${id}'), $other->close()];`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ status: 500, result: ['n|i:1;', true] });
  });

  // PHP calls nothing after an exception while it serializes, and PHP 8.6 nothing for such a key: the row is free when the script is over,
  // before its output goes out. Of two objects with destructors the older one is asked first.
  test.each([
    ['an exception', '$_SESSION["f"] = function () {}; try { session_write_close(); } catch (Exception $e) {}', 200],
    ["a key with '|'", '$_SESSION["a|b"] = 1; session_write_close();', 500],
  ])('the row is free at the end of the script after %s', async (_, code, status) => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const probe = `$probe = $again = new class ($connect, ['lock_timeout' => 1] + $test['options']) {
        private $other;
        function __construct(...$all) { $this->other = new PhpSessionBridge\\SessionHandler(...$all); }
        function __destruct() { error_log('at the end of ${id}: ' . json_encode($this->other->read('${id}'))); $this->other->close(); }
      };`;
    const ini = { display_errors: '0' };
    const answer = await php.ask({ ...at, id, ini }, `$handler->start(); ${probe} ${code} return 1;`);
    expect(answer).toMatchObject({ status, result: 1 });
    expect(php.log()).toContain(`at the end of ${id}: "n|i:1;"`);
    expect(await php.row(table, id)).toBe('n|i:1;');
  });

  test('PHP reports an exception while it serializes, and the row stays', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const caught = `$handler->start(); $_SESSION['n'] = 2; $_SESSION['f'] = function () {};
      try { session_write_close(); } catch (Exception $error) {}
      $handler->start(); $seen = $_SESSION; $_SESSION['n'] = 3; return [isset($error), $seen];`;
    expect((await php.ask({ ...at, id }, caught)).result).toEqual([true, { n: 1 }]);
    expect(await php.row(table, id)).toBe('n|i:3;');
    const uncaught = `$handler->start(); $_SESSION['n'] = 4; $_SESSION['f'] = function () {}; return 1;`;
    await php.ask({ ...at, id, ini: { display_errors: '0' } }, uncaught);
    expect(php.log()).toContain("Uncaught Exception: Serialization of 'Closure' is not allowed");
    expect(await php.row(table, id)).toBe('n|i:3;');
  });
});

describe.each(formats)('%s: what is right', (format) => {
  const at = { driver: 'pdo', table, ini: { 'session.serialize_handler': format } } as const;
  const keep = async (code: string) => {
    const id = newId();
    await php.put(table, id, rows[format]);
    const before = php.log().length;
    const answer = await php.ask({ ...at, id }, `$handler->start(); ${code} return 1;`);
    expect(answer).toMatchObject({ status: 200, result: 1 });
    return { row: await php.row(table, id), said: said(before), log: php.log().slice(before) };
  };

  test.each([
    '$_SESSION = [];',
    'session_unset();',
    'unset($_SESSION["n"]);',
    '$s = &$_SESSION; $s = [];',
    'foreach ($_SESSION as $key => $_) unset($_SESSION[$key]);',
    '$GLOBALS["_SESSION"] = [];',
  ])('a session may be emptied: %s', async (code) => {
    expect(await keep(code)).toEqual({ row: emptyRow(format), said: [], log: '' });
  });

  test.each([
    '$_SESSION["a"] = 1;',
    '$s = &$_SESSION; $s["a"] = 1;',
    '(function () { $s = &$_SESSION; $bag = 0; $s["a"] = &$bag; $bag = 1; })();', // As Symfony's bags.
    '(function (array &$s) { $s["a"] = 1; })($_SESSION);',
    '$GLOBALS["_SESSION"]["a"] = 1;',
    'session_reset(); $_SESSION["a"] = 1;',
    '$_SESSION = ["n" => 1, "a" => 1];',
    'session_write_close(); unset($_SESSION); session_start(); $_SESSION["a"] = 1;',
    'session_write_close(); $_SESSION = null; session_start(); $_SESSION["a"] = 1;',
  ])('a session may be changed, also by reference: %s', async (code) => {
    const both = {
      php: 'n|i:1;a|i:1;',
      php_binary: '\x01ni:1;\x01ai:1;',
      php_serialize: 'a:2:{s:1:"n";i:1;s:1:"a";i:1;}',
    };
    expect(await keep(code)).toEqual({ row: both[format], said: [], log: '' });
  });

  test('keys that this format can hold are no fault', async () => {
    const long = format === 'php_binary' ? 'k'.repeat(127) : 'k'.repeat(300);
    const { row, said } = await keep(`$_SESSION = ["${long}" => 1, "${format === 'php' ? '!' : 'a|b'}" => 2];`);
    expect(row).toContain(long);
    expect(said).toEqual([]);
  });

  // PHP keeps what it had, as with its own handlers. The status does not show it: nothing that was stored is lost.
  test.each(['unset($_SESSION);', '$x = []; $_SESSION = &$x;'])(
    '%s: the session continues, and the log says so',
    async (code) => {
      const { row, said } = await keep(code);
      expect(row).toBe(rows[format]);
      expect(said.join()).toMatch(/session kept, table .*\$_SESSION was unset, or made a reference to nothing/);
    },
  );

  test('of integer keys PHP warns itself, where it leaves them out', async () => {
    const id = newId();
    await php.put(table, id, rows[format]);
    const before = php.log().length;
    await php.ask(
      { ...at, id, ini: { ...at.ini, display_errors: '0' } },
      '$handler->start(); $_SESSION = [5 => 1]; return 1;',
    );
    expect(await php.row(table, id)).toBe(format === 'php_serialize' ? 'a:1:{i:5;i:1;}' : '');
    if (format !== 'php_serialize') expect(php.log().slice(before)).toContain('Skipping numeric key 5');
    expect(said(before)).toEqual([]);
  });
});

test('a row that holds no array may be read; a request that continues with it gets an error', async () => {
  const id = newId();
  await php.put(table, id, 'i:5;');
  const at = { driver: 'pdo', table, id, ini: { 'session.serialize_handler': 'php_serialize' } } as const;
  const look = await php.ask(at, '$handler->start(["read_and_close" => true]); return $_SESSION;');
  expect(look).toMatchObject({ status: 200, result: 5 });
  expect(await php.ask(at, '$handler->start(); return $_SESSION;')).toMatchObject({ status: 500, result: 5 });
  expect(await php.row(table, id)).toBe('i:5;');
});

test('at a session_regenerate_id(true) an object may stand there, as that of Laminas, if it is an array again when it is stored', async () => {
  const storage = '$handler->start(); $storage = $_SESSION = new ArrayObject($_SESSION);';
  const login = '$done = session_regenerate_id(true); $_SESSION["user"] = 5;';
  const id = newId();
  await php.put(table, id, 'n|i:1;');
  const before = php.log().length;
  const code = `${storage} ${login} $_SESSION = $storage->getArrayCopy(); return [$done, session_id()];`;
  const { status, result } = await php.ask({ driver: 'pdo', table, id }, code);
  expect([status, result]).toEqual([200, [true, expect.not.stringContaining(id)]]);
  expect(await php.row(table, id)).toBe('');
  expect(await php.row(table, (result as string[])[1]!)).toBe('n|i:1;user|i:5;');
  expect(said(before)).toEqual([]);

  const other = newId();
  await php.put(table, other, 'n|i:1;');
  const stays = await php.ask({ driver: 'pdo', table, id: other }, `${storage} ${login} return session_id();`);
  expect(stays.status).toBe(500);
  expect(await php.row(table, stays.result as string)).toBeUndefined();
  expect(said(before).join()).toMatch(new RegExp(noArray));
});

describe("functions of the application whose names begin like those of PHP's", () => {
  const names = ['open', 'close', 'read', 'write', 'destroy', 'gc'];
  const functions = names.map(
    (name) => `function session_my_${name}(...$all) { return $GLOBALS['handler']->${name}(...$all); }`,
  );
  const callbacks = `${functions.join('\n')}
    session_set_save_handler(${names.map((name) => `'session_my_${name}'`).join()});
    session_start();`;

  test('as callbacks: a login leaves the empty row, and session_abort() writes nothing on purpose', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const before = php.log().length;
    const ini = { display_errors: '0' }; // PHP 8.4 says that callbacks are deprecated.
    const at = { driver: 'pdo', table, id, ini } as const;
    expect(await php.ask(at, `${callbacks} $_SESSION = null; session_abort(); return 1;`)).toMatchObject({
      status: 200,
      result: 1,
    });
    const { status, result } = await php.ask(
      at,
      `${callbacks} session_regenerate_id(true); session_write_close(); return session_id();`,
    );
    expect(status).toBe(200);
    expect(await php.row(table, id)).toBe('');
    expect(await php.row(table, result as string)).toBe('n|i:1;');
    expect(said(before)).toEqual([]);
  });

  test.each([
    ['in such a function', 'function session_my($do) { return $do(); } return session_my($do);'],
    ['at the end of the script', 'register_shutdown_function(function () use ($do) { echo json_encode($do()); });'],
  ])("%s the application may call the handler without a session of PHP's", async (_, code) => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const before = php.log().length;
    const work = `$do = function () use ($handler) {
        $handler->open('', '');
        $read = $handler->read('${id}');
        $_SESSION = ['n' => 2];
        return [$read, $handler->write('${id}', 'n|i:2;'), $handler->close()];
      };`;
    await php.ask({ driver: 'pdo', table }, `${work} ${code}`);
    expect(await php.row(table, id)).toBe('n|i:2;');
    expect(said(before)).toEqual([]);
  });
});

test('a handler that the application calls itself is not judged by $_SESSION', async () => {
  const id = newId();
  await php.put(table, id, 'n|i:1;');
  const code = `
    $handler->start();
    $other = new PhpSessionBridge\\SessionHandler($connect, $test['options']);
    $_SESSION = null;
    $done = [$other->open('', ''), $other->read('${id}'), $other->write('${id}', ''), $other->close()];
    $_SESSION = [];
    return $done;`;
  expect(await php.ask({ driver: 'pdo', table }, code)).toMatchObject({
    status: 200,
    result: [true, 'n|i:1;', true, true],
  });
  expect(await php.row(table, id)).toBe('');
});
