<?php

declare(strict_types=1);

require __DIR__ . '/count.php';
require __DIR__ . '/codeigniter.php';

session_set_save_handler(codeigniter($site, false), true);
session_start();
$answer = answer($bytes);
