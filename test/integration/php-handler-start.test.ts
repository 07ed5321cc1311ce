import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, binaryTable, type Driver, type Harness, startHarness } from '../php/harness.ts';

// What keeps PHP from starting a session with our handler, before the handler is asked for anything.

const table = binaryTable();
const at: { driver: Driver; table: typeof table } = { driver: 'pdo', table };
const id = 'canary0123456789';

/** It fails each time until an administrator fixes it, so it is a 500. The visitor sees nothing but what the page prints. */
const refused = ({ status, result, headers }: Answer) => {
  expect({ status, result }).toEqual({ status: 500, result: false });
  expect(headers.get('retry-after')).toBeNull();
};

describe('PHP: start()', () => {
  let php: Harness;

  beforeAll(async () => {
    php = await startHarness([table], { 'session.upload_progress.enabled': 0 }); // Debian 12 has it off by default, others on.
  });

  afterAll(async () => {
    try {
      expect(php.log()).not.toContain('canary');
    } finally {
      await php.stop();
    }
  });

  const logged = (what: string) =>
    expect(php.log()).toContain(`PhpSessionBridge: session not started, table \`test\`.\`${table.name}\`: ${what}`);

  test('after session_start()', async () => {
    refused(await php.ask({ ...at, id }, 'session_start(); return $handler->start();'));
    logged('a session that this handler has not started is active already: call start() instead of session_start()');
  });

  test('after a session that is closed', async () => {
    const answer = await php.ask({ ...at, id }, 'session_start(); session_write_close(); return $handler->start();');
    expect(answer).toMatchObject({ status: 200, result: true });
  });

  test('while another handler has the session, which continues', async () => {
    const code = `$handler->start(); $_SESSION['n'] = 1;
      $other = new PhpSessionBridge\\SessionHandler($connect, $test['options']);
      return $other->start();`;
    refused(await php.ask({ ...at, id }, code));
    expect(await php.row(table, id)).toBe('n|i:1;');
  });

  test('a second start() acts like a second session_start(): a notice, and the session continues', async () => {
    await php.put(table, id, 'n|i:1;');
    const code = `ini_set('display_errors', '0'); $handler->start(); $_SESSION['n']++;
      $again = $handler->start(); $what = error_get_last()['message']; $_SESSION['n']++;
      return [$again, strpos($what, 'session is already active') !== false, strpos($what, 'session_start()') === 0];`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ status: 200, result: [true, true, true] });
    expect(await php.row(table, id)).toBe('n|i:3;');
  });

  test('again after the session is closed is another session_start()', async () => {
    await php.put(table, id, 'n|i:1;');
    const code = `$handler->start(); $_SESSION['n']++; session_write_close();
      $again = $handler->start(); $_SESSION['n']++; session_write_close(); return $again;`;
    expect(await php.ask({ ...at, id }, code)).toMatchObject({ status: 200, result: true });
    expect(await php.row(table, id)).toBe('n|i:3;');
  });

  test('after output: the log says where it began', async () => {
    const answer = await php.ask(
      at,
      'while (ob_get_level()) ob_end_flush(); echo " "; flush(); return $handler->start();',
    );
    expect(answer.result).toBe(false);
    logged("the answer's headers are sent, by the output of /");
    expect(php.log()).toMatch(/ session not started, .*line \d+: call start\(\) before it/);
  });

  test('a serialize handler that PHP does not have', async () => {
    const unknown = await startHarness([], { 'session.serialize_handler': 'nothere', display_errors: 0 });
    try {
      refused(await unknown.ask(at, 'return $handler->start();'));
      expect(unknown.log()).toContain(
        `session not started, table \`test\`.\`${table.name}\`: see what PHP itself has logged`,
      );
    } finally {
      await unknown.stop();
    }
  });

  test('an Error that is about nothing of this comes through', async () => {
    const code = `ini_set('display_errors', '0');
      try { PhpSessionBridge\\Obstacle::of(new Error('mine')); } catch (Error $error) { return $error->getMessage(); }`;
    expect((await php.ask(at, code)).result).toBe('mine');
  });
});

test('PHP: session.auto_start', async () => {
  const php = await startHarness([table], { 'session.auto_start': 1 });
  try {
    refused(await php.ask({ ...at, id }, 'return $handler->start();'));
    expect(php.log()).toContain('is active already: set session.auto_start = 0 in php.ini');
  } finally {
    await php.stop();
  }
});

// PHP 8.2.36 of Debian 12 takes no handler then; 8.4 and 8.6 do.
test('PHP: session.upload_progress.enabled, where PHP refuses each change of a setting, and where it does not', async () => {
  const php = await startHarness([table], { 'session.upload_progress.enabled': 1 });
  try {
    const probe = 'try { return ini_set("session.name", "A") === false; } catch (Error $error) { return true; }';
    const { result: refuses } = await php.ask(at, probe);
    const answer = await php.ask({ ...at, id }, 'return $handler->start();');
    if (refuses) {
      refused(answer);
      expect(php.log()).toContain('set session.upload_progress.enabled = Off in php.ini');
      expect(php.log()).not.toMatch(/Fatal|Uncaught/);
    } else {
      expect(answer).toMatchObject({ status: 200, result: true });
    }
  } finally {
    await php.stop();
  }
});
