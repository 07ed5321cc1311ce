import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { Site } from '../integration/koa-helpers.ts';
import { asInAnotherProcess } from '../integration/mysql-store-helpers.ts';
import { type Answer, type Driver, type Harness, startHarness, type Table } from '../php/harness.ts';
import { articleTable, engineUnderTest, makeTable, onEngine, ownTable } from './engine.ts';

// The lock 'merge' of PHP's handler, on each engine and through several servers at once: what a request got a 200 for is in the row.
// On Galera a row lock keeps off its own node alone, so there COMMIT fails where two nodes write to one session.

const engine = engineUnderTest();
const own = ownTable(engine, 'php_merge');
const article = articleTable(engine, 'php_merge_article');
const asHandlers = (name: string): Table => ({ title: name, name, columns: '', options: {} });
const table = asHandlers(own.name);
const drivers: Driver[] = ['pdo', 'mysqli', 'persistent'];
const newId = () => randomBytes(16).toString('hex');
const CONFLICT = 'session not written: the lock was lost, and somebody else has written meanwhile';
let php: Harness;

beforeAll(async () => {
  php = await startHarness([]);
  for (const each of [own, article]) await makeTable(engine, each);
});
afterAll(() => php.stop());

async function row(id: string, { name } = own): Promise<string | undefined> {
  const sync = engine.name === 'galera' ? ['SET SESSION wsrep_sync_wait = 15'] : [];
  const [found] = await onEngine(engine, ...sync, `SELECT data FROM ${name} WHERE id = '${id}'`);
  return found && String(found.data);
}
const put = (id: string, data: string, { name, timeType } = own) =>
  onEngine(
    engine,
    `INSERT INTO ${name} (id, data, usetime) VALUES ('${id}', '${data}', ${timeType === 'int' ? 'UNIX_TIMESTAMP()' : 'NOW()'})`,
  );

/** What the handler has logged since `before`, without times and the table. */
function logged(before: number): string[] {
  const lines = php
    .log()
    .slice(before)
    .matchAll(/PhpSessionBridge: (.*), table .*?: (.*)/g);
  return [...lines].map(([, what, why]) => `${what}: ${why}`);
}

/** Where several servers take writes at the same time. */
const places: [string, number[]][] =
  engine.name === 'galera'
    ? [
        ['one node', [0]],
        ['all nodes', [0, 1, 2]],
      ]
    : [['all SQL nodes', engine.endpoints.map((_, i) => i)]];

