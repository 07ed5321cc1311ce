<?php

declare(strict_types=1);

// What Symfony keeps of forms: its flash bag, the tokens of CsrfTokenManager, and the path to which a login leads.

require __DIR__ . '/page.php';
if (getenv('PSB_SYMFONY_FOLDER') !== false) {
    autoload('Symfony\\Component\\', application('symfony') . '/src/Symfony/Component');
} else {
    foreach (['HttpFoundation', 'HttpKernel', 'Security/Csrf', 'Security/Http'] as $part) {
        require_once "Symfony/Component/$part/autoload.php";
    }
}

use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\RequestStack;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpFoundation\Session\Session as SymfonySession;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\NativeSessionStorage;
use Symfony\Component\Security\Csrf\CsrfToken;
use Symfony\Component\Security\Csrf\CsrfTokenManager;
use Symfony\Component\Security\Csrf\TokenStorage\SessionTokenStorage;
use Symfony\Component\Security\Http\Util\TargetPathTrait;

['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database, 'table' => $table] = server();
$session = new SymfonySession(new NativeSessionStorage(['use_strict_mode' => true], new PdoSessionHandler(
    "mysql:host=$host;port=$port;dbname=$database",
    ['db_table' => $table, 'db_username' => $user, 'db_password' => $password]
)));
$request = Request::createFromGlobals();
$request->setSession($session);
$stack = new RequestStack();
$stack->push($request);
// Before 5.3 the storage took the session itself.
$first = (new ReflectionMethod(SessionTokenStorage::class, '__construct'))->getParameters()[0]->getType();
$takesStack = $first === null || $first->getName() === RequestStack::class;
$tokens = new CsrfTokenManager(null, new SessionTokenStorage($takesStack ? $stack : $session), $stack);

$firewall = new class {
    use TargetPathTrait {
        getTargetPath as public get;
        saveTargetPath as public save;
        removeTargetPath as public remove;
    }
};

$do = $_GET['do'];
$result = null;
$session->start();
if ($do === 'flash') {
    $session->getFlashBag()->add($_GET['type'], $_GET['text']);
} elseif ($do === 'flashes') {
    $result = $session->getFlashBag()->all();
} elseif ($do === 'token') {
    $result = $tokens->getToken($_GET['id'])->getValue();
} elseif ($do === 'check') {
    $result = $tokens->isTokenValid(new CsrfToken($_GET['id'], $_POST['_csrf_token'] ?? null));
} elseif ($do === 'guest') {
    $firewall->save($session, 'main', 'http://127.0.0.1/account?a=1');
} elseif ($do === 'login') { // as DefaultAuthenticationSuccessHandler answers, with the strategy `migrate`
    $session->migrate(true);
    $session->set('_security_main', 'alice');
    $result = $firewall->get($session, 'main');
    $firewall->remove($session, 'main');
} elseif ($do === 'who') {
    $result = $session->get('_security_main');
} else {
    throw new DomainException('no such action');
}
$session->save();
(new Response(json_encode($result)))->send();
