<?php

// One page of PHP, as rows.mjs asks for it, by the handler of one version of the package.

declare(strict_types=1);

require getenv('PACKAGE') . '/php/src/SessionHandler.php';

['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password] = json_decode(getenv('PSB_TEST_MYSQL'), true);
$connection = ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => 'test'];
ini_set('session.use_cookies', '0');
ini_set('session.use_strict_mode', '0'); // PHP 8.6 has another default
ini_set('session.cache_limiter', '');
ini_set('session.serialize_handler', 'php');
session_id(getenv('ID'));
$handler = new PhpSessionBridge\SessionHandler($connection, json_decode(getenv('OPTIONS'), true));
if (!$handler->start()) {
    exit(1);
}
switch (getenv('ACTION')) {
    case 'begin':
        $_SESSION = ['count' => 1, 'name' => 'Zoë €', 'share' => 0.1, 'price' => 12.0, 'none' => null, 'yes' => true]
            + ['list' => ['a', 2, [3]], 'map' => [7 => 'seven', 'b' => 1], 'user' => (object) ['id' => 5]];
        break;
    case 'change':
        $_SESSION['count']++;
        $_SESSION['list'][] = 'more';
        unset($_SESSION['map']['b']);
        break;
    case 'login':
        session_regenerate_id(true) || exit(1);
        $_SESSION['login'] = ['name' => 'Ann'];
        break;
    case 'logout':
        session_destroy() || exit(1);
}
