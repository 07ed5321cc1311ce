<?php

declare(strict_types=1);

// Laravel's StartSession over its SessionManager, which knows our handler by extend(). EncryptCookies is not there: an application
// calls EncryptCookies::except() with the name of the session's cookie.

require __DIR__ . '/page.php';
foreach (['Http', 'Config', 'Container', 'Cookie', 'Session'] as $part) {
    require_once "Illuminate/$part/autoload.php";
}
require_once 'Symfony/Component/HttpKernel/autoload.php';

use Illuminate\Config\Repository;
use Illuminate\Container\Container;
use Illuminate\Contracts\Session\Session as LaravelSession;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Session\Middleware\StartSession;
use Illuminate\Session\SessionManager;
use Symfony\Component\HttpKernel\Exception\HttpException;

$container = new Container();
$container->instance('config', new Repository(['session' => [
    'driver' => 'bridge', 'cookie' => 'PHPSESSID', 'lifetime' => 120, 'expire_on_close' => false, 'lottery' => [0, 100],
    'path' => '/', 'domain' => null, 'secure' => false, 'http_only' => true, 'same_site' => 'lax', 'encrypt' => false,
    'serialization' => 'php',
]]));
$manager = new SessionManager($container);
$manager->extend('bridge', static function () {
    return new PhpSessionBridge\Adapter\LaravelHandler(sessionHandler(['serialize_handler' => 'php_serialize']));
});

final class LaravelPage implements Session
{
    private $laravel;

    public function __construct(LaravelSession $laravel)
    {
        $this->laravel = $laravel;
    }

    public function get(string $key)
    {
        return $this->laravel->get($key);
    }

    public function set(string $key, $value): void
    {
        $this->laravel->put($key, $value);
    }

    public function flash(string $text): void
    {
        $this->laravel->flash('status', $text);
    }

    public function flashed(): ?string
    {
        return $this->laravel->get('status');
    }

    public function regenerate(): void
    {
        $this->laravel->migrate(true);
    }

    public function logout(): void
    {
        $this->laravel->invalidate();
    }
}

try { // Laravel's router turns an exception into an answer inside of StartSession, the kernel outside of it.
    $response = (new StartSession($manager))->handle(Request::capture(), static function (Request $request) {
        return new Response(json_encode(act(new LaravelPage($request->session()))));
    });
} catch (HttpException $error) {
    $response = new Response($error->getMessage(), $error->getStatusCode(), $error->getHeaders());
}
$response->send();
