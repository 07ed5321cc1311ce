<?php

/**
 * One script of a PHP actor, as a router for `php -S`. The request's body says what to do. The script reports to the checker each step
 * before it does it, and waits for the answer: so the checker knows whose statements come, and what each belongs to.
 */

declare(strict_types=1);

require __DIR__ . '/../../php/src/SessionHandler.php';
require __DIR__ . '/php-faulty.php';

$script = json_decode((string) file_get_contents('php://input'), true, 512, JSON_THROW_ON_ERROR);
$checker = stream_socket_client("tcp://127.0.0.1:{$script['checker']}");

/** @return mixed what the checker says to it */
function tell(string $event, ...$values)
{
    global $checker;
    fwrite($checker, json_encode([$event, ...$values], JSON_THROW_ON_ERROR) . "\n");
    return json_decode((string) fgets($checker), true, 512, JSON_THROW_ON_ERROR);
}

$connect = static function () use ($script) {
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database] = $script['connection'];
    if ($script['driver'] === 'pdo') {
        return new PDO("mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4", $user, $password);
    }
    $db = new mysqli($host, $user, $password, $database, $port);
    $db->set_charset('utf8mb4'); // As Node takes it for granted (phpCharset).
    return $db;
};
// Nothing is to happen because time has passed: the checker ends connections, and lets owners of locks go on.
$options = ['table' => $script['table'], 'lock' => $script['lock'], 'lock_timeout' => 3600, 'max_hold' => 3600];
$handler = new PhpSessionBridge\SessionHandler($script['given'] ? $connect() : $connect, $options);
if ($script['fault'] !== '') {
    $handler = new Faulty($handler, $script['fault']);
}
ini_set('session.lazy_write', $script['lazyWrite'] ? '1' : '0');

foreach ($script['sessions'] as ['strict' => $strict, 'operations' => $operations, 'end' => $end]) {
    tell('open');
    http_response_code(200);
    ini_set('session.use_strict_mode', $strict ? '1' : '0');
    session_set_save_handler($handler, true);
    if (!session_start($end === 'read_and_close' ? ['read_and_close' => true] : [])) {
        tell('failed', http_response_code());
        exit;
    }
    $had = $_SESSION !== [];
    tell('read', session_id(), (object) $_SESSION);
    foreach ($operations as $operation) {
        $answer = tell('begin', $operation, session_id());
        if ($operation === 'regenerate') {
            if (!session_regenerate_id(true)) {
                tell('failed', http_response_code());
                exit;
            }
            tell('moved', session_id());
        } elseif ($operation === 'destroy') {
            if ($had) { // As a logout page does it.
                setcookie(session_name(), '', 1, '/');
            }
            if (!session_destroy()) {
                tell('failed', http_response_code());
                exit;
            }
            tell('destroyed', $had);
        } else {
            $_SESSION[$answer] = tell('token', $answer);
        }
    }
    if (session_status() !== PHP_SESSION_ACTIVE) { // It has ended already.
        if ($end === 'read_and_close') {
            tell('dropped');
        }
    } elseif ($end === 'abort') {
        session_abort();
        tell('dropped');
    } else {
        tell('commit', (object) $_SESSION, session_id());
        if ($end === 'shutdown') {
            exit;
        }
        session_write_close();
    }
    tell('ended', http_response_code());
}
