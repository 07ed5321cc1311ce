<?php

// Takes a named lock, as Symfony's LOCK_ADVISORY does, and holds it until a line comes. Arguments: as JSON the server, the lock's name.

['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password] = json_decode($argv[1], true);
$database = new PDO("mysql:host=$host;port=$port;dbname=test;charset=utf8mb4", $user, $password);
$got = $database->query('SELECT GET_LOCK(' . $database->quote($argv[2]) . ', 50)')->fetchColumn();
fwrite(STDOUT, $got == 1 ? "held\n" : "not held\n");
fgets(STDIN);
