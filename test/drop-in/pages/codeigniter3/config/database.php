<?php

// For CodeIgniter's own driver of sessions.

['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database] = server();

$active_group = 'default';
$query_builder = true;
$db['default'] = [
    'hostname' => $host, 'port' => $port, 'username' => $user, 'password' => $password, 'database' => $database, 'dbdriver' => 'mysqli',
];
