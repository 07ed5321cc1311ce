<?php

declare(strict_types=1);

// CakePHP's Session with our handler as its engine, or with its own one; then also with the login of the plugin cakephp/authentication.

require __DIR__ . '/page.php';
require_once application('cakephp') . '/src/Core/functions.php';
autoload('Cake\\', application('cakephp') . '/src');

use Authentication\AuthenticationService;
use Cake\Core\Configure;
use Cake\Database\Driver\Mysql;
use Cake\Datasource\ConnectionManager;
use Cake\Http\Exception\HttpException;
use Cake\Http\Session as CakeSession;
use Nyholm\Psr7\Response;
use Nyholm\Psr7\ServerRequest;

if (isOld()) {
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database] = server();
    require_once 'Psr/Log/autoload.php';
    autoload('Cake\\Chronos\\', application('chronos') . '/src');
    Cake\Datasource\FactoryLocator::add('Table', new Cake\ORM\Locator\TableLocator());
    ConnectionManager::setConfig('default', [
        'className' => Cake\Database\Connection::class, 'driver' => Mysql::class, 'host' => $host, 'port' => $port,
        'username' => $user, 'password' => $password, 'database' => $database,
    ]);
}
$cake = new CakeSession([
    'cookie' => 'PHPSESSID',
    'ini' => ['session.use_strict_mode' => 1],
    'handler' => ['engine' => isOld() ? 'DatabaseSession' : new PhpSessionBridge\Adapter\CakeHandler(sessionHandler())],
]);

class CakePage implements Session
{
    protected $cake;

    public function __construct(CakeSession $cake)
    {
        $this->cake = $cake;
    }

    public function get(string $key)
    {
        return $this->cake->read($key);
    }

    public function set(string $key, $value): void
    {
        $this->cake->write($key, $value);
    }

    public function flash(string $text): void
    {
        $this->cake->write('Flash.flash', [['message' => $text]]);
    }

    public function flashed(): ?string
    {
        return $this->cake->consume('Flash.flash')[0]['message'] ?? null;
    }

    public function regenerate(): void
    {
        $this->cake->renew();
    }

    public function logout(): void
    {
        $this->cake->destroy();
    }
}

/** The page of an application with the plugin, whose user is a row of its table. The authenticators take any request of PSR-7. */
final class CakeUserPage extends CakePage implements Login
{
    private $service;
    private $request;
    private $isLoggedIn;

    public function __construct(CakeSession $cake)
    {
        parent::__construct($cake);
        Configure::write('App.namespace', 'App');
        $this->service = new AuthenticationService([
            'authenticators' => ['Authentication.Session', 'Authentication.Form'],
            'identifiers' => ['Authentication.Password'],
        ]);
        $this->request = (new ServerRequest('POST', '/login'))->withAttribute('session', $cake);
        $this->isLoggedIn = $this->service->authenticate($this->request)->isValid();
    }

    public function get(string $key)
    {
        return $key === 'user' && !$this->isLoggedIn ? null : parent::get($key);
    }

    /** What AuthenticationMiddleware does with a form. */
    public function login(): void
    {
        $request = $this->request->withParsedBody(['username' => 'alice', 'password' => 'geheim']);
        $result = $this->service->authenticate($request);
        if (!$result->isValid()) {
            throw new RuntimeException("The login is wrong: {$result->getStatus()} " . json_encode($result->getErrors()));
        }
        $this->service->persistIdentity($request, new Response(), $result->getData());
    }

    public function logout(): void
    {
        $this->service->clearIdentity($this->request, new Response());
    }
}

if (getenv('PSB_CAKEPHP_LOGIN') === '1') {
    require_once 'Nyholm/Psr7/autoload.php';
    autoload('Authentication\\', application('cakephp-authentication') . '/src');
    autoload('App\\', __DIR__ . '/cakephp');
    $session = new CakeUserPage($cake);
} else {
    $session = new CakePage($cake);
}

try { // Cake\Http\Server closes the session before it sends the answer.
    $result = act($session);
    $cake->close();
} catch (HttpException $error) {
    http_response_code($error->getCode());
    $result = $error->getMessage();
}
echo json_encode($result);
