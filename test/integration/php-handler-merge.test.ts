import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { latin1Bytes } from '../helpers/latin1.ts';
import { binaryTable, type Driver, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';

// The lock 'merge' of PHP's handler: requests of one session run at the same time, and none undoes what another one did.

const table = binaryTable();
let php: Harness;
let site: Site;
const newId = () => randomBytes(16).toString('hex');
/** What the handler has logged while `work` ran, without times and the table. */
async function logged(work: () => Promise<unknown>): Promise<string[]> {
  const before = php.log().length;
  await work();
  const lines = php
    .log()
    .slice(before)
    .matchAll(/PhpSessionBridge: (.*), table .*?: (.*)/g);
  return [...lines].map(([, what, why]) => `${what}: ${why}`);
}

beforeAll(async () => {
  php = await startHarness([table]);
  site = await Site.start({ store: storeOf(table, { connectionLimit: 20 }), mode: 'merge' });
});
afterAll(async () => {
  await site.stop();
  await php.stop();
});

/** PHP code: what another request stores, or does, while this one runs. */
const meanwhile = (id: string, code: string) => `
  $other = static function () use ($connect, $test) {
    return new PhpSessionBridge\\SessionHandler($connect, $test['options']);
  };
  (static function ($other) {
    $other->open('', ''); $data = $other->read('${id}');
    ${code}
    $other->close();
  })($other());`;
const stores = (id: string, data: string) =>
  meanwhile(id, `$other->write('${id}', base64_decode('${latin1Bytes(data).toString('base64')}'));`);
const logsOut = (id: string) => meanwhile(id, `$other->destroy('${id}');`);

describe.each(['pdo', 'mysqli', 'persistent'] as Driver[])('%s', (driver) => {
  const at = { driver, table, options: { lock: 'merge' } };

  test('32 requests of PHP and 32 of Node at once change different keys: none is lost', async () => {
    const id = newId();
    await php.put(table, id, 'map|a:1:{s:1:"a";i:0;}');
    const set = (n: number) => `
      if (!$handler->start()) return false;
      usleep(random_int(0, 50000));
      $_SESSION['p${n}'] = ${n}; $_SESSION['map']['p${n}'] = ${n};
      return true;`;
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, n) => [
        php.ask({ ...at, id }, set(n)).then(({ result }) => result),
        site
          .ask(
            (ctx) => {
              ctx.session[`n${n}`] = n;
              (ctx.session.map as Record<string, number>)[`n${n}`] = n;
              return true;
            },
            { id },
          )
          .then(({ value }) => value),
      ]).flat(),
    );
    expect(answers).toEqual(Array(64).fill(true));
    expect(site.codes()).toEqual([]);
    const { result } = await php.ask({ ...at, id }, '$handler->start(); return $_SESSION;');
    const all = Object.fromEntries(
      Array.from({ length: 32 }, (_, n) => [
        [`p${n}`, n],
        [`n${n}`, n],
      ]).flat(),
    );
    expect(result).toEqual({ ...all, map: { a: 0, ...all } });
  });

  test('an application that serializes the session itself names its format', async () => {
    const id = newId();
    await php.put(table, id, 'a:1:{s:1:"a";i:1;}');
    const code = (format: string) => `
      $handler = new PhpSessionBridge\\SessionHandler($connect, ${format} + $test['options']);
      $handler->open('', ''); $handler->read('${id}');
      ${stores(id, 'a:2:{s:1:"a";i:1;s:1:"t";i:2;}')}
      $done = $handler->write('${id}', serialize(['a' => 1, 'm' => 3])); $handler->close(); return $done;`;
    expect((await php.ask(at, code('[]'))).result).toBe(false);
    expect(await php.row(table, id)).toBe('a:2:{s:1:"a";i:1;s:1:"t";i:2;}');
    await php.put(table, id, 'a:1:{s:1:"a";i:1;}');
    expect((await php.ask(at, code("['serialize_handler' => 'php_serialize']"))).result).toBe(true);
    expect(await php.row(table, id)).toBe('a:3:{s:1:"a";i:1;s:1:"t";i:2;s:1:"m";i:3;}');
  });

  test('two pages of one visitor do not wait for each other', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;');
    const page = (key: string) =>
      php.ask({ ...at, id }, `$handler->start(); sleep(1); $_SESSION['${key}'] = 1; return true;`);
    const start = performance.now();
    const first = page('b');
    await sleep(300); // A worker of PHP's own web server would take both, if it got them at once.
    await Promise.all([first, page('c')]);
    expect(performance.now() - start).toBeLessThan(1_900); // One after the other they take 2 s.
    const { result } = await php.ask({ ...at, id }, '$handler->start(); return $_SESSION;');
    expect(result).toEqual({ a: 1, b: 1, c: 1 });
  });

  test.each([
    ['php', 'a|i:1;', 'a|i:1;t|i:2;', 'a|i:1;t|i:2;m|i:3;'],
    ['php_binary', '\x01ai:1;', '\x01ai:1;\x01ti:2;', '\x01ai:1;\x01ti:2;\x01mi:3;'],
    [
      'php_serialize',
      'a:1:{s:1:"a";i:1;}',
      'a:2:{s:1:"a";i:1;s:1:"t";i:2;}',
      'a:3:{s:1:"a";i:1;s:1:"t";i:2;s:1:"m";i:3;}',
    ],
  ])('the format %s', async (format, before, theirs, after) => {
    const id = newId();
    await php.put(table, id, before);
    const request = { ...at, id, ini: { 'session.serialize_handler': format } };
    expect(
      (await php.ask(request, `$handler->start(); ${stores(id, theirs)} $_SESSION['m'] = 3; return true;`)).result,
    ).toBe(true);
    expect(await php.row(table, id)).toBe(after);
  });

  test('a request that changes nothing writes nothing, and notes the use', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;', 1000);
    await php.ask({ ...at, id }, `$handler->start(); ${stores(id, 'a|i:2;')} return true;`);
    expect(await php.row(table, id)).toBe('a|i:2;');
    await php.put(table, id, 'a|i:2;', 1000);
    await php.ask({ ...at, id, ini: { 'session.lazy_write': '0' } }, '$handler->start(); return true;');
    expect(await php.age(table, id)).toBeLessThan(500);
    await php.put(table, id, 'a|i:2;', 1000);
    await php.ask({ ...at, id }, '$handler->start(); return true;');
    expect(await php.age(table, id)).toBeLessThan(500);
    expect(await php.row(table, id)).toBe('a|i:2;');
  });

  test('a request that changes nothing, whose connection is lost, connects again and notes the use', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;', 1000);
    expect(
      await php.ask({ ...at, id }, '$handler->start(); kill(); session_write_close(); return true;'),
    ).toMatchObject({
      status: 200,
      result: true,
    });
    expect(await php.age(table, id)).toBeLessThan(500);
  });

  test('it waits for a request that holds the row only if it has something to write', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;');
    const release = await php.hold(table, id);
    const start = performance.now();
    expect(
      (await php.ask({ ...at, id }, '$handler->start(["read_and_close" => true]); return $_SESSION;')).result,
    ).toEqual({ a: 1 });
    const options = { lock: 'merge', lock_timeout: 3 };
    expect((await php.ask({ ...at, id, options }, '$handler->start(); return session_write_close();')).result).toBe(
      true,
    );
    // For the time alone it waits a second, but on a persistent connection as long as that waits for locks.
    expect(performance.now() - start).toBeLessThan(driver === 'persistent' ? 5_000 : 2_500);
    const busy = await php.ask(
      { ...at, id, options: { lock: 'merge', lock_timeout: 1 } },
      '$handler->start(); $_SESSION["a"] = 2; session_write_close(); return true;',
    );
    expect(busy.status).toBe(503);
    await release();
    expect(await php.row(table, id)).toBe('a|i:1;');
  });

  describe('on_conflict', () => {
    const counts = async (onConflict: string | undefined, code = '', theirs = 'n|i:8;x|i:1;') => {
      const id = newId();
      await php.put(table, id, 'n|i:5;x|i:1;');
      const options = { lock: 'merge', ...(onConflict !== undefined && { on_conflict: onConflict }) };
      const { status } = await php.ask(
        { ...at, id, options },
        `${code} $handler->start(); ${stores(id, theirs)} $_SESSION['n']++; $_SESSION['m'] = 1; session_write_close(); return true;`,
      );
      return [status, await php.row(table, id)];
    };
    const decided = (rule: string) =>
      `session merged: on_conflict '${rule}' has decided about values that another request has changed too: 1`;

    test.each([
      [undefined, 200, 'n|i:6;x|i:1;m|i:1;', decided('mine')],
      ['mine', 200, 'n|i:6;x|i:1;m|i:1;', decided('mine')],
      ['theirs', 200, 'n|i:8;x|i:1;m|i:1;', decided('theirs')],
      [
        'error',
        503,
        'n|i:8;x|i:1;',
        'session not written: This request and another one changed the same part of the session',
      ],
    ])('%s', async (rule, status, row, line) => {
      const log = await logged(async () => expect(await counts(rule)).toEqual([status, row]));
      expect(log).toEqual([line]);
    });

    test('without a conflict there is nothing to log', async () => {
      const log = await logged(async () =>
        expect(await counts('mine', '', 'n|i:6;x|i:2;')).toEqual([200, 'n|i:6;x|i:2;m|i:1;']),
      );
      expect(log).toEqual([]);
    });

    test('a function', async () => {
      const rule = `function (array $path, ?string $base, ?string $mine, ?string $theirs): ?string {
        $int = static function (?string $text): int { return (int) substr((string) $text, 2); };
        return 'i:' . ($int($mine) + $int($theirs) - $int($base)) . ';';
      }`;
      const code = `$handler = new PhpSessionBridge\\SessionHandler($connect, ['on_conflict' => ${rule}] + $test['options']);`;
      const log = await logged(async () => expect(await counts(undefined, code)).toEqual([200, 'n|i:9;x|i:1;m|i:1;']));
      expect(log).toEqual([]); // It knows of each conflict.
    });

    test.each([
      'throw new LogicException("secret" . $mine)',
      'throw new RuntimeException("secret" . $mine, 1205)',
      'return 7',
    ])('a function that fails: 500, nothing is written, and neither page nor log shows data: %s', async (body) => {
      const code = `$handler = new PhpSessionBridge\\SessionHandler($connect, ['on_conflict' => static function ($path, $base, $mine) { ${body}; }] + $test['options']);`;
      expect(await counts(undefined, code)).toEqual([500, 'n|i:8;x|i:1;']);
      expect(php.log()).toContain('the function of on_conflict has failed: ');
      expect(php.log()).not.toMatch(/secret|Uncaught/);
    });

    test('a function that returns no serialized value: nothing is written', async () => {
      const code = `$handler = new PhpSessionBridge\\SessionHandler($connect, ['on_conflict' => static function () { return '9'; }] + $test['options']);`;
      expect(await counts(undefined, code)).toEqual([503, 'n|i:8;x|i:1;']);
    });
  });

  test('a row that cannot be read by then stays as it is', async () => {
    const id = newId();
    await php.put(table, id, 'a|i:1;');
    const { status } = await php.ask(
      { ...at, id },
      `$handler->start(); ${stores(id, 'a|i:1')} $_SESSION['a'] = 2; session_write_close(); return true;`,
    );
    expect(status).toBe(503);
    expect(await php.row(table, id)).toBe('a|i:1');
    expect(php.log()).toContain('The session cannot be read: syntax error at byte 2');
  });

  describe('a logout', () => {
    const strict = { 'session.use_strict_mode': '1' };

    test('is not undone by a request that began before', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const late = `$handler->start(); ${logsOut(id)} $_SESSION['seen'] = 1; session_write_close(); return $_SESSION;`;
      expect(await php.ask({ ...at, id }, late)).toMatchObject({ status: 200, result: { user: 'bob' } });
      expect(await php.row(table, id)).toBeUndefined();
      expect((await php.ask({ ...at, id, ini: strict }, '$handler->start(); return $_SESSION;')).result).toEqual([]);
    });

    test('nor by one that changed nothing', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      expect(
        (await php.ask({ ...at, id }, `$handler->start(); ${logsOut(id)} session_write_close(); return true;`)).status,
      ).toBe(200);
      expect(await php.row(table, id)).toBeUndefined();
    });

    test('and what the next visitor stores under the same id stays without it', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const next = stores(id, 'user|s:5:"alice";');
      await php.ask({ ...at, id }, `$handler->start(); ${logsOut(id)} ${next} $_SESSION['admin'] = 1; return true;`);
      expect(await php.row(table, id)).toBe('user|s:5:"alice";');
      // Nor is that session given a new id by the late request.
      const moved = await php.ask(
        { ...at, id },
        `$handler->start(); ${logsOut(id)} ${stores(id, 'user|s:5:"carol";')} return @session_regenerate_id(true);`,
      );
      expect([moved.status, moved.result]).toEqual([503, false]);
      expect(await php.row(table, id)).toBe('user|s:5:"carol";');
    });

    test('by Node', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";n|i:1;');
      const late = php.ask({ ...at, id }, '$handler->start(); usleep(700000); $_SESSION["n"] = 2; return true;');
      await sleep(300);
      await site.ask((ctx) => ctx.phpSession.destroy(), { id });
      await site.ask(
        (ctx) => {
          ctx.session.user = 'alice';
        },
        { id },
      );
      expect((await late).status).toBe(200);
      expect(await php.row(table, id)).toBe('user|s:5:"alice";');
    });

    test('of a session that was begun meanwhile counts too', async () => {
      const id = newId();
      const begun = `${stores(id, 'user|s:3:"bob";')} ${logsOut(id)}`;
      await php.ask({ ...at, id }, `$handler->start(); ${begun} $_SESSION['a'] = 1; return true;`);
      expect(await php.row(table, id)).toBeUndefined();
    });

    test('deletes what other requests have stored meanwhile', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const { result } = await php.ask(
        { ...at, id },
        `$handler->start(); ${stores(id, 'user|s:3:"bob";t|i:1;')} return session_destroy();`,
      );
      expect(result).toBe(true);
      expect(await php.row(table, id)).toBeUndefined();
    });

    test('twice is one', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const { status, result } = await php.ask(
        { ...at, id },
        `$handler->start(); ${logsOut(id)} return session_destroy();`,
      );
      expect([status, result]).toEqual([200, true]);
    });

    test('by emptying the session, as an application does that keeps it', async () => {
      const id = newId();
      const login = 's|a:2:{s:4:"user";s:3:"bob";s:1:"n";i:1;}';
      await php.put(table, id, login);
      // The late request has changed a part of the map in which the login is.
      await php.ask({ ...at, id }, `$handler->start(); ${stores(id, '')} $_SESSION['s']['n'] = 2; return true;`);
      expect(await php.row(table, id)).toBe('');
    });
  });

  describe('a new id', () => {
    const dropped = (count: number) =>
      `session merged: another request has emptied the session. Changes of what it held that were dropped: ${count}`;

    test('takes along what other requests have stored until then, and leaves an empty row', async () => {
      const id = newId();
      await php.put(table, id, 'a|i:1;');
      const { cookie } = await php.ask(
        { ...at, id },
        `$handler->start(); ${stores(id, 'a|i:1;t|i:2;')} session_regenerate_id(true); session_regenerate_id(true); $_SESSION['m'] = 3; return true;`,
      );
      expect(await php.row(table, id)).toBe('');
      expect(await php.row(table, cookie!)).toBe('a|i:1;t|i:2;m|i:3;');
    });

    test('takes them along also if this request itself stores nothing', async () => {
      for (const [before, theirs, code] of [
        ['', 't|i:2;', ''],
        ['a|i:1;', 'a|i:1;t|i:2;', '$_SESSION = [];'],
      ] as const) {
        const id = newId();
        await php.put(table, id, before);
        const { cookie } = await php.ask(
          { ...at, id },
          `$handler->start(); ${stores(id, theirs)} session_regenerate_id(true); ${code} return true;`,
        );
        expect([await php.row(table, id), await php.row(table, cookie!)]).toEqual(['', 't|i:2;']);
      }
      const { cookie } = await php.ask(at, '$handler->start(); session_regenerate_id(true); return true;');
      expect(await php.row(table, cookie!)).toBeUndefined();
    });

    test.each(['0', '1'])('of a new session, strict mode %s', async (strict) => {
      const id = newId();
      const { cookie, result } = await php.ask(
        { ...at, id, ini: { 'session.use_strict_mode': strict } },
        '$handler->start(); $_SESSION["a"] = 1; return session_regenerate_id(true);',
      );
      expect(result).toBe(true);
      expect(await php.row(table, cookie!)).toBe('a|i:1;');
    });

    test('ends a login under the old one, whatever a late request stores', async () => {
      const id = newId();
      await php.put(table, id, 's|a:2:{s:4:"user";s:3:"bob";s:1:"n";i:1;}user|s:3:"bob";');
      const rotates = stores(id, ''); // what session_regenerate_id(true) leaves
      const log = await logged(() =>
        php.ask(
          { ...at, id },
          `$handler->start(); ${rotates} $_SESSION['s']['n'] = 2; $_SESSION['user'] .= '!'; $_SESSION['cart'] = 1; return true;`,
        ),
      );
      expect(await php.row(table, id)).toBe('cart|i:1;');
      expect(log).toEqual([dropped(2)]);
    });

    test('takes along nothing of a login that another new id has taken away, and logs what it drops', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const page = `$handler->start(); ${stores(id, '')} session_regenerate_id(true); $_SESSION['user'] .= '!'; $_SESSION['cart'] = 1; return true;`;
      let cookie: string | undefined;
      const log = await logged(async () => {
        ({ cookie } = await php.ask({ ...at, id }, page));
      });
      expect([await php.row(table, id), await php.row(table, cookie!)]).toEqual(['', 'cart|i:1;']);
      expect(log).toEqual([dropped(1)]);
    });

    test('nor does a function of on_conflict bring that login back: it is not asked about what was emptied', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const mine = `$handler = new PhpSessionBridge\\SessionHandler($connect, ['on_conflict' => static function ($path, $base, $mine) { return $mine; }] + $test['options']);`;
      const late = `$_SESSION['user'] .= '!'; $_SESSION['cart'] = 1; return true;`;
      const log = await logged(() => php.ask({ ...at, id }, `${mine} $handler->start(); ${stores(id, '')} ${late}`));
      expect(await php.row(table, id)).toBe('cart|i:1;');
      expect(log).toEqual([dropped(1)]);
    });

    test('cannot be had for a session that has ended', async () => {
      const id = newId();
      await php.put(table, id, 'user|s:3:"bob";');
      const { status, result } = await php.ask(
        { ...at, id },
        `$handler->start(); ${logsOut(id)} return @session_regenerate_id(true);`,
      );
      expect([status, result]).toEqual([503, false]);
      expect(await php.row(table, id)).toBeUndefined();
    });

    test('has nothing to do with the next session of the same process', async () => {
      const [id, next] = [newId(), newId()];
      await php.put(table, id, 'user|s:3:"bob";');
      await php.put(table, next, 'a|i:1;');
      await php.ask(
        { ...at, id },
        `$handler->start(); ${stores(id, 'user|s:3:"bob";secret|i:1;')} session_regenerate_id(true); session_abort();
         session_id('${next}'); session_start(); $_SESSION['m'] = 1; session_write_close(); return true;`,
      );
      expect(await php.row(table, next)).toBe('a|i:1;m|i:1;');
    });
  });
});

