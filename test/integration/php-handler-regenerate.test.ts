import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { articleTable, binaryTable, type Driver, type Harness, startHarness, until } from '../php/harness.ts';

// session_regenerate_id(true): the session moves to a new id, and under the old one an empty row stays, for requests of the same browser that
// are on their way. With an unknown id they would get a cookie, which could take the place of the new one: the login would be lost.

const tables = [articleTable(), binaryTable()];
const binary = tables[1]!;
const combinations = tables.flatMap((table) =>
  (['pdo', 'mysqli', 'persistent'] as Driver[]).flatMap((driver) =>
    ['0', '1'].map((strict) => ({ title: `${driver}, ${table.title}, strict mode ${strict}`, driver, table, strict })),
  ),
);

let php: Harness;
const newId = () => randomBytes(16).toString('hex');
const login = `$_SESSION['user'] = 'bob'; session_regenerate_id(true);`;

beforeAll(async () => {
  php = await startHarness(tables);
});

afterAll(async () => {
  await php.stop();
});

describe.each(combinations)('PHP: $title', ({ driver, table, strict }) => {
  const at = { driver, table, ini: { 'session.use_strict_mode': strict } };
  /** PHP code that goes on as soon as another request waits for a row of this table. */
  const untilSomebodyWaits = `
    $look = connect('pdo');
    $waiting = "SELECT COUNT(*) FROM information_schema.processlist
      WHERE info LIKE 'SELECT \`id\`%\`${table.name}\`% FOR UPDATE' AND command IN ('Execute', 'Query')";
    while ($look->query($waiting)->fetchColumn() == 0) usleep(5000);`;

  /** A request that logs in while another one with the old id waits for the row. */
  async function loginMeanwhile(id: string, other: string) {
    await php.put(table, id, 'cart|s:4:"shoe";');
    const code = `$handler->start(); error_log('begun ${id}'); ${untilSomebodyWaits} ${login} return true;`;
    const first = php.ask({ ...at, id }, code);
    await until(() => php.log().includes(`begun ${id}`));
    const second = await php.ask({ ...at, id }, other);
    return { first: await first, second };
  }

  test('a request that waited with the old id finds an empty session under it, and gets no cookie', async () => {
    const id = newId();
    const { first, second } = await loginMeanwhile(
      id,
      '$ok = $handler->start(); $seen = $_SESSION; $_SESSION["theme"] = "dark"; return [$ok, $seen, session_id()];',
    );
    expect(second).toMatchObject({ status: 200, result: [true, [], id], cookie: undefined });
    expect(await php.row(table, id)).toBe('theme|s:4:"dark";');
    expect(first.cookie).not.toBe(id);
    expect(await php.row(table, first.cookie!)).toBe('cart|s:4:"shoe";user|s:3:"bob";');
    // One cookie jar: it holds the new id, whatever came last.
    const next = await php.ask({ ...at, id: first.cookie! }, '$handler->start(); return $_SESSION["user"];');
    expect(next).toMatchObject({ result: 'bob', cookie: undefined });
  });

  test.each([
    ['reads', 'return [$handler->start(["read_and_close" => true]), $_SESSION];'],
    ['resets', '$handler->start(); session_reset(); return [true, $_SESSION];'],
    ['regenerates', '$handler->start(); session_regenerate_id(true); return [true, $_SESSION];'],
    ['regenerates and keeps the old', '$handler->start(); session_regenerate_id(); return [true, $_SESSION];'],
    ['logs out', '$handler->start(); $seen = $_SESSION; return [session_destroy(), $seen];'],
  ])('attack: a client that has the old id and waits never sees the session (%s)', async (_, code) => {
    const id = newId();
    const { first, second } = await loginMeanwhile(id, code);
    expect(second.result).toEqual([true, []]);
    expect(await php.row(table, first.cookie!)).toBe('cart|s:4:"shoe";user|s:3:"bob";');
  });

  test('attack: a client that set the id before the login gains nothing, then or later, and changes nothing', async () => {
    const id = newId();
    await php.put(table, id, 'csrf|s:1:"x";');
    const victim = await php.ask({ ...at, id }, `$handler->start(); ${login} return true;`);
    const attacks = [
      'return [$handler->start(), $_SESSION];',
      '$handler->start(); $seen = $_SESSION; $_SESSION = ["user" => "eve"]; return [true, $seen];',
      '$handler->start(); $seen = $_SESSION; session_regenerate_id(true); return [isset($seen["csrf"]), $seen];',
    ];
    const seen = [];
    for (const code of attacks) seen.push((await php.ask({ ...at, id }, code)).result);
    expect(seen).toEqual([
      [true, []],
      [true, []],
      [false, { user: 'eve' }],
    ]);
    expect(await php.row(table, victim.cookie!)).toBe('csrf|s:1:"x";user|s:3:"bob";');
  });

  test('a double click on "log in": both log in, and the second one inherits nothing', async () => {
    const id = newId();
    const { first, second } = await loginMeanwhile(id, `$handler->start(); $seen = $_SESSION; ${login} return $seen;`);
    expect(second.result).toEqual([]);
    expect(new Set([id, first.cookie, second.cookie]).size).toBe(3);
    expect(await php.row(table, first.cookie!)).toBe('cart|s:4:"shoe";user|s:3:"bob";');
    expect(await php.row(table, second.cookie!)).toBe('user|s:3:"bob";');
    expect(await php.row(table, id)).toBe('');
  });

  test('a logout under the old id ends nothing, and the next request with it gets no cookie', async () => {
    const id = newId();
    await php.put(table, id, 'cart|s:4:"shoe";');
    const { cookie: next } = await php.ask({ ...at, id }, `$handler->start(); ${login} return true;`);
    const logout = await php.ask({ ...at, id }, '$handler->start(); return session_destroy();');
    expect(logout).toMatchObject({ result: true, cookie: undefined });
    expect(await php.row(table, id)).toBe('');
    const later = await php.ask({ ...at, id }, '$handler->start(); $_SESSION["n"] = 1; return true;');
    expect(later.cookie).toBeUndefined();
    expect([await php.row(table, id), await php.row(table, next!)]).toEqual([
      'n|i:1;',
      'cart|s:4:"shoe";user|s:3:"bob";',
    ]);
  });

  test('each old id of a request leaves an empty row, of a new visitor too; the time is now', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;', 1_000);
    const twice = await php.ask(
      { ...at, id },
      `$handler->start(); session_regenerate_id(true); $between = session_id();
       $_SESSION['n'] = 2; session_regenerate_id(true); $_SESSION['n'] = 3; return $between;`,
    );
    expect(await php.row(table, id)).toBe('');
    expect(await php.age(table, id)).toBeLessThan(500);
    expect(await php.row(table, twice.result as string)).toBe('');
    expect(await php.row(table, twice.cookie!)).toBe('n|i:3;');

    const visitor = await php.ask(at, `$handler->start(); $first = session_id(); ${login} return $first;`);
    expect(await php.row(table, visitor.result as string)).toBe('');
    expect(await php.row(table, visitor.cookie!)).toBe('user|s:3:"bob";');
  });

  test.each([
    ['session_destroy();', undefined],
    ['session_abort();', undefined],
    ['$_SESSION = [];', undefined],
    ['throw new Exception("for the log");', 'n|i:1;'],
    ['exit;', 'n|i:1;'],
    ['session_write_close(); session_start(); $_SESSION["n"] = 2;', 'n|i:2;'],
    ['session_reset(); $_SESSION["n"] = 3;', 'n|i:3;'],
  ])('regenerated, and then %s', async (code, row) => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const answer = await php.ask({ ...at, id }, `$handler->start(); session_regenerate_id(true); ${code}`);
    expect(await php.row(table, id)).toBe('');
    expect(answer.cookie).not.toBe(id);
    expect(await php.row(table, answer.cookie!)).toBe(row);
  });

  test.each(['session_destroy()', '$handler->destroy($id) && $handler->close()'])(
    '%s deletes the row, in functions of a name like that too',
    async (end) => {
      const id = newId();
      await php.put(table, id, 'n|i:1;');
      const code = `
      eval('namespace App; class Login { function session_regenerate_id($handler, $id) { return ${end}; } }
        function session_regenerate_id(...$all) { return (new Login)->session_regenerate_id(...$all); }');
      $handler->start();
      return App\\session_regenerate_id($handler, session_id());`;
      expect((await php.ask({ ...at, id }, code)).result).toBe(true);
      expect(await php.row(table, id)).toBeUndefined();
    },
  );

  test("a regenerate is seen through a framework's functions and its own handler", async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    const code = `
      eval('namespace App;
        class Wrapper implements \\SessionHandlerInterface, \\SessionIdInterface, \\SessionUpdateTimestampHandlerInterface {
          private $inner;
          function __construct($inner) { $this->inner = $inner; }
          function open($path, $name): bool { return $this->inner->open($path, $name); }
          function close(): bool { return $this->inner->close(); }
          #[\\ReturnTypeWillChange]
          function read($id) { return $this->inner->read($id); }
          function write($id, $data): bool { return $this->inner->write($id, $data); }
          function destroy($id): bool { return call_user_func([$this->inner, "destroy"], $id); }
          #[\\ReturnTypeWillChange]
          function gc($seconds) { return $this->inner->gc($seconds); }
          function create_sid(): string { return $this->inner->create_sid(); }
          function validateId($id): bool { return $this->inner->validateId($id); }
          function updateTimestamp($id, $data): bool { return $this->inner->updateTimestamp($id, $data); }
        }
        class Session { function migrate() { return array_map("session_regenerate_id", [true])[0]; } }');
      session_set_save_handler(new App\\Wrapper($handler), true);
      session_start();
      return (new App\\Session)->migrate();`;
    const answer = await php.ask({ ...at, id }, code);
    expect(answer.result).toBe(true);
    expect(await php.row(table, id)).toBe('');
    expect(await php.row(table, answer.cookie!)).toBe('n|i:1;');
    const logout = code.replace('return (new App\\Session)->migrate();', 'return session_destroy();');
    await php.ask({ ...at, id: answer.cookie! }, logout);
    expect(await php.row(table, answer.cookie!)).toBeUndefined();
  });

  test('the old id is taken: session_create_id() does not give it out', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    await php.ask({ ...at, id }, `$handler->start(); ${login} return true;`);
    const code = `$handler->start(); return [$handler->validateId('${id}'), strlen(session_create_id()) >= 22];`;
    expect((await php.ask(at, code)).result).toEqual([true, true]);
  });
});

