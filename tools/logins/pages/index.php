<?php

/**
 * The PHP half of the pages, for PHP-FPM. Its other half is node-server.mjs.
 */

declare(strict_types=1);

require __DIR__ . '/../../../php/src/SessionHandler.php';

['connection' => $connection, 'gate' => $gate] = json_decode((string) getenv('LOGINS'), true, 512, JSON_THROW_ON_ERROR);
$query = $_GET + ['user' => '', 'mark' => '', 'hold' => '', 'name' => '', 'order' => ''];

/** Waits here until the command says so, if this is the point where it wants the page to wait. */
$hold = static function (string $point) use ($gate, $query): void {
    if ($query['hold'] === $point) {
        file_get_contents("$gate/hold/{$query['name']}");
    }
};
$handler = new \PhpSessionBridge\SessionHandler(
    static function () use ($connection): PDO {
        return new PDO(
            "mysql:host={$connection['host']};port={$connection['port']};dbname={$connection['database']};charset=utf8mb4",
            $connection['user'],
            $connection['password'],
        );
    },
    ['table' => $query['table']],
);

header('Content-Type: application/json');
if (!$handler->start(['use_strict_mode' => $query['strict']])) {
    exit; // It has answered 503.
}
$found = $_SESSION;
$hold('opened');
switch (trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/')) {
    case 'store':
        $_SESSION['stored'] = $query['mark'];
        break;
    case 'visit':
        $_SESSION['guest'] = $query['mark'];
        break;
    case 'logout':
        if ($_SESSION !== []) { // Else there is nothing to end, and the cookie may be that of a newer session.
            $_SESSION = [];
            session_destroy();
            setcookie(session_name(), '', ['expires' => 1, 'path' => '/']);
        }
        break;
    case 'login':
        if ($query['order'] === 'first' && !session_regenerate_id(true)) {
            exit; // As above.
        }
        if ($query['order'] === 'first') {
            $hold('moved');
        }
        $_SESSION['user'] = $query['user'];
        $_SESSION["secret of {$query['user']}"] = $query['mark'];
        if ($query['order'] === 'last' && !session_regenerate_id(true)) {
            exit;
        }
        if ($query['order'] === 'last') {
            $hold('moved');
        }
        break;
    // What follows is wrong on purpose.
    case 'keep':
        $_SESSION['user'] = $query['user'];
        $_SESSION["secret of {$query['user']}"] = $query['mark'];
        break;
    case 'forget':
        $_SESSION = ['user' => $query['user'], "secret of {$query['user']}" => $query['mark']];
        if (!session_regenerate_id(true)) {
            exit;
        }
        break;
    case 'broken':
        http_response_code(500);
        break;
}
session_write_close(); // Before the answer, which says that it was done.
if (http_response_code() < 400) {
    echo json_encode($found === [] ? new stdClass() : $found, JSON_THROW_ON_ERROR);
}
