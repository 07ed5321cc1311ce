<?php
// The pages of examples/ in PHP, on the same table.
require __DIR__ . '/../../php/src/SessionHandler.php';

$handler = new PhpSessionBridge\SessionHandler(function () {
    return new PDO(getenv('DSN'), getenv('DATABASE_USER'), getenv('DATABASE_PASSWORD'));
});
if (!$handler->start(['use_strict_mode' => true, 'cookie_httponly' => true, 'cookie_samesite' => 'Lax'])) exit;
if ($_SERVER['REQUEST_URI'] === '/login') {
    session_regenerate_id(true);
    $_SESSION['user'] = ['name' => 'Ann'];
    exit('Welcome');
}
if ($_SERVER['REQUEST_URI'] === '/logout') {
    exit(session_destroy() ? 'Goodbye' : 'Please try again.');
}
$_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
echo "Visit $_SESSION[count] of ", $_SESSION['user']['name'] ?? 'somebody';
