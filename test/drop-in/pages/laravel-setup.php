<?php

declare(strict_types=1);

// Laravel's classes, from Debian's packages or from a folder, and its SessionManager for the pages of this directory.

require __DIR__ . '/page.php';
if (getenv('PSB_LARAVEL_FOLDER') !== false) {
    $folder = application('laravel') . '/src/Illuminate';
    autoload('Illuminate\\', $folder);
    foreach (['Collections', 'Conditionable', 'Macroable', 'Reflection'] as $part) {
        autoload('Illuminate\\Support\\', "$folder/$part");
    }
    foreach (['Collections/functions', 'Collections/helpers', 'Support/functions', 'Support/helpers'] as $file) {
        require "$folder/$file.php";
    }
    autoload('Symfony\\Component\\', application('symfony') . '/src/Symfony/Component');
    require_once 'Carbon/autoload.php';
    require_once 'Psr/SimpleCache/autoload.php';
    require __DIR__ . '/newer-php.php';
} else {
    $parts = array_merge(['Http', 'Config', 'Container', 'Cookie', 'Session'], isOld() ? ['Auth', 'Database', 'Encryption', 'Cache', 'Routing', 'View'] : []);
    foreach ($parts as $part) {
        require_once "Illuminate/$part/autoload.php";
    }
    require_once 'Symfony/Component/HttpKernel/autoload.php';
}

use Illuminate\Cache\CacheManager;
use Illuminate\Config\Repository;
use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager as Database;
use Illuminate\Encryption\Encrypter;
use Illuminate\Http\Request;
use Illuminate\Routing\Route;
use Illuminate\Session\Middleware\StartSession;
use Illuminate\Session\SessionManager;

/** @return array{container: Container, manager: SessionManager, request: Request, own: array} */
function laravelSetup(): array
{
    $container = Container::getInstance();
    $own = server();
    $container->instance('config', new Repository(['session' => json_decode(getenv('PSB_LARAVEL_SESSION') ?: '{}', true) + [
        'driver' => isOld() ? 'database' : 'bridge', 'cookie' => 'PHPSESSID', 'lifetime' => 120, 'expire_on_close' => false,
        'lottery' => [0, 100], 'path' => '/', 'domain' => null, 'secure' => false, 'http_only' => true, 'same_site' => 'lax',
        'encrypt' => false, 'serialization' => 'php', 'table' => $own['table'], 'connection' => null,
    ]]));
    $request = Request::capture();
    $container->instance('request', $request);
    $manager = new SessionManager($container);
    $manager->extend('bridge', static function () {
        return new PhpSessionBridge\Adapter\LaravelHandler(sessionHandler(['serialize_handler' => 'php_serialize']));
    });
    return ['container' => $container, 'manager' => $manager, 'request' => $request, 'own' => $own];
}

/** The database and the keys of Laravel's own driver. */
function laravelServices(Container $container, array $own): Encrypter
{
    $database = new Database($container);
    $database->addConnection([
        'driver' => 'mysql', 'host' => $own['host'], 'port' => $own['port'], 'username' => $own['user'], 'password' => $own['password'],
        'database' => $own['database'], 'charset' => 'utf8mb4', 'collation' => 'utf8mb4_unicode_ci',
    ]);
    $container->instance('db', $database->getDatabaseManager());
    $encrypter = new Encrypter(base64_decode(getenv('PSB_LARAVEL_KEY')), 'AES-256-CBC');
    $container->instance('encrypter', $encrypter);
    return $encrypter;
}

/** StartSession; with PSB_LARAVEL_BLOCK, its prefix of the cache, for a route with `block()`. */
function startSession(Container $container, SessionManager $manager): StartSession
{
    $prefix = getenv('PSB_LARAVEL_BLOCK');
    if ($prefix === false) return new StartSession($manager);
    $container['config']->set('cache', ['default' => 'database', 'prefix' => $prefix, 'stores' => [
        'database' => ['driver' => 'database', 'table' => 'cache', 'connection' => null, 'lock_table' => 'cache_locks'],
    ]]);
    $route = new Route(['GET', 'POST'], '/', static function () {
    });
    $container['request']->setRouteResolver(static function () use ($route) {
        return $route->block();
    });
    return new StartSession($manager, static function () use ($container) {
        return new CacheManager($container);
    });
}