describe.each(places)('%s', (_, nodes) => {
  const mayRefuse = engine.name === 'galera' && nodes.length > 1;
  const node = (i: number) => engine.endpoints[nodes[i % nodes.length]!]!;
  const at = (i: number) => ({ driver: drivers[i % 3]!, table, port: node(i).port, options: { lock: 'merge' } });
  let sites: Site[];

  beforeAll(async () => {
    sites = await Promise.all(
      nodes.map((n) => {
        const connection = { ...engine.endpoints[n]!, connectionLimit: 20 };
        const store = asInAnotherProcess(() => mysqlStore({ connection, table: own.name, lockTimeout: 25 }));
        return Site.start({ store, mode: 'merge' });
      }),
    );
  });
  afterAll(() => Promise.all(sites.map((site) => site.stop())));

  /** Sends a request until it is not refused any more, as a browser does after a 503. */
  async function insist(send: () => Promise<{ status: number }>): Promise<number> {
    for (let refusals = 0; ; refusals++) {
      const { status } = await send();
      if (status === 200) return refusals;
      expect(status).toBe(503);
      if (!mayRefuse) throw new Error(`refused: ${logged(0).slice(-3).join('; ')}`);
    }
  }

  test('24 requests of PHP and 24 of Node at once change different keys: none is lost', async () => {
    const id = newId();
    await put(id, 'map|a:1:{s:1:"a";i:0;}');
    const before = php.log().length;
    const inPhp = (n: number) => () =>
      php.ask(
        { ...at(n), id },
        `if (!$handler->start()) return false; usleep(random_int(0, 50000));
         $_SESSION['p${n}'] = ${n}; $_SESSION['map']['p${n}'] = ${n}; session_write_close(); return true;`,
      );
    const inNode = (n: number) => () =>
      sites[n % sites.length]!.ask(
        async (ctx) => {
          await sleep(Math.random() * 50);
          ctx.session[`n${n}`] = n;
          (ctx.session.map as Record<string, number>)[`n${n}`] = n;
        },
        { id },
      );
    const sent = Array.from({ length: 24 }, (_, n) => [insist(inPhp(n)), insist(inNode(n))]).flat();
    const refusals = (await Promise.all(sent)).reduce((sum, count) => sum + count, 0);
    const { result } = await php.ask({ ...at(1), id }, '$handler->start(); return $_SESSION;');
    const all = Object.fromEntries(sent.map((_, i) => [`${i % 2 ? 'n' : 'p'}${i >> 1}`, i >> 1]));
    expect(result).toEqual({ ...all, map: { a: 0, ...all } });
    if (!mayRefuse) expect(logged(before)).toEqual([]);
    if (mayRefuse)
      process.stdout.write(`\n  48 requests on ${nodes.length} nodes, ${refusals} refused and sent again\n`);
  });

  test('36 requests count in one session by a function: each that got a 200 counts once', async () => {
    const id = newId();
    await put(id, 'n|i:0;');
    const before = php.log().length;
    const counts = (n: number) =>
      php.ask(
        { ...at(n), id },
        `$number = static function (?string $text): int { return (int) substr((string) $text, 2); };
         $rule = static function (array $path, ?string $base, ?string $mine, ?string $theirs) use ($number): string {
           return 'i:' . ($number($mine) + $number($theirs) - $number($base)) . ';';
         };
         $handler = new PhpSessionBridge\\SessionHandler($connect, ['on_conflict' => $rule] + $test['options']);
         if (!$handler->start()) return false; usleep(random_int(0, 50000));
         $_SESSION['n']++; session_write_close(); return true;`,
      );
    const answers = await Promise.all(Array.from({ length: 36 }, (_, n) => counts(n)));
    const done = answers.filter(({ status }) => status === 200).length;
    const unknown = logged(before).filter((line) => /COMMIT/.test(line)).length;
    const count = Number(/^n\|i:(\d+);$/.exec((await row(id)) ?? '')?.[1]);
    expect(count).toBeGreaterThanOrEqual(done);
    expect(count).toBeLessThanOrEqual(done + unknown);
    expect(logged(before).length).toBe(36 - done);
    if (!mayRefuse) expect(done).toBe(36);
    else process.stdout.write(`\n  36 increments on ${nodes.length} nodes, ${done} done, counter at ${count}\n`);
  });

  test('8 first requests with the same new id: nothing is lost', async () => {
    for (let round = 0; round < 5; round++) {
      const id = newId();
      const first = (n: number) => () =>
        php.ask({ ...at(n), id }, `if (!$handler->start()) return; $_SESSION['p${n}'] = ${n}; session_write_close();`);
      await Promise.all(Array.from({ length: 8 }, (_, n) => insist(first(n))));
      const { result } = await php.ask({ ...at(0), id }, '$handler->start(); return $_SESSION;');
      expect(result).toEqual(Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`p${n}`, n])));
    }
  });

  test('what one request has stored, the next one reads, through whichever server', async () => {
    const id = newId();
    for (let n = 0; n < 30; n++) {
      const { result } = await php.ask(
        { ...at(n), id },
        `$handler->start(); $was = $_SESSION['n'] ?? -1; $_SESSION['n'] = ${n}; return $was;`,
      );
      expect(result).toBe(n - 1);
    }
  });

  test.each(['PHP', 'Node'])(
    'a logout through another server, by %s, is not undone by a request that began before',
    async (by) => {
      const id = newId();
      await put(id, 'user|s:3:"bob";');
      const before = php.log().length;
      const late = php.ask(
        { ...at(0), id },
        `$handler->start(); usleep(700000); $_SESSION['seen'] = 1; return $_SESSION;`,
      );
      await sleep(300);
      if (by === 'PHP') await php.ask({ ...at(1), id }, '$handler->start(); return session_destroy();');
      else await sites.at(-1)!.ask((ctx) => ctx.phpSession.destroy(), { id });
      await php.ask({ ...at(1), id }, `$handler->start(); $_SESSION['user'] = 'alice';`);
      expect(await late).toMatchObject({ status: 200, result: { user: 'bob', seen: 1 } });
      expect(await row(id)).toBe('user|s:5:"alice";');
      expect(logged(before)).toEqual(['session not written: another request has ended the session']);
    },
  );

  test.each(['PHP', 'Node'])(
    'a login through another server, by %s: the late request stores only what is new',
    async (by) => {
      const id = newId();
      await put(id, 'cart|i:1;');
      const before = php.log().length;
      const late = php.ask(
        { ...at(0), id },
        `$handler->start(); usleep(700000); $_SESSION['cart']++; $_SESSION['new'] = 1;`,
      );
      await sleep(300);
      if (by === 'PHP') {
        await php.ask({ ...at(1), id }, `$handler->start(); session_regenerate_id(true); $_SESSION['user'] = 'bob';`);
      } else {
        await sites.at(-1)!.ask(
          async (ctx) => {
            await ctx.phpSession.regenerate();
            ctx.session.user = 'bob';
          },
          { id },
        );
      }
      expect((await late).status).toBe(200);
      expect(await row(id)).toBe('new|i:1;');
      expect(logged(before)).toEqual([
        'session merged: another request has emptied the session. Changes of what it held that were dropped: 1',
      ]);
    },
  );
});

