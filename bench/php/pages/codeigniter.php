<?php

use CodeIgniter\Boot;
use CodeIgniter\Session\Handlers\Database\MySQLiHandler;

/** Its session handler and its database classes, as it loads them, and nothing else of the framework. */
function codeigniter(array $site, bool $isPersistent): MySQLiHandler
{
    define('FCPATH', __DIR__ . '/');
    require "{$site['codeigniter']}/app/Config/Paths.php";
    require "{$site['codeigniter']}/system/Boot.php";
    $paths = new Config\Paths();
    $paths->writableDirectory = $site['sessions'];
    Boot::preload($paths);
    require SYSTEMPATH . 'Common.php';
    $database = config('Database');
    $database->default = [
        'hostname' => '127.0.0.1', 'port' => $site['port'], 'username' => $site['user'], 'password' => $site['password'],
        'database' => 'test', 'pConnect' => $isPersistent,
    ] + $database->default;
    $session = config('Session');
    $session->savePath = 'bench_codeigniter';
    return new MySQLiHandler($session, '127.0.0.1');
}
