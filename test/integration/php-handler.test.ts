import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { numbersTo } from '../helpers/numbers.ts';
import {
  type Answer,
  articleTable,
  binaryTable,
  type Driver,
  type Harness,
  type Request,
  startHarness,
} from '../php/harness.ts';

const tables = [articleTable(), binaryTable()];
const article = tables[0]!;
const dates = { ...articleTable(), columns: 'id CHAR(32) PRIMARY KEY, data BLOB, usetime DATETIME' };
const combinations = tables.flatMap((table) =>
  (['pdo', 'mysqli', 'persistent'] as Driver[]).flatMap((driver) =>
    ['row', 'merge'].map((lock) => ({ title: `${driver}, ${table.title}, lock ${lock}`, driver, table, lock })),
  ),
);

let php: Harness;
const newId = () => randomBytes(16).toString('hex');

const increment = `
  if (!$handler->start()) return false;
  $n = $_SESSION['n'] ?? 0;
  usleep(random_int(0, 20000));
  return $_SESSION['n'] = $n + 1;`;

beforeAll(async () => {
  php = await startHarness([...tables, dates]);
});

afterAll(async () => {
  await php.stop();
});

describe.each(combinations)('PHP: $title', ({ driver, table, lock }) => {
  const at = { driver, table, options: { lock } };
  /** Eight requests that count: at once where the lock lets them run one after the other, and else so. */
  const eightTimes = async (request: Request): Promise<Answer[]> => {
    const count = () => php.ask(request, increment);
    if (lock === 'row') return Promise.all(Array.from({ length: 8 }, count));
    const answers: Answer[] = [];
    while (answers.length < 8) answers.push(await count());
    return answers;
  };

  test('a new visitor gets an id, and his session is kept byte for byte', async () => {
    const first = await php.ask(
      at,
      `$handler->start(); $_SESSION = ['pi' => 3.14, 'name' => 'Zoë', 'list' => [1, 'x' => null]]; return true;`,
    );
    expect(first.result).toBe(true);
    expect(first.cookie).toMatch(/^[0-9a-v]{22,}$/);
    const again = await php.ask({ ...at, id: first.cookie! }, 'return [$handler->start(), $_SESSION];');
    expect(again.result).toEqual([true, { pi: 3.14, name: 'Zoë', list: { 0: 1, x: null } }]);
    expect(again.cookie).toBeUndefined();
    const text = 'pi|d:3.14;name|s:4:"Zoë";list|a:2:{i:0;i:1;s:1:"x";N;}';
    const stored = await php.ask({ ...at, id: first.cookie! }, '$handler->start(); return session_encode();');
    expect(stored.result).toBe(text);
  });

  test.each([
    ['php', '$handler->start(); return true;'],
    ['php_serialize', '$handler->start(); return true;'],
    ['php', '$handler->start(); $_SESSION["a"] = 1; unset($_SESSION["a"]); return true;'],
    ['php', 'return $handler->start(["read_and_close" => true]);'],
    ['php', '$handler->start(); $_SESSION["a"] = 1; return session_abort();'],
    ['php', '$handler->start(); $_SESSION["a"] = 1; return session_destroy();'],
  ])('who stores nothing leaves no row (%s: %s)', async (format, code) => {
    const before = await php.count(table);
    const { result } = await php.ask({ ...at, ini: { 'session.serialize_handler': format } }, code);
    expect(result).toBe(true);
    expect(await php.count(table)).toBe(before);
  });

  test('a session that existed may become empty', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;');
    await php.ask({ ...at, id }, '$handler->start(); $_SESSION = []; return true;');
    expect(await php.row(table, id)).toBe('');
  });

  test('8 first requests of one id lose nothing', async () => {
    const id = newId();
    const answers = await eightTimes({ ...at, id });
    expect(answers.map(({ result }) => result).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await php.row(table, id)).toBe('n|i:8;');
  });

  test('a new session keeps no other new session waiting', async () => {
    const id = newId();
    const neighbour = `$handler->start();
      $other = new PhpSessionBridge\\SessionHandler($connect, ['lock_timeout' => 1] + $test['options']);
      return [$other->read('${id.slice(1)}z'), $other->close()];`;
    expect((await php.ask({ ...at, id: `${id.slice(1)}a` }, neighbour)).result).toEqual(['', true]);
  });

  test.each([
    { strict: '0', lazy: '0' },
    { strict: '0', lazy: '1' },
    { strict: '1', lazy: '0' },
    { strict: '1', lazy: '1' },
  ])('strict mode $strict, lazy_write $lazy: nothing is lost, and use is noted', async ({ strict, lazy }) => {
    const id = newId();
    const request = { ...at, id, ini: { 'session.use_strict_mode': strict, 'session.lazy_write': lazy } };
    await php.put(table, id, 'n|i:0;');
    const answers = await eightTimes(request);
    expect(answers.map(({ cookie }) => cookie).filter(Boolean)).toEqual([]);
    expect(await php.row(table, id)).toBe('n|i:8;');

    await php.put(table, id, 'n|i:8;', 1000);
    expect((await php.ask(request, 'return [$handler->start(), $_SESSION];')).result).toEqual([true, { n: 8 }]);
    expect(await php.row(table, id)).toBe('n|i:8;');
    expect(await php.age(table, id)).toBeLessThan(500);
  });

  test('strict mode replaces an unknown id; without it the id is used', async () => {
    const id = newId();
    const code = '$handler->start(); $_SESSION["a"] = 1; return session_id();';
    const strict = await php.ask({ ...at, id, ini: { 'session.use_strict_mode': '1' } }, code);
    expect(strict.result).toBe(strict.cookie);
    expect(strict.cookie).not.toBe(id);
    expect(await php.row(table, id)).toBeUndefined();
    expect(await php.row(table, strict.cookie!)).toBe('a|i:1;');
    expect((await php.ask({ ...at, id }, code)).result).toBe(id);
    expect(await php.row(table, id)).toBe('a|i:1;');
  });

  test('logout while others wait: the row is gone, and they find nothing', async () => {
    const id = newId();
    await php.put(table, id, 'user|s:3:"bob";');
    const release = await php.hold(table, id);
    const strict = { ...at, id, ini: { 'session.use_strict_mode': '1' } };
    const logout = php.ask(strict, '$handler->start(); $u = $_SESSION["user"]; session_destroy(); return $u;');
    await release();
    expect((await logout).result).toBe('bob');
    const late = await php.ask(strict, 'return [$handler->start(), $_SESSION];');
    expect(late.result).toEqual([true, []]);
    expect(late.cookie).not.toBe(id);
    expect(await php.row(table, id)).toBeUndefined();
  });

  test.each(['0', '1'])('session_regenerate_id() both ways, strict mode %s', async (strict) => {
    const id = newId();
    const request = { ...at, id, ini: { 'session.use_strict_mode': strict } };
    await php.put(table, id, 'n|i:1;');
    const kept = await php.ask(
      request,
      '$handler->start(); $_SESSION["n"] = 2; $ok = session_regenerate_id(); $_SESSION["n"] = 3; return $ok;',
    );
    expect(kept.result).toBe(true);
    expect(await php.row(table, id)).toBe('n|i:2;');
    expect(await php.row(table, kept.cookie!)).toBe('n|i:3;');
    const moved = await php.ask(request, '$handler->start(); return session_regenerate_id(true);');
    expect(moved.result).toBe(true);
    expect(await php.row(table, id)).toBe('');
    expect(await php.row(table, moved.cookie!)).toBe('n|i:2;');
  });

  test.each(['0', '1'])('abort, reset, read_and_close, a second session: strict mode %s', async (strict) => {
    const id = newId();
    const request = { ...at, id, ini: { 'session.use_strict_mode': strict } };
    await php.put(table, id, 'n|i:1;');
    const { result, cookie } = await php.ask(
      request,
      `$handler->start(); $_SESSION['n'] = 2; session_abort();
       $handler->start(['read_and_close' => true]); $seen[] = $_SESSION['n']; $_SESSION['n'] = 3;
       $handler->start(); $_SESSION['n'] = 4; session_reset(); $seen[] = $_SESSION['n'];
       $_SESSION['n'] = 5; $seen[] = strlen(session_create_id()) >= 22; session_write_close();
       $handler->start(); $seen[] = $_SESSION['n'];
       return $seen;`,
    );
    expect(result).toEqual([1, 1, true, 5]);
    expect(cookie).toBe(id); // PHP sends it again for each further session_start().
    expect(await php.row(table, id)).toBe('n|i:5;');
    const reset = await php.ask(
      { ...at, ini: request.ini },
      '$handler->start(); $id = session_id(); $_SESSION["n"] = 1; session_reset(); return [$id === session_id(), $_SESSION];',
    );
    expect(reset.result).toEqual([true, []]);
  });

  test('gc() deletes what is old, by the hundred, without waiting', async () => {
    const fresh = newId();
    const old = Array.from({ length: 205 }, newId);
    await php.put(table, fresh, 'n|i:1;');
    await Promise.all(old.map((id) => php.put(table, id, 'n|i:0;', 2000)));
    const release = await php.hold(table, fresh);
    const before = await php.count(table);
    const direct = await php.ask(at, 'return $handler->gc(1440);');
    await release();
    expect(direct.result).toBe(205);
    expect(await php.count(table)).toBe(before - 205);
    expect(await php.row(table, fresh)).toBe('n|i:1;');
  });

  test('gc() leaves out an old session in use, and deletes the others', async () => {
    const used = newId();
    const old = Array.from({ length: 104 }, newId);
    await Promise.all([used, ...old].map((id) => php.put(table, id, 'n|i:0;', 2000)));
    const before = await php.count(table);
    const release = await php.hold(table, used);
    const direct = await php.ask(at, 'return $handler->gc(1440);');
    await release();
    expect(direct.result).toBe(104);
    expect(await php.count(table)).toBe(before - 104);
    expect(await php.row(table, used)).toBe('n|i:0;');
    await php.sql(`DELETE FROM ${table.name}`);
  });

  test('the time is the moment of use, whatever the time zone of the connection', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;', 3000);
    if (driver === 'persistent') return; // Nothing else comes before the handler on its own connection.
    const east = { ...at, id, init: "SET time_zone = '+05:00'" };
    await php.ask(east, 'return $handler->start();');
    expect(Math.abs(await php.age(table, id))).toBeLessThan(500);
    expect((await php.ask(east, 'return $handler->gc(1440);')).result).toBe(0);
    await php.put(table, id, 'n|i:1;', 3000);
    expect((await php.ask(east, 'return $handler->gc(1440);')).result).toBe(1);
  });

  test('gc() in a session comes after it, and keeps the session in use', async () => {
    const [own, old] = [newId(), newId()];
    await php.put(table, own, 'n|i:1;', 2000);
    await php.put(table, old, 'n|i:1;', 2000);
    const during = await php.ask({ ...at, id: own }, '$handler->start(); return session_gc();');
    expect(during.result).toBe(0);
    expect(await php.row(table, old)).toBeUndefined();
    expect(await php.row(table, own)).toBe('n|i:1;');
  });

  test('data that PHP cannot decode are destroyed by PHP, and the next request starts anew', async () => {
    const id = newId();
    await php.put(table, id, 'n|i:1;x|?');
    await php.ask({ ...at, id, ini: { display_errors: '0' } }, 'return $handler->start();');
    expect(await php.row(table, id)).toBeUndefined();
    expect((await php.ask({ ...at, id }, increment)).result).toBe(1);
  });
});

