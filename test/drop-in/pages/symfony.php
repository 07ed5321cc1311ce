<?php

declare(strict_types=1);

// Symfony's Session over its NativeSessionStorage, with our handler as the service `handler_id` would give it.

require __DIR__ . '/page.php';
if (getenv('PSB_SYMFONY_FOLDER') !== false) {
    autoload('Symfony\\Component\\', application('symfony') . '/src/Symfony/Component');
    require_once 'Symfony/Contracts/EventDispatcher/autoload.php';
} else {
    require_once 'Symfony/Component/HttpFoundation/autoload.php';
    require_once 'Symfony/Component/HttpKernel/autoload.php';
}

use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpFoundation\Session\Session as SymfonySession;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\NativeSessionStorage;
use Symfony\Component\HttpKernel\Event\RequestEvent;
use Symfony\Component\HttpKernel\Event\ResponseEvent;
use Symfony\Component\HttpKernel\Exception\HttpException;
use Symfony\Component\HttpKernel\HttpKernelInterface;
use Symfony\Component\Security\Core\Authentication\Token\Storage\TokenStorage;
use Symfony\Component\Security\Core\Authentication\Token\UsernamePasswordToken;
use Symfony\Component\Security\Core\User\InMemoryUserProvider;
use Symfony\Component\Security\Http\Firewall\ContextListener;

function oldHandler(): PdoSessionHandler
{
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database, 'table' => $table] = server();
    return new PdoSessionHandler("mysql:host=$host;port=$port;dbname=$database", [
        'db_table' => $table, 'db_username' => $user, 'db_password' => $password,
        'lock_mode' => (int) (getenv('PSB_SYMFONY_LOCK') ?: PdoSessionHandler::LOCK_TRANSACTIONAL),
    ]);
}

$symfony = new SymfonySession(new NativeSessionStorage(
    ['use_strict_mode' => true],
    isOld() ? oldHandler() : new PhpSessionBridge\Adapter\SymfonyHandler(sessionHandler())
));

class SymfonyPage implements Session
{
    private $symfony;

    public function __construct(SymfonySession $symfony)
    {
        $this->symfony = $symfony;
    }

    public function get(string $key)
    {
        return $this->symfony->get($key);
    }

    public function set(string $key, $value): void
    {
        $this->symfony->set($key, $value);
    }

    public function flash(string $text): void
    {
        $this->symfony->getFlashBag()->add('notice', $text);
    }

    public function flashed(): ?string
    {
        return $this->symfony->getFlashBag()->get('notice')[0] ?? null;
    }

    public function regenerate(): void
    {
        $this->symfony->migrate(true);
    }

    public function logout(): void
    {
        $this->symfony->invalidate();
    }
}

/** The page of an application with a firewall, whose ContextListener reads and writes the token. */
final class SymfonyFirewallPage extends SymfonyPage implements Login
{
    private $users;
    private $tokens;
    private $listener;
    private $request;

    public function __construct(SymfonySession $symfony)
    {
        parent::__construct($symfony);
        $this->users = new InMemoryUserProvider(['alice' => ['password' => '$2y$made-up', 'roles' => ['ROLE_USER']]]);
        $this->tokens = new TokenStorage();
        $this->listener = new ContextListener($this->tokens, [$this->users], 'main');
        $this->request = Request::createFromGlobals();
        $this->request->setSession($symfony);
        $this->listener->authenticate(new RequestEvent($this->kernel(), $this->request, HttpKernelInterface::MAIN_REQUEST));
    }

    public function get(string $key)
    {
        return $key === 'user' && $this->tokens->getToken() === null ? null : parent::get($key);
    }

    public function login(): void
    {
        $this->regenerate();
        $user = $this->users->loadUserByIdentifier('alice');
        $this->tokens->setToken(new UsernamePasswordToken($user, 'main', $user->getRoles()));
    }

    public function logout(): void
    {
        $this->tokens->setToken(null);
        parent::logout();
    }

    public function respond(Response $response): void
    {
        $this->listener->onKernelResponse(
            new ResponseEvent($this->kernel(), $this->request, HttpKernelInterface::MAIN_REQUEST, $response)
        );
    }

    private function kernel(): HttpKernelInterface
    {
        return new class implements HttpKernelInterface {
            public function handle(Request $request, int $type = self::MAIN_REQUEST, bool $catch = true): Response
            {
                return new Response();
            }
        };
    }
}

try { // HttpKernel saves the session before it sends the answer, and answers by the exception's status.
    $symfony->start();
    $hasFirewall = isOld() && method_exists(ContextListener::class, 'authenticate');
    $session = $hasFirewall ? new SymfonyFirewallPage($symfony) : new SymfonyPage($symfony);
    $response = new Response(json_encode(act($session)));
    if ($hasFirewall) {
        $session->respond($response);
    }
    $symfony->save();
} catch (HttpException $error) {
    $response = new Response($error->getMessage(), $error->getStatusCode(), $error->getHeaders());
}
$response->send();
