<?php

/**
 * The PHP half of the storm's pages, for PHP-FPM. Its other half is node-server.mjs.
 */

declare(strict_types=1);

$storm = json_decode((string) getenv('STORM'), true, 512, JSON_THROW_ON_ERROR);
// Of two versions of the package each page takes one, until the newer has gone.
$isOlder = isset($storm['beside']) && (is_file($storm['gone']) || random_int(0, 1) === 1);
require ($isOlder ? $storm['beside'] : __DIR__ . '/../../..') . '/php/src/SessionHandler.php';

$connect = static function () use ($storm): PDO {
    foreach ($storm['endpoints'] as $endpoint) { // The first that serves.
        try {
            $db = new PDO(
                "mysql:host={$endpoint['host']};port={$endpoint['port']};dbname={$endpoint['database']};charset=utf8mb4",
                $endpoint['user'],
                $endpoint['password'],
                [PDO::ATTR_TIMEOUT => 2, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION], // Seconds, to connect.
            );
            if ($storm['isGalera']) {
                $db->exec('SET SESSION wsrep_sync_wait = 7'); // What another node has committed must be seen here.
                $db->query('SELECT 1'); // An error on a node that is not part of the cluster.
            }
            return $db;
        } catch (PDOException $error) {
        }
    }
    throw $error;
};
$known = array_flip(['host', 'port', 'user', 'password', 'database']);
$persistent = array_intersect_key($storm['endpoints'][0], $known) + ['connect_timeout' => 2, 'persistent' => true];
$handler = new \PhpSessionBridge\SessionHandler($storm['persistent'] ? $persistent : $connect, [
    'table' => $storm['table'],
    'lock_timeout' => $storm['lockTimeout'],
    'max_hold' => $storm['maxHold'],
    'lock' => $storm['lock'],
]);

header('Content-Type: application/json');
header('X-Served-By: ' . ($isOlder ? 'older-' : '') . 'php-' . getmypid());
if (!$handler->start()) {
    exit; // It has answered 503.
}

$action = trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
if ($action === 'login') {
    $number = (int) $_GET['incarnation'];
    if (!session_regenerate_id(true)) {
        exit; // As above.
    }
    $_SESSION = ['incarnation' => $number, 'count' => 0, "login-$number" => ['name' => 'Zoë', 'share' => 0.1]];
}
if (!isset($_SESSION['incarnation'])) {
    // Nobody is logged in. PHP sends a cookie with every session that it starts; coming late, this one would replace that
    // of a login.
    session_abort();
    header_remove('Set-Cookie');
    exit('{"incarnation":null}');
}
if ($action === 'count' && isset($_GET['key'])) {
    $_SESSION[$_GET['key']] = 1;
} elseif ($action === 'count') {
    ++$_SESSION['count'];
}
if ($action === 'grow') {
    $_SESSION['large'] = str_repeat('x', (int) $_GET['bytes']);
}
if ($action === 'regenerate' && !session_regenerate_id(true)) {
    exit; // As above.
}
$answer = ['incarnation' => $_SESSION['incarnation'], 'count' => $_SESSION['count'], 'keys' => array_keys($_SESSION)];
if ($action === 'logout') {
    $_SESSION = [];
    session_destroy();
    setcookie(session_name(), '', ['expires' => 1, 'path' => '/']);
} else {
    session_write_close(); // Before the answer, which says that it was done.
}
if (http_response_code() < 400) {
    echo json_encode($answer, JSON_THROW_ON_ERROR);
}