test('gc() in a session leaves to the next one what takes long, and without a session it deletes all', async () => {
  const [table, total, step] = [tables[1]!, 60_000, 10_000]; // In steps: a transaction of NDB has a limit of rows.
  await php.sql(`DELETE FROM ${table.name}`);
  for (let done = 0; done < total; done += step) {
    await php.sql(
      `INSERT INTO ${table.name} SELECT CONCAT('old-', ${done} + seq), 'n|i:1;', 0 FROM ${numbersTo(step)}`,
    );
  }
  await php.ask({ driver: 'pdo', table, id: newId() }, '$handler->start(); return session_gc();');
  const left = await php.count(table);
  expect(left).toBeLessThan(total);
  expect(left).toBeGreaterThan(0);
  for (let more = left - 5_500; more > 0; more -= step) {
    await php.sql(`DELETE FROM ${table.name} WHERE id LIKE 'old-%' LIMIT ${Math.min(more, step)}`);
  }
  const rest = await php.count(table);
  expect((await php.ask({ driver: 'pdo', table }, 'return $handler->gc(1440);')).result).toBe(rest);
  expect(await php.count(table)).toBe(0);
});

test('a DATETIME is in UTC', async () => {
  const id = newId();
  await php.ask(
    { driver: 'pdo', table: dates, id, init: "SET time_zone = '+05:00'" },
    '$handler->start(); $_SESSION["a"] = 1; return true;',
  );
  const [row] = (await php.sql(
    `SELECT ABS(TIMESTAMPDIFF(SECOND, usetime, UTC_TIMESTAMP())) AS age FROM ${dates.name}`,
  )) as unknown as [{ age: number }];
  expect(row.age).toBeLessThan(500);
});

test("shares a row with the article's handler, and nothing is lost", async () => {
  const id = newId();
  await php.put(article, id, 'n|i:0;');
  const peer = `
    global $session_mysql, $session_table;
    [$session_mysql, $session_table] = [$mysql, '${article.name}'];
    require '${__dirname}/../php/article-handler.php';
    session_start();
    $n = $_SESSION['n'];
    usleep(random_int(0, 20000));
    return $_SESSION['n'] = $n + 1;`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => php.ask({ driver: 'pdo', table: article, id }, i % 2 ? peer : increment)),
  );
  expect(answers.map(({ result }) => Number(result)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  expect(await php.row(article, id)).toBe('n|i:20;');
});
