<?php

// Reads sessions with PHP's handler: for each id on a line of its input one line with the data, as JSON. Argument: as JSON the
// connection and the handler's options. Each read is on a connection of its own, as in a web server.

require __DIR__ . '/../../php/src/SessionHandler.php';

['connection' => $to, 'options' => $options] = json_decode($argv[1], true);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.use_strict_mode', '0');
ob_start();
while (($id = fgets(STDIN)) !== false) {
    $handler = new PhpSessionBridge\SessionHandler(static function () use ($to) {
        return new PDO("mysql:host={$to['host']};port={$to['port']};dbname=test;charset=utf8mb4", $to['user'], $to['password']);
    }, $options);
    session_id(trim($id));
    fwrite(STDOUT, json_encode($handler->start(['read_and_close' => true]) ? $_SESSION : false) . "\n");
}
