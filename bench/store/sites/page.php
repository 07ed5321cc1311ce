<?php

/**
 * The counter page in PHP, with this package's session handler.
 */

declare(strict_types=1);

require __DIR__ . '/../../../php/src/SessionHandler.php';

$site = json_decode((string) getenv('SITE'), true);
$handler = new \PhpSessionBridge\SessionHandler(static function () use ($site): PDO {
    ['host' => $host, 'port' => $port, 'database' => $database] = $site['endpoint'];
    $source = "mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4";
    return new PDO($source, $site['endpoint']['user'], $site['endpoint']['password']);
}, ['table' => $site['table']]);

if (!$handler->start()) {
    exit;
}
if (!isset($_SESSION['count'])) {
    $_SESSION = ['count' => 0] + json_decode((string) file_get_contents(__DIR__ . '/../content.json'), true);
}
$count = (string) ++$_SESSION['count'];
header('Content-Type: text/plain');
header('Content-Length: ' . strlen($count)); // Else the proxy would send it in chunks.
echo $count;
