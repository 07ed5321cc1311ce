<?php

declare(strict_types=1);

require __DIR__ . '/count.php';
require __DIR__ . '/symfony.php';

session_set_save_handler(symfony($site, 'none', true), true);
session_start();
$answer = answer($bytes);
