<?php

declare(strict_types=1);

// adodb-session2.php, which registers its own handler.

return static function (string $own, Database $database): Side {
    ini_set('error_reporting', (string) (E_ALL & ~E_DEPRECATED));
    require_once "$own/adodb.inc.php";
    require_once "$own/session/adodb-session2.php";
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $schema] = $database->server;
    $connection = NewADOConnection('mysqli');
    $connection->port = $port;
    $connection->Connect($host, $user, $password, $schema);
    $connection->Execute("SET time_zone = '$database->zone'");
    $GLOBALS['ADODB_SESS_CONN'] = $connection;
    ADODB_Session::config('mysqli', $host, $user, $password, $schema, ['table' => 'sessions2']);
    ADODB_Session::lifetime(1440);
    return new class extends Side {
    };
};