test.each([
  [{ lock: 'none' }, "Option 'lock' must be 'row' or 'merge'"],
  [{ serialize_handler: 'igbinary' }, "Option 'serialize_handler' must be 'php', 'php_binary' or 'php_serialize'"],
  [{ on_conflict: 'ours' }, "Option 'on_conflict' must be 'mine', 'theirs', 'error' or a function"],
])('wrong options: %j', async (options, message) => {
  const code = `try { new PhpSessionBridge\\SessionHandler($connect, json_decode('${JSON.stringify(options)}', true)); }
    catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
  expect((await php.ask({ driver: 'pdo', table }, code)).result).toBe(message);
});

test('a format of an extension cannot be merged', async () => {
  const code = `try { PhpSessionBridge\\Merge\\ThreeWayMerge::of('', 'a', 'b', 'igbinary'); }
    catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
  expect((await php.ask({ driver: 'pdo', table }, code)).result).toMatch(
    /^Sessions in the format 'igbinary' cannot be merged/,
  );
});

describe.each(['igbinary', 'msgpack'])('php.ini says session.serialize_handler = %s', (format) => {
  const at = { driver: 'pdo', table, ini: { 'session.serialize_handler': format, display_errors: '0' } } as const;
  const count = `if (!$handler->start()) return http_response_code(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; return $_SESSION['n'];`;

  test('the lock merge does not start the session, says why, and leaves the row as it is', async () => {
    const id = newId();
    expect((await php.ask({ ...at, id }, count)).result).toBe(1);
    const before = await php.row(table, id);
    const lines = await logged(async () => {
      expect((await php.ask({ ...at, id, options: { lock: 'merge' } }, count)).result).toBe(500);
    });
    expect(lines).toEqual([
      expect.stringMatching(`in the format '${format}' cannot be merged. Set .* or 'lock' to 'row'$`),
    ]);
    expect(await php.row(table, id)).toBe(before);
    expect((await php.ask({ ...at, id }, count)).result).toBe(2);
  });
});
