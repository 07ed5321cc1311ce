<?php

declare(strict_types=1);

// What each request needs. To load these classes by name would take four times as long.
require_once __DIR__ . '/Options.php';
require_once __DIR__ . '/Table.php';
require_once __DIR__ . '/TimeColumn.php';
require_once __DIR__ . '/TimeSql.php';
require_once __DIR__ . '/Obstacle.php';
require_once __DIR__ . '/Superglobal.php';
require_once __DIR__ . '/Lock.php';
require_once __DIR__ . '/RowLock.php';
require_once __DIR__ . '/LockedRow.php';
require_once __DIR__ . '/Database/Settings.php';
require_once __DIR__ . '/Database/Connection.php';
require_once __DIR__ . '/Database/Server.php';
require_once __DIR__ . '/Database/Driver.php';
require_once __DIR__ . '/Database/PdoDriver.php';
require_once __DIR__ . '/Database/Statement.php';
require_once __DIR__ . '/Database/Bytes.php';
require_once __DIR__ . '/Database/Retries.php';

// All others, when they are needed, for applications that do not use Composer. It comes before autoloaders of the application, as these
// may end the request if they do not find a class.
spl_autoload_register(static function (string $class): void {
    if (strncmp($class, 'PhpSessionBridge\\', 17) === 0) {
        $file = __DIR__ . '/' . strtr(substr($class, 17), '\\', '/') . '.php';
        if (is_file($file)) {
            require_once $file; // It may be loaded already, by its path.
        }
    }
}, true, true);
