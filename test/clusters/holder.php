<?php

// The same as holder.mjs, with PHP's handler. Arguments: as JSON the connection and the handler's options, the session's id.

require __DIR__ . '/../../php/src/SessionHandler.php';

['connection' => $to, 'options' => $options] = json_decode($argv[1], true);
$handler = new PhpSessionBridge\SessionHandler(static function () use ($to) {
    return new PDO("mysql:host={$to['host']};port={$to['port']};dbname=test;charset=utf8mb4", $to['user'], $to['password'], [
        PDO::ATTR_TIMEOUT => 5,
    ]);
}, $options);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.use_strict_mode', '0');
ini_set('error_log', '/dev/null');
session_id($argv[2]);
ob_start();
$held = $handler->start();
fwrite(STDOUT, $held ? "held\n" : "not held\n");
fgets(STDIN);
$_SESSION['late'] = true;
session_write_close();
fwrite(STDOUT, "closed\n");
