<?php

declare(strict_types=1);

require __DIR__ . '/count.php';

// By hand: no session of PHP, no check, no retry.
$db = new PDO("mysql:host=127.0.0.1;port={$site['port']};dbname=test;charset=utf8mb4", $site['user'], $site['password'], [
    PDO::ATTR_PERSISTENT => false,
    PDO::MYSQL_ATTR_INIT_COMMAND => 'SET autocommit = 0',
]);
$id = $_COOKIE['FLOOR'] ?? '';
if ($id === '') {
    setcookie('FLOOR', $id = bin2hex(random_bytes(16)));
    $db->query("INSERT INTO bench_ours VALUES ('$id', '', 0)");
}
$data = $db->query('SELECT data FROM bench_ours WHERE id = ' . $db->quote($id) . ' FOR UPDATE')->fetchColumn();
$session = counted($data === '' ? [] : unserialize($data), $bytes);
$data = bin2hex(serialize($session));
$db->query("UPDATE bench_ours SET data = x'$data', usetime = UNIX_TIMESTAMP() WHERE id = " . $db->quote($id));
$db->query('COMMIT');
$answer = (string) $session['count'];
