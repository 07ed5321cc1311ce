import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryTable, type Driver, type Harness, startHarness } from '../php/harness.ts';

// What the handler sets on each connection for Galera. test/clusters/galera.test.ts shows on a cluster what it is for.

const table = binaryTable();
let php: Harness;
beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());

const newId = () => randomBytes(16).toString('hex');
const options = `['table' => '${table.name}']`;

describe.each(['pdo', 'mysqli'] as Driver[])('%s', (driver) => {
  test('MariaDB waits for what other nodes have committed', async () => {
    const { result } = await php.ask(
      { driver, table, id: newId() },
      `$db = connect('${driver}');
       $handler = new PhpSessionBridge\\SessionHandler($db, ${options});
       $started = $handler->start();
       $row = $db->query('SELECT @@wsrep_sync_wait')->${driver === 'pdo' ? 'fetch' : 'fetch_row'}();
       return [$started, (int) $row[0]];`,
    );
    expect(result).toEqual([true, 7]);
  });
});

test('a MariaDB that was built without Galera does not know the variable (1193), and serves as well', async () => {
  const id = newId();
  const page = `
    class WithoutGalera extends PDO {
        public $refused = 0;
        #[ReturnTypeWillChange]
        public function query($sql, ...$fetch) {
            if (strpos($sql, 'wsrep_sync_wait') === false) return parent::query($sql);
            $this->refused++;
            $error = new PDOException('Unknown system variable');
            $error->errorInfo = ['HY000', 1193, 'Unknown system variable'];
            throw $error;
        }
    }
    $db = new WithoutGalera("mysql:host={$mysql['host']};port={$mysql['port']};dbname=test", $mysql['user'], $mysql['password']);
    $handler = new PhpSessionBridge\\SessionHandler($db, ${options});
    if (!$handler->start()) return false;
    $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    session_write_close();
    return [$_SESSION['n'], $db->refused];`;
  expect((await php.ask({ driver: 'pdo', table, id }, page)).result).toEqual([1, 1]);
  expect((await php.ask({ driver: 'pdo', table, id }, page)).result).toEqual([2, 1]);
});
