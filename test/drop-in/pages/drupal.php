<?php

declare(strict_types=1);

// Drupal's SessionManager with our handler as the service `session_handler.storage`. What its container would give besides is made
// here, as of core.services.yml.

require __DIR__ . '/page.php';
require application('drupal') . '/lib/Drupal.php';
autoload('Drupal\\', application('drupal') . '/lib/Drupal');
autoload('Symfony\\Component\\', application('symfony') . '/src/Symfony/Component');

use Drupal\Component\Datetime\TimeInterface;
use Drupal\Core\Session\MetadataBag;
use Drupal\Core\Session\SessionConfiguration;
use Drupal\Core\Session\SessionManager;
use Drupal\Core\Session\UserSessionRepositoryInterface;
use Drupal\Core\Session\WriteSafeSessionHandler;
use Drupal\Core\Site\Settings;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\RequestStack;
use Symfony\Component\HttpFoundation\Session\Session as SymfonySession;
use Symfony\Component\HttpKernel\Exception\HttpException;

/** Of core/includes/bootstrap.inc: no test of Drupal is running. */
function drupal_valid_test_ua()
{
    return false;
}

$time = new class implements TimeInterface {
    public function getRequestTime()
    {
        return $_SERVER['REQUEST_TIME'];
    }

    public function getRequestMicroTime()
    {
        return $_SERVER['REQUEST_TIME_FLOAT'];
    }

    public function getCurrentTime()
    {
        return time();
    }

    public function getCurrentMicroTime()
    {
        return microtime(true);
    }
};
$users = new class implements UserSessionRepositoryInterface {
    public function deleteAll(int $uid): void
    {
    }
};

$requests = new RequestStack();
$requests->push(Request::createFromGlobals());
$handler = new WriteSafeSessionHandler(new PhpSessionBridge\Adapter\SymfonyHandler(sessionHandler()));
$options = ['name_suffix' => '', 'cookie_path' => '/', 'use_strict_mode' => true];
$manager = new SessionManager(
    $requests,
    $handler,
    new MetadataBag(new Settings([])),
    new SessionConfiguration($options),
    $time,
    $users
);
$drupal = new SymfonySession($manager);

$session = new class ($drupal, $manager) implements Session {
    private $drupal;
    private $manager;

    public function __construct(SymfonySession $drupal, SessionManager $manager)
    {
        $this->drupal = $drupal;
        $this->manager = $manager;
    }

    public function get(string $key)
    {
        return $this->drupal->get($key);
    }

    public function set(string $key, $value): void
    {
        $this->drupal->set($key, $value);
    }

    public function flash(string $text): void
    {
        $this->drupal->getFlashBag()->add('status', $text);
    }

    public function flashed(): ?string
    {
        return $this->drupal->getFlashBag()->get('status')[0] ?? null;
    }

    public function regenerate(): void
    {
        $this->drupal->migrate();
    }

    public function logout(): void
    {
        $this->manager->destroy();
    }
};

try { // Drupal's middleware saves the session before the answer is sent.
    $drupal->start();
    $result = act($session);
    if ($_GET['do'] !== 'logout') {
        $drupal->save();
    }
} catch (HttpException $error) {
    http_response_code($error->getStatusCode());
    $result = $error->getMessage();
}
echo json_encode($result);
