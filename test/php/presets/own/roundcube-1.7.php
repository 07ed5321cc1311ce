<?php

declare(strict_types=1);

namespace Pdo {
    if (!class_exists(Mysql::class)) { // PHP 8.4
        class Mysql
        {
            const ATTR_FOUND_ROWS = \PDO::MYSQL_ATTR_FOUND_ROWS;
        }
    }
}

namespace {
    return require __DIR__ . '/roundcube-1.6.php';
}
