<?php

declare(strict_types=1);

require __DIR__ . '/count.php';

session_save_path($site['sessions']);
session_start();
$answer = answer($bytes);
