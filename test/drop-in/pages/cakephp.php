<?php

declare(strict_types=1);

// CakePHP's Session with our handler as its engine.

require __DIR__ . '/page.php';
require_once application('cakephp') . '/src/Core/functions.php';
autoload('Cake\\', application('cakephp') . '/src');

use Cake\Database\Driver\Mysql;
use Cake\Datasource\ConnectionManager;
use Cake\Http\Exception\HttpException;
use Cake\Http\Session as CakeSession;

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

$session = new class ($cake) implements Session {
    private $cake;

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
};

try { // Cake\Http\Server closes the session before it sends the answer.
    $result = act($session);
    $cake->close();
} catch (HttpException $error) {
    http_response_code($error->getCode());
    $result = $error->getMessage();
}
echo json_encode($result);