describe('a row that another transaction holds', () => {
  /** Through another server, if that server's locks count for all. */
  const holder = engine.endpoints[engine.name === 'ndb' ? 1 : 0]!;
  async function hold(name: string, id: string) {
    const other = await createConnection(holder);
    await other.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await other.beginTransaction();
    await other.query(`SELECT * FROM ${name} WHERE id = ? FOR UPDATE`, [id]);
    return other;
  }

  describe.each([own, article])('$name', (each) => {
    const { name } = each;

    test.each(drivers)('%s waits for it, longer than the data nodes of NDB let a statement wait', async (driver) => {
      const id = newId();
      await put(id, 'a|i:1;', each);
      const other = await hold(name, id);
      const asked = php.ask(
        { driver, table: asHandlers(name), id, options: { lock: 'merge' } },
        `if (!$handler->start()) return false; $_SESSION['b'] = 2; session_write_close(); return $_SESSION;`,
      );
      await sleep(3_000);
      await other.query(`UPDATE ${name} SET data = 'a|i:1;t|i:1;' WHERE id = ?`, [id]);
      await other.commit();
      await other.end();
      expect(await asked).toMatchObject({ status: 200 });
      expect(await row(id, each)).toBe('a|i:1;t|i:1;b|i:2;');
    });

    test.each(drivers)('%s answers 503 at the end of its lock_timeout, and writes nothing', async (driver) => {
      const id = newId();
      await put(id, 'a|i:1;', each);
      const before = php.log().length;
      const other = await hold(name, id);
      const { status } = await php.ask(
        { driver, table: asHandlers(name), id, options: { lock: 'merge', lock_timeout: 1 } },
        `if (!$handler->start()) return false; $_SESSION['b'] = 2; session_write_close(); return $_SESSION;`,
      );
      await other.rollback();
      await other.end();
      expect(status).toBe(503);
      expect(logged(before)).toEqual([expect.stringMatching(/^session not (read|written): database error 1205$/)]);
      expect(await row(id, each)).toBe('a|i:1;');
    });
  });
});

