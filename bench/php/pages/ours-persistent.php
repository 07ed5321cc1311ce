<?php

declare(strict_types=1);

require __DIR__ . '/count.php';
require __DIR__ . '/../../../php/src/SessionHandler.php';

$handler = new PhpSessionBridge\SessionHandler([
    'driver' => 'pdo', 'persistent' => true, 'host' => '127.0.0.1', 'port' => $site['port'], 'database' => 'test',
    'user' => $site['user'], 'password' => $site['password'],
], ['table' => 'bench_ours']);
$answer = $handler->start() ? answer($bytes) : exit;
