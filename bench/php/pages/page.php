<?php

/**
 * A page that counts in the session. The path says which handler keeps it: `/NAME/BYTES`, and `/NAME/BYTES/PORT` for a database elsewhere.
 */

declare(strict_types=1);

[, $name, $bytes, $port] = explode('/', $_SERVER['REQUEST_URI']) + [3 => ''];
$site = json_decode((string) getenv('SITE'), true);
if ($port !== '') {
    $site['port'] = (int) $port;
}
require __DIR__ . "/$name.php";

header('Content-Type: text/plain');
header('Content-Length: ' . strlen($answer)); // Else the proxy would send it in chunks.
echo $answer;
