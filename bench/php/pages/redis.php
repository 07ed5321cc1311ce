<?php

declare(strict_types=1);

require __DIR__ . '/count.php';

ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://127.0.0.1:{$site['redis']}");
session_start();
$answer = answer($bytes);
