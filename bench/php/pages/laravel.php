<?php

declare(strict_types=1);

use Illuminate\Database\Capsule\Manager;
use Illuminate\Session\DatabaseSessionHandler;

set_include_path($site['php']);
require __DIR__ . '/count.php';
require 'Illuminate/Database/autoload.php';
require 'Illuminate/Session/autoload.php';

$database = new Manager();
$database->addConnection([
    'driver' => 'mysql', 'host' => '127.0.0.1', 'port' => $site['port'], 'database' => 'test', 'charset' => 'utf8mb4',
    'username' => $site['user'], 'password' => $site['password'], 'options' => [PDO::ATTR_PERSISTENT => false],
]);
session_set_save_handler(new DatabaseSessionHandler($database->getConnection(), 'bench_laravel', 120), true);
session_start();
$answer = answer($bytes);
