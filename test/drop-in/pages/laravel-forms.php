<?php

declare(strict_types=1);

// A form of Laravel: Blade, the middleware group `web`, and its redirects.

require __DIR__ . '/laravel-setup.php';
$illuminate = getenv('PSB_LARAVEL_FOLDER') !== false ? application('laravel') . '/src/Illuminate' : 'Illuminate';
require_once "$illuminate/Foundation/helpers.php";
foreach (['Concerns/ExcludesPaths', 'PreventRequestForgery', 'VerifyCsrfToken'] as $part) {
    $file = "$illuminate/Foundation/Http/Middleware/$part.php";
    if (stream_resolve_include_path($file) !== false) {
        require_once $file;
    }
}

use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Events\Dispatcher;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Foundation\Http\Middleware\VerifyCsrfToken;
use Illuminate\Http\Request;
use Illuminate\Http\RedirectResponse;
use Illuminate\Http\Response;
use Illuminate\Routing\Redirector;
use Illuminate\Routing\Route;
use Illuminate\Routing\RouteCollection;
use Illuminate\Routing\UrlGenerator;
use Illuminate\Session\ArraySessionHandler;
use Illuminate\Session\Store;
use Illuminate\Session\TokenMismatchException;
use Illuminate\Support\Arr;
use Illuminate\View\Compilers\BladeCompiler;
use Illuminate\View\Engines\CompilerEngine;
use Illuminate\View\Engines\EngineResolver;
use Illuminate\View\Factory;
use Illuminate\View\FileViewFinder;
use Illuminate\View\Middleware\ShareErrorsFromSession;

['container' => $container, 'manager' => $manager, 'request' => $request, 'own' => $own] = laravelSetup();
$encrypter = laravelServices($container, $own);
$container->instance('session', $manager);
$start = startSession($container, $manager);
$request->setRouteResolver(static function () {
    return new Route(['GET', 'POST'], '/', static function () {
    });
});

$files = new Filesystem();
$engines = new EngineResolver();
$engines->register('blade', static function () use ($files) {
    return new CompilerEngine(new BladeCompiler($files, getenv('PSB_DROP_IN_FOLDER')), $files);
});
$views = new Factory($engines, new FileViewFinder($files, [__DIR__ . '/views']), new Dispatcher($container));
$views->setContainer($container);
$container->instance('view', $views);

/** It wants a whole application, to ask whether that is being tested. */
class PageCsrf extends VerifyCsrfToken
{
    public function __construct($encrypter)
    {
        $this->encrypter = $encrypter;
        $this->app = new class {
            public function runningInConsole()
            {
                return false;
            }
        };
    }
}

/** What Store makes of a session. @param array{serialization: string, start: string, calls: array} $case */
function runStore(array $case): string
{
    $handler = new ArraySessionHandler(120);
    $id = str_repeat('x', 40);
    $handler->write($id, base64_decode($case['start']));
    $store = new Store('session', $handler, $id, $case['serialization']);
    $store->start();
    foreach ($case['calls'] as [$method, $arguments]) {
        if ($method === 'withErrors') {
            $redirect = new RedirectResponse('/');
            $redirect->setSession($store);
            $redirect->withErrors(...$arguments);
        } elseif ($method === 'flashInput') {
            $store->flashInput(Arr::except($arguments[0], ['current_password', 'password', 'password_confirmation']));
        } else {
            $store->$method(...$arguments);
        }
    }
    $store->save();
    return base64_encode($handler->read($id));
}

$page = static function (Request $request) use ($views, $container) {
    $session = $request->session();
    $url = new UrlGenerator(new RouteCollection(), $request);
    $url->setSessionResolver(static function () use ($session) {
        return $session;
    });
    $redirect = new Redirector($url);
    $redirect->setSession($session);
    switch ($_GET['do']) {
        case 'page':
            return new Response($views->make('form')->render());
        case 'submit': // as Handler::invalid() answers a ValidationException
            return $redirect->back()->withInput(Arr::except($request->input(), ['current_password', 'password', 'password_confirmation']))
                ->withErrors(['email' => ['Not an <address>.', 'Too short.']])
                ->withErrors(['code' => 'Wrong code.'], 'login');
        case 'save':
            return $redirect->back()->with('status', 'Saved.');
        case 'json':
            return new Response(json_encode(['token' => $session->token(), 'session' => $session->all()]));
        case 'guest':
            return $redirect->guest('/login');
        case 'intended':
            return $redirect->intended('/home');
        case 'login':
            $session->regenerate(true);
            $session->put('login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d', 42);
            return $redirect->intended('/home');
        case 'store':
            return new Response(json_encode(array_map('runStore', json_decode($_POST['cases'], true))));
        case 'who':
            return new Response(json_encode($session->get('login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d')));
    }
    throw new DomainException('no such action');
};

$response = (new EncryptCookies($encrypter))->handle($request, static function ($request) use ($start, $views, $encrypter, $page) {
    return $start->handle($request, static function ($request) use ($views, $encrypter, $page) {
        return (new ShareErrorsFromSession($views))->handle($request, static function ($request) use ($encrypter, $page) {
            try { // The router turns it into an answer.
                return (new PageCsrf($encrypter))->handle($request, $page);
            } catch (TokenMismatchException $error) {
                return new Response('', 419);
            }
        });
    });
});
$response->send();
