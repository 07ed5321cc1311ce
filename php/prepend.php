<?php

declare(strict_types=1);

// The drop-in: `auto_prepend_file` of php.ini names this file, and PHP applications with native sessions share them with Node,
// unchanged. docs/drop-in.md says how. A worker that lives on requires this file before each of its requests.
//
// It runs in the scope of the page, so it makes no variable.

require_once __DIR__ . '/src/DropIn/DropIn.php';

if (PhpSessionBridge\DropIn\DropIn::install()) {
    require PhpSessionBridge\DropIn\DropIn::next();
}