test.each(['pdo', 'mysqli', 'persistent'] as Driver[])(
  'with expires_at the empty row has its time (%s)',
  async (driver) => {
    const id = newId();
    await php.put(binary, id, 'n|i:1;', -100);
    const answer = await php.ask(
      { driver, table: binary, id, options: { time_meaning: 'expires_at' } },
      '$handler->start(); return session_regenerate_id(true);',
    );
    expect(answer.result).toBe(true);
    expect(await php.row(binary, id)).toBe('');
    expect(Math.abs((await php.age(binary, id)) + 1_440)).toBeLessThan(100);
  },
);

test.each(['pdo', 'mysqli', 'persistent'] as Driver[])(
  'php_serialize: the old id stays known, whatever PHP writes for nothing (%s)',
  async (driver) => {
    const id = newId();
    await php.put(binary, id, 'a:1:{s:1:"n";i:1;}');
    const at = {
      driver,
      table: binary,
      ini: { 'session.use_strict_mode': '1', 'session.serialize_handler': 'php_serialize' },
    };
    const { cookie: next } = await php.ask({ ...at, id }, '$handler->start(); return session_regenerate_id(true);');
    const idle = await php.ask({ ...at, id }, '$handler->start(); return $_SESSION;');
    expect(idle).toMatchObject({ result: [], cookie: undefined });
    expect(await php.row(binary, id)).toBe('a:0:{}');
    const logout = await php.ask({ ...at, id }, '$handler->start(); return session_destroy();');
    expect(logout).toMatchObject({ result: true, cookie: undefined });
    const after = await php.ask({ ...at, id }, '$handler->start(); return $_SESSION;');
    expect(after).toMatchObject({ result: [], cookie: undefined });
    expect(await php.row(binary, next!)).toBe('a:1:{s:1:"n";i:1;}');
  },
);
