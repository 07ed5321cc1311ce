<?php

declare(strict_types=1);

// Symfony's Session over its NativeSessionStorage, with our handler as the service `handler_id` would give it.

require __DIR__ . '/page.php';
if (getenv('PSB_SYMFONY_FOLDER') !== false) {
    autoload('Symfony\\Component\\', application('symfony') . '/src/Symfony/Component');
} else {
    require_once 'Symfony/Component/HttpFoundation/autoload.php';
    require_once 'Symfony/Component/HttpKernel/autoload.php';
}

use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpFoundation\Session\Session as SymfonySession;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\NativeSessionStorage;
use Symfony\Component\HttpKernel\Exception\HttpException;

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

$session = new class ($symfony) implements Session {
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
};

try { // HttpKernel saves the session before it sends the answer, and answers by the exception's status.
    $symfony->start();
    $response = new Response(json_encode(act($session)));
    $symfony->save();
} catch (HttpException $error) {
    $response = new Response($error->getMessage(), $error->getStatusCode(), $error->getHeaders());
}
$response->send();
