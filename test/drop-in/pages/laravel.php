<?php

declare(strict_types=1);

// Laravel's StartSession over its SessionManager, which knows our handler by extend(). EncryptCookies is not there: an application
// calls EncryptCookies::except() with the name of the session's cookie. With its own driver Laravel has EncryptCookies, and a guard.

require __DIR__ . '/laravel-setup.php';

use Illuminate\Auth\GenericUser;
use Illuminate\Auth\SessionGuard;
use Illuminate\Container\Container;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Auth\Guard;
use Illuminate\Contracts\Auth\UserProvider;
use Illuminate\Contracts\Session\Session as LaravelSession;
use Illuminate\Cookie\CookieJar;
use Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse;
use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Session\Middleware\StartSession;
use Illuminate\Session\SessionManager;
use Symfony\Component\HttpKernel\Exception\HttpException;

['container' => $container, 'manager' => $manager, 'request' => $request, 'own' => $own] = laravelSetup();

class LaravelPage implements Session
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

/** The page of an application with Laravel's guard. The user is 42. */
final class GuardedLaravelPage extends LaravelPage implements Login
{
    private $guard;

    public function __construct(LaravelSession $laravel, SessionGuard $guard)
    {
        parent::__construct($laravel);
        $this->guard = $guard;
    }

    public function get(string $key)
    {
        return $key === 'user' && $this->guard->guest() ? null : parent::get($key);
    }

    public function login(): void
    {
        $this->guard->login(user(), true);
    }

    public function logout(): void
    {
        $this->guard->logout();
        parent::logout();
    }
}

function user(): Authenticatable
{
    return new GenericUser(['id' => 42, 'password' => 'x', 'remember_token' => str_repeat('r', 60)]);
}

function laravelGuard(Container $container, LaravelSession $session, CookieJar $cookies): SessionGuard
{
    $users = new class implements UserProvider {
        public function retrieveById($identifier)
        {
            return (string) $identifier === '42' ? user() : null;
        }

        public function retrieveByToken($identifier, $token)
        {
            return $token === user()->getRememberToken() ? $this->retrieveById($identifier) : null;
        }

        public function updateRememberToken(Authenticatable $user, $token)
        {
        }

        public function retrieveByCredentials(array $credentials)
        {
            return null;
        }

        public function validateCredentials(Authenticatable $user, array $credentials)
        {
            return false;
        }

        public function rehashPasswordIfRequired(Authenticatable $user, array $credentials, bool $force = false)
        {
        }
    };
    $guard = new SessionGuard('web', $users, $session, $container['request']);
    $guard->setCookieJar($cookies);
    $container->instance(Guard::class, $guard);
    return $guard;
}

/** What Laravel's group `web` of middleware does with cookies and sessions. */
function ownResponse(Container $container, SessionManager $manager, array $own)
{
    $encrypter = laravelServices($container, $own);
    $cookies = new CookieJar();
    $page = static function (Request $request) use ($container, $cookies) {
        $guard = laravelGuard($container, $request->session(), $cookies);
        return new Response(json_encode(act(new GuardedLaravelPage($request->session(), $guard))));
    };
    $start = startSession($container, $manager);
    return (new EncryptCookies($encrypter))->handle($container['request'], static function ($request) use ($start, $cookies, $page) {
        return (new AddQueuedCookiesToResponse($cookies))->handle($request, static function ($request) use ($start, $page) {
            return $start->handle($request, $page);
        });
    });
}

try { // Laravel's router turns an exception into an answer inside of StartSession, the kernel outside of it.
    $response = isOld()
        ? ownResponse($container, $manager, $own)
        : (new StartSession($manager))->handle($request, static function (Request $request) {
            return new Response(json_encode(act(new LaravelPage($request->session()))));
        });
} catch (HttpException $error) {
    $response = new Response($error->getMessage(), $error->getStatusCode(), $error->getHeaders());
}
$response->send();
