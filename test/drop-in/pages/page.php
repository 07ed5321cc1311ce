<?php

declare(strict_types=1);

// What the page of each framework can do. The page gives its own session class a common face; a request names one action.

require __DIR__ . '/../../../php/src/SessionHandler.php';

spl_autoload_register(static function (string $class): void {
    if (strpos($class, 'PhpSessionBridge\\Adapter\\') === 0) {
        require __DIR__ . '/../../../php/src/' . strtr(substr($class, strlen('PhpSessionBridge\\')), '\\', '/') . '.php';
    }
});

interface Session
{
    /** @return mixed */
    public function get(string $key);

    public function set(string $key, $value): void;

    public function flash(string $text): void;

    /** @return string|null the message, once */
    public function flashed(): ?string;

    /** A new id, and the session with it. */
    public function regenerate(): void;

    public function logout(): void;
}

/** For pages that have more of a login than a new id. */
interface Login
{
    public function login(): void;
}

/** The database server. @return array{host: string, port: int, user: string, password: string, database: string, table: string} */
function server(): array
{
    return json_decode((string) getenv('PSB_TEST_MYSQL'), true)
        + ['database' => getenv('PSB_DROP_IN_DATABASE') ?: 'test', 'table' => getenv('PSB_DROP_IN_TABLE')];
}

/** Our handler of the table that the test has made. @param array<string, string> $options of the application */
function sessionHandler(array $options = []): PhpSessionBridge\SessionHandler
{
    $mysql = json_decode((string) getenv('PSB_TEST_MYSQL'), true);
    $connect = static function () use ($mysql): PDO {
        $port = getenv('PSB_DROP_IN_PORT') ?: $mysql['port'];
        return new PDO("mysql:host={$mysql['host']};port=$port;dbname=test", $mysql['user'], $mysql['password']);
    };
    $options += json_decode((string) getenv('PSB_DROP_IN_OPTIONS'), true) ?? [];
    $options += getenv('PSB_DROP_IN_LOCK') === 'merge' ? require __DIR__ . '/../merge.php' : [];
    return new PhpSessionBridge\SessionHandler($connect, $options + ['table' => getenv('PSB_DROP_IN_TABLE')]);
}

/** Whether this server has the application's own handler, and not ours. */
function isOld(): bool
{
    return getenv('PSB_DROP_IN_OLD') === '1';
}

/** Where the folder of an application's classes is; `PSB_DROP_IN_VERSION` names one that is not the newest. */
function application(string $name): string
{
    return getenv('PHP_SESSION_BRIDGE_APPLICATIONS') . "/$name" . getenv('PSB_DROP_IN_VERSION');
}

/** Loads classes from a folder by PSR-4. */
function autoload(string $prefix, string $folder): void
{
    spl_autoload_register(static function (string $class) use ($prefix, $folder): void {
        $file = $folder . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
        if (strncmp($class, $prefix, strlen($prefix)) === 0 && is_file($file)) {
            require $file;
        }
    });
}

/** @return mixed what the request's action gives */
function act(Session $session)
{
    switch ($_GET['do']) {
        case 'login':
            $session instanceof Login ? $session->login() : $session->regenerate();
            $session->set('user', 'alice');
            return null;
        case 'get':
            return $session->get($_GET['key']);
        case 'set':
            $session->set($_GET['key'], $_GET['value']);
            return null;
        case 'increment':
            $n = $session->get('n') ?? 0;
            usleep(2000);
            $session->set('n', $n + 1);
            return $n + 1;
        case 'slow':
            sleep(2);
            $session->set($_GET['key'], 1);
            return null;
        case 'visit':
            usleep(2000);
            $session->set('n', ($session->get('n') ?? 0) + 1);
            return $session->get('user');
        case 'token':
            $session->set('token', bin2hex(random_bytes(16)));
            return $session->get('token');
        case 'check':
            return hash_equals((string) $session->get('token'), $_GET['token']);
        case 'flash':
            $session->flash('saved');
            return null;
        case 'flashed':
            return $session->flashed();
        case 'regenerate':
            $session->regenerate();
            return null;
        case 'logout':
            $session->logout();
            return null;
    }
    throw new DomainException('no such action');
}
