<?php

// Router for `php -S`: runs the PHP code in the request's body, so that each test says itself what PHP shall do. The
// code finds $handler ready and prints nothing; what it returns is the response, as JSON. Anything else in the response came
// from PHP's display_errors.

require __DIR__ . '/../../php/src/SessionHandler.php';

/**
 * @var array{driver: 'pdo'|'mysqli'|'persistent', port?: int, charset?: string, init?: string, given?: bool, options: array,
 *     ini: array, code: string} $test
 */
$test = json_decode(file_get_contents('php://input'), true);
$mysql = json_decode(getenv('PSB_TEST_MYSQL'), true);
$killable = 0;

/** @return PDO|mysqli */
function connect(string $driver, ?int $port = null, string $charset = 'utf8mb4')
{
    global $mysql;
    $port = $port ?? $mysql['port'];
    if ($driver === 'pdo') {
        return new PDO("mysql:host={$mysql['host']};port=$port;dbname=test;charset=$charset", $mysql['user'], $mysql['password']);
    }
    $db = new mysqli($mysql['host'], $mysql['user'], $mysql['password'], 'test', $port);
    $db->set_charset($charset);
    return $db;
}

/** What another client does in between, on a connection of its own. */
function meanwhile(string $sql)
{
    connect('pdo')->exec($sql);
}

/** The PDO of a handler that makes its connection itself. */
function insideOf(PhpSessionBridge\SessionHandler $handler): PDO
{
    $get = static function (object $owner, string $property) {
        return (function () use ($property) {
            return $this->$property;
        })->call($owner);
    };
    return $get($get($get($handler, 'db'), 'driver'), 'db');
}

/** Ends the session's connection, as the server sees fit to do. */
function kill()
{
    global $killable, $handler, $test;
    $id = $test['driver'] === 'persistent' ? insideOf($handler)->query('SELECT CONNECTION_ID()')->fetchColumn() : $killable;
    meanwhile("KILL $id");
}

/** The configuration of a connection that the handler makes. */
function configured(array $more = []): array
{
    global $mysql, $test;
    ['host' => $host, 'user' => $user, 'password' => $password] = $mysql;
    return $more + [
        'host' => $host, 'port' => $test['port'] ?? $mysql['port'], 'user' => $user, 'password' => $password, 'database' => 'test',
        'charset' => $test['charset'] ?? 'utf8mb4',
    ];
}

$connect = static function () use ($test, &$killable) {
    $db = connect($test['driver'], $test['port'] ?? null, $test['charset'] ?? 'utf8mb4');
    $killable = $db->query('SELECT CONNECTION_ID()')->{$db instanceof PDO ? 'fetch' : 'fetch_row'}()[0];
    if (isset($test['init'])) {
        $db->query($test['init']);
    }
    return $db;
};

foreach ($test['ini'] as $name => $value) {
    ini_set($name, $value);
}
if ($test['driver'] === 'persistent') {
    $connect = configured(['persistent' => true]);
}
$handler = new PhpSessionBridge\SessionHandler(empty($test['given']) ? $connect : $connect(), $test['options']);

ob_start(); // So that headers can be set at the end, by a session_write_close() too.
$result = eval($test['code']);
echo json_encode($result);
