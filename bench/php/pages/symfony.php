<?php

use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;

require $site['php'] . '/Symfony/Component/HttpFoundation/Session/Storage/Handler/AbstractSessionHandler.php';
require $site['php'] . '/Symfony/Component/HttpFoundation/Session/Storage/Handler/PdoSessionHandler.php';

/** As Symfony's documentation sets it up: by a DSN, so that it connects when it is needed. */
function symfony(array $site, string $lock, bool $isPersistent): PdoSessionHandler
{
    $modes = [
        'transactional' => PdoSessionHandler::LOCK_TRANSACTIONAL,
        'advisory' => PdoSessionHandler::LOCK_ADVISORY,
        'none' => PdoSessionHandler::LOCK_NONE,
    ];
    return new PdoSessionHandler("mysql:host=127.0.0.1;port={$site['port']};dbname=test;charset=utf8mb4", [
        'db_table' => 'bench_symfony',
        'db_username' => $site['user'],
        'db_password' => $site['password'],
        'db_connection_options' => $isPersistent ? [PDO::ATTR_PERSISTENT => true] : [],
        'lock_mode' => $modes[$lock],
    ]);
}
