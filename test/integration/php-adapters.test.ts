import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { phpSession } from '../../src/middleware/koa.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { freePort } from '../../tools/services/ports.mjs';
import { applications } from '../drop-in/applications.mjs';
import { locks } from '../drop-in/locks.mjs';
import { runApplication } from '../drop-in/run.mjs';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';

// A short form of `npm run test:drop-in`, and what the adapters do where an application's page does not get.

describe.each(locks)("the drop-in and the adapter for Symfony with the lock '%s', all steps", (lock) => {
  test.each(applications.filter(({ title }) => /own|Symfony/.test(title)))('$title', async (application) => {
    const mysql = JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null');
    const { outcomes } = await runApplication(application, { mysql, lock, phpSession, mysqlStore });
    expect(Object.keys(outcomes)).toHaveLength(11);
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== true)).toEqual([]);
  });
});

describe('adapters', () => {
  const table = binaryTable();
  const at = { driver: 'pdo', table } as const;
  const load = `require_once 'Symfony/Component/HttpKernel/autoload.php';
    foreach (['FailsByException', 'LaravelHandler', 'SymfonyHandler'] as $name) require_once "${process.cwd()}/php/src/Adapter/$name.php";
    $laravel = new PhpSessionBridge\\Adapter\\LaravelHandler($handler);`;
  const id = 'canary'.padEnd(40, '0');
  let php: Harness;

  beforeAll(async () => {
    php = await startHarness([table]);
  });

  afterAll(async () => {
    try {
      expect(php.log()).not.toContain('canary');
    } finally {
      await php.stop();
    }
  });

  /** Runs Laravel's calls, as its session store makes them; an exception is its status. */
  const laravel = async (code: string) =>
    (
      await php.ask(
        at,
        `${load} $id = '${id}'; try { ${code} } catch (Symfony\\Component\\HttpKernel\\Exception\\HttpException $error) {
          return [$error->getStatusCode(), $error->getMessage(), $error->getHeaders()];
        }`,
      )
    ).result;

  const waits = async () => {
    const start = performance.now();
    await php.sql(`UPDATE ${table.name} SET usetime = usetime WHERE id = '${id}'`);
    return performance.now() - start;
  };

  test('Laravel: the row is locked from read() to write(), and free after it', async () => {
    await php.put(table, id, 'a:1:{s:1:"n";i:1;}');
    const page = php.ask(
      at,
      `${load} $laravel->read('${id}'); usleep(500000); $laravel->write('${id}', 'a:1:{s:1:"n";i:2;}'); sleep(2);`,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const waited = await waits();
    expect(waited).toBeGreaterThan(100);
    expect(waited).toBeLessThan(1500);
    await page;
    expect(await php.row(table, id)).toBe('a:1:{s:1:"n";i:2;}');
  });

  test('Laravel: a new id is written without having been read', async () => {
    await php.put(table, id, 'a:1:{s:1:"n";i:1;}');
    const other = id.replaceAll('0', '1');
    expect(
      await laravel(`$laravel->read($id); $laravel->destroy($id); return $laravel->write('${other}', 'a:0:{}b');`),
    ).toBe(true);
    expect([await php.row(table, id), await php.row(table, other)]).toEqual([undefined, 'a:0:{}b']);
  });

  test('Laravel: a page that saves twice', async () => {
    await php.put(table, id, 'a:0:{}one');
    expect(
      await laravel(
        `$laravel->read($id); $laravel->write($id, 'a:0:{}two'); return $laravel->write($id, 'a:0:{}three');`,
      ),
    ).toBe(true);
    expect(await php.row(table, id)).toBe('a:0:{}three');
  });

  test('Laravel: a second save does not overwrite what another request has written after the first', async () => {
    await php.put(table, id, 'a:0:{}one');
    const meanwhile = `meanwhile("UPDATE ${table.name} SET data = 'a:0:{}theirs' WHERE id = '${id}'");`;
    const save = `$laravel->read($id); $laravel->write($id, 'a:0:{}two'); ${meanwhile}`;
    expect(await laravel(`${save} return $laravel->write($id, 'a:0:{}two');`)).toBe(true);
    expect(await php.row(table, id)).toBe('a:0:{}theirs');
    expect(await laravel(`${save} return $laravel->write($id, 'a:0:{}three');`)).toEqual([
      503,
      'The session could not be written again: it has changed since this page saved it',
      { 'Retry-After': '5' },
    ]);
    expect(await php.row(table, id)).toBe('a:0:{}theirs');
  });

  test('Laravel: a second save does not bring back a session that has ended', async () => {
    await php.put(table, id, 'a:0:{}one');
    const end = `meanwhile("DELETE FROM ${table.name} WHERE id = '${id}'");`;
    expect(
      await laravel(
        `$laravel->read($id); $laravel->write($id, 'a:0:{}two'); ${end} return $laravel->write($id, 'a:0:{}three');`,
      ),
    ).toEqual(expect.arrayContaining([503]));
    expect(await php.row(table, id)).toBeUndefined();
  });

  test("Laravel: the lock 'merge', with Laravel's format beside another one in php.ini", async () => {
    await php.put(table, id, 'a:1:{s:1:"n";i:1;}');
    const options = { lock: 'merge', serialize_handler: 'php_serialize' };
    const meanwhile = `meanwhile("UPDATE ${table.name} SET data = 'a:2:{s:1:\\"n\\";i:1;s:1:\\"t\\";i:2;}' WHERE id = '${id}'");`;
    const { result } = await php.ask(
      { ...at, options },
      `${load} $laravel->read('${id}'); ${meanwhile} return $laravel->write('${id}', 'a:2:{s:1:"n";i:1;s:1:"m";i:3;}');`,
    );
    expect(result).toBe(true);
    expect(await php.row(table, id)).toBe('a:3:{s:1:"n";i:1;s:1:"t";i:2;s:1:"m";i:3;}');
  });

  test("Laravel: the lock 'merge' for sessions of another format is refused", async () => {
    const make = async (options: object, ini = {}) => {
      const code = `try { ${load} return true; } catch (InvalidArgumentException $error) { return $error->getMessage(); }`;
      return (await php.ask({ ...at, options: { lock: 'merge', ...options }, ini }, code)).result;
    };
    const refusal = (format: string) =>
      "Laravel's sessions have the format php_serialize, and this SessionHandler merges sessions of the format " +
      `${format}: give it the option 'serialize_handler' => 'php_serialize'`;
    expect(await make({})).toBe(refusal('php'));
    expect(await make({ serialize_handler: 'php_binary' })).toBe(refusal('php_binary'));
    expect(await make({ serialize_handler: 'php_serialize' })).toBe(true);
    expect(await make({}, { 'session.serialize_handler': 'php_serialize' })).toBe(true);
  });

  test.each(['{"_token":"x"}', 'eyJpdiI6Ing9'])(
    'Laravel: a session that Node cannot read is not written: %s',
    async (data) => {
      const before = 'a:1:{s:1:"n";i:1;}';
      await php.put(table, id, before);
      const { result } = await php.ask(
        at,
        `${load} $laravel->read('${id}'); try { return $laravel->write('${id}', '${data}'); } catch (LogicException $error) {
         meanwhile("SET innodb_lock_wait_timeout = 1; UPDATE ${table.name} SET usetime = 1 WHERE id = '${id}'");
         return $error->getMessage();
       }`,
      );
      expect(result).toBe(
        "Node cannot read this session: set 'serialization' => 'php' and 'encrypt' => false in Laravel's config/session.php",
      );
      expect(await php.row(table, id)).toBe(before);
      expect(await php.age(table, id)).toBeGreaterThan(1e6); // Its row is free at once.
    },
  );

  test('Laravel: a worker that lives on: a request that failed before it saved leaves nothing for the next', async () => {
    const other = id.replaceAll('0', '2');
    await php.put(table, id, 'a:0:{}alice');
    await php.put(table, other, 'a:0:{}bob');
    expect(
      await laravel(
        `$laravel->read($id); $first = $laravel->read('${other}'); $laravel->write('${other}', 'a:0:{}bob2'); return $first;`,
      ),
    ).toBe('a:0:{}bob');
    expect([await php.row(table, id), await php.row(table, other)]).toEqual(['a:0:{}alice', 'a:0:{}bob2']);
  });

  test('a failure is an exception with the status: 503, or 500 if trying again does not help', async () => {
    const fails = (request: object) =>
      php.ask(
        { ...at, ...request, id },
        `${load} session_set_save_handler(new PhpSessionBridge\\Adapter\\SymfonyHandler($handler), true);
         try { session_start(); return 'went on'; } catch (Symfony\\Component\\HttpKernel\\Exception\\HttpException $error) {
           return [$error->getStatusCode(), $error->getHeaders(), session_status() === PHP_SESSION_ACTIVE];
         }`,
      );
    expect((await fails({ port: await freePort() })).result).toEqual([503, { 'Retry-After': '5' }, false]);
    expect((await fails({ options: { table: 'test.nowhere' } })).result).toEqual([500, [], false]);
  });

  test('a write that fails is an exception too', async () => {
    await php.put(table, id, '');
    const answer = await php.ask(
      { ...at, id },
      `${load} session_set_save_handler(new PhpSessionBridge\\Adapter\\SymfonyHandler($handler), true);
       session_start(); $_SESSION['long'] = str_repeat('x', 17000000);
       try { session_write_close(); return 'went on'; } catch (Symfony\\Component\\HttpKernel\\Exception\\HttpException $error) {
         return $error->getStatusCode();
       }`,
    );
    expect(answer.result).toBe(500);
  });
});