if (engine.name === 'galera') {
  describe('another node of Galera writes between the lock and COMMIT', () => {
    const [first, second] = engine.endpoints;
    const tombstone = `INSERT INTO ${own.name} VALUES ('$tombstone', '', UNIX_TIMESTAMP())`;
    const stores = (data: string) => `REPLACE INTO ${own.name} VALUES ('$id', '${data}', UNIX_TIMESTAMP())`;
    const logsOut = `${tombstone}; DELETE FROM ${own.name} WHERE id = '$id'`;

    /** Runs a page whose connection does `sql` on another node, `times` times, before it sends what matches `before`. */
    const overtaken = (
      id: string,
      { before, sql, times = 1 }: { before: string; sql: string; times?: number },
      page: string,
    ) =>
      php.ask(
        { driver: 'pdo', table, id, port: first!.port, options: { lock: 'merge' } },
        `class Overtaken extends PDO {
           public static $left = ${times};
           #[ReturnTypeWillChange]
           public function query($sql, ...$fetch) {
             if (self::$left > 0 && preg_match('/${before}/', $sql)) {
               $id = '${id}'; $tombstone = PhpSessionBridge\\Tombstone::id($id); $left = self::$left--;
               $other = connect('pdo', ${second!.port});
               foreach (explode('; ', "${sql.replaceAll('"', '\\"')}") as $one) $other->exec($one);
             }
             return parent::query($sql, ...$fetch);
           }
         }
         $handler = new PhpSessionBridge\\SessionHandler(static function () use ($mysql) {
           return new Overtaken("mysql:host={$mysql['host']};port=${first!.port};dbname=test;charset=utf8mb4", $mysql['user'], $mysql['password']);
         }, $test['options']);
         if (!$handler->start()) return false;
         ${page}`,
      );
    const changes = `$_SESSION['n'] = 2; $_SESSION['m'] = 1; session_write_close(); return [Overtaken::$left];`;
    const ENDED = 'session not written: another request has ended the session';

    test.each([
      ['stores', stores('user|s:3:"bob";n|i:1;t|i:1;'), 200, 'user|s:3:"bob";n|i:2;t|i:1;m|i:1;', []],
      [
        'logs in',
        stores(''),
        200,
        'm|i:1;',
        ['session merged: another request has emptied the session. Changes of what it held that were dropped: 1'],
      ],
      ['logs out', logsOut, 200, undefined, [ENDED]],
      [
        'logs out, and the next visitor begins',
        `${logsOut}; ${stores('user|s:5:"alice";')}`,
        200,
        'user|s:5:"alice";',
        [ENDED],
      ],
    ])('it %s', async (_, sql, status, after, log) => {
      const id = newId();
      await put(id, 'user|s:3:"bob";n|i:1;');
      const start = php.log().length;
      const answer: Answer = await overtaken(id, { before: '^UPDATE', sql }, changes);
      expect(answer).toMatchObject({ status, result: [0] });
      expect(await row(id)).toBe(after);
      expect(logged(start)).toEqual(log);
    });

    test('it stores each time: the request is refused in the end, and writes nothing', async () => {
      const id = newId();
      await put(id, 'n|i:1;');
      const start = php.log().length;
      const answer = await overtaken(id, { before: '^UPDATE', sql: stores('n|i:1;t|i:$left;'), times: 9 }, changes);
      expect(answer).toMatchObject({ status: 503, result: [6] });
      expect(await row(id)).toBe('n|i:1;t|i:7;');
      expect(logged(start)).toEqual([CONFLICT]);
    });

    test('it begins the session that this request begins: both are in it', async () => {
      const id = newId();
      expect(await overtaken(id, { before: '^UPDATE', sql: stores('t|i:1;') }, changes)).toMatchObject({
        status: 200,
        result: [0],
      });
      expect(await row(id)).toBe('t|i:1;n|i:2;m|i:1;');
    });

    test('it begins that session and logs out: this request is refused, and begins none', async () => {
      const id = newId();
      const sql = `${stores('t|i:1;')}; ${logsOut}`;
      expect(await overtaken(id, { before: '^UPDATE', sql }, changes)).toMatchObject({ status: 503, result: [0] });
      expect(await row(id)).toBeUndefined();
    });

    test.each([
      ['stores', stores('user|s:3:"bob";t|i:1;')],
      ['logs out', logsOut],
    ])('it %s, and this request logs out: the session is gone', async (_, sql) => {
      const id = newId();
      await put(id, 'user|s:3:"bob";');
      const page = 'return [session_destroy(), Overtaken::$left];';
      expect(await overtaken(id, { before: '^DELETE', sql }, page)).toMatchObject({ status: 200, result: [true, 0] });
      expect(await row(id)).toBeUndefined();
    });

    test('it stores, and this request gets a new id: that is taken along', async () => {
      const id = newId();
      await put(id, 'cart|i:1;');
      const page = `$done = session_regenerate_id(true); $_SESSION['user'] = 'bob'; session_write_close(); return [$done, Overtaken::$left];`;
      const answer = await overtaken(id, { before: '^UPDATE', sql: stores('cart|i:1;t|i:1;') }, page);
      expect(answer).toMatchObject({ status: 200, result: [true, 0] });
      expect([await row(id), await row(answer.cookie!)]).toEqual(['', 'cart|i:1;t|i:1;user|s:3:"bob";']);
    });

    test('it logs out, and this request gets no new id', async () => {
      const id = newId();
      await put(id, 'user|s:3:"bob";');
      const page = 'return [@session_regenerate_id(true), Overtaken::$left];';
      expect(await overtaken(id, { before: '^UPDATE', sql: logsOut }, page)).toMatchObject({
        status: 503,
        result: [false, 0],
      });
      expect(await row(id)).toBeUndefined();
    });
  });
}
