<?php

declare(strict_types=1);

// Loads the classes of this folder when they are needed, for applications that do not use Composer.
spl_autoload_register(static function (string $class): void {
    if (strncmp($class, 'PhpSessionBridge\\', 17) === 0) {
        $file = __DIR__ . '/' . strtr(substr($class, 17), '\\', '/') . '.php';
        if (is_file($file)) {
            require_once $file; // It may be loaded already, by name.
        }
    }
});
