<?php

/**
 * The PHP half of the farm: answers every request of `php -S`. Its other half, node/server.mjs, has the same pages.
 */

declare(strict_types=1);

require __DIR__ . '/../../../php/src/SessionHandler.php';

$farm = json_decode((string) getenv('FARM'), true, 512, JSON_THROW_ON_ERROR);
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$route = $_SERVER['REQUEST_METHOD'] . ' ' . $path;

header('X-Served-By: ' . $farm['name']);

if ($route === 'GET /health') {
    header('Content-Type: text/plain');
    exit('ok');
}
if (!in_array($route, ['GET /', 'GET /count', 'GET /count.gif', 'GET /slow', 'POST /login', 'POST /logout'], true)) {
    http_response_code(404);
    header('Content-Type: text/plain');
    exit('Not found');
}

$handler = new \PhpSessionBridge\SessionHandler(
    static function () use ($farm): PDO {
        $database = $farm['database'];
        return new PDO(
            "mysql:host={$database['host']};port={$database['port']};dbname={$database['database']};charset=utf8mb4",
            $database['user'],
            $database['password'],
            [PDO::ATTR_TIMEOUT => $farm['lockTimeout']], // Seconds, to connect.
        );
    },
    ['table' => $farm['table'], 'lock_timeout' => $farm['lockTimeout'], 'max_hold' => $farm['maxHold']],
);
if (!$handler->start()) {
    exit; // It has answered 503.
}

switch ($route) {
    case 'GET /count':
    case 'GET /count.gif':
        $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
        break;
    case 'GET /slow':
        $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
        usleep(1000 * min(60_000, max(0, (int) ($_GET['ms'] ?? 1_000))));
        break;
    case 'POST /login':
        session_regenerate_id(true);
        $_SESSION['user'] = (string) ($_POST['user'] ?? '');
        break;
    case 'POST /logout':
        $_SESSION = [];
        session_destroy();
        setcookie(session_name(), '', ['expires' => 1, 'path' => '/', 'httponly' => true, 'samesite' => 'Lax']);
        break;
}

$answer = [
    'count' => $_SESSION['count'] ?? 0,
    'user' => $_SESSION['user'] ?? null,
    'server' => $farm['name'],
    'language' => 'PHP ' . PHP_VERSION,
];
session_write_close(); // Before the answer: who has read it must find what it says.
if (http_response_code() >= 400) {
    exit; // It was not written, and the handler has answered 503.
}

if ($path === '/count.gif') {
    header('Content-Type: image/gif');
    exit(base64_decode('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', true));
}
if (isset($_GET['json']) || strpos($_SERVER['HTTP_ACCEPT'] ?? '', 'application/json') !== false) {
    header('Content-Type: application/json');
    echo json_encode($answer, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
    exit;
}
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    header('Location: /', true, 303);
    exit;
}
header('Content-Type: text/html; charset=utf-8');
$answer['state'] = $answer['user'] === null ? 'visitor' : 'member';
$values = [];
foreach ($answer as $name => $value) {
    $values['{{' . $name . '}}'] = htmlspecialchars((string) $value, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}
echo strtr(file_get_contents(__DIR__ . '/../page.html'), $values);
