<?php

declare(strict_types=1);

// What each request needs, in one file: to load these classes one by one would take four times as long.
require_once __DIR__ . '/../bundle.php';

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
