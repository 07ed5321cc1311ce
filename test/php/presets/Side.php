<?php

declare(strict_types=1);

/** The session of one request, as an application sees it. */
abstract class Side
{
    /** @param string|null $id none: a new visitor */
    public function open(?string $id): void
    {
        if ($id !== null) {
            session_id($id);
        }
        session_start();
    }

    public function &session(): array
    {
        return $_SESSION;
    }

    public function id(): string
    {
        return session_id();
    }

    /** @return string the value of the cookie for this id */
    public function cookie(): string
    {
        return $this->id();
    }

    public function idOf(string $cookie): string
    {
        return $cookie;
    }

    public function save(): void
    {
        session_write_close();
    }

    public function regenerate(): void
    {
        session_regenerate_id(true);
    }

    public function logout(): void
    {
        session_destroy();
    }
}

/** The session with a handler of the application, which PHP calls. */
class WithHandler extends Side
{
    public function __construct(SessionHandlerInterface $handler)
    {
        session_set_save_handler($handler, true);
    }
}

/** The statements that an application's handler sends. */
class Statements extends WithHandler
{
    public function __construct(array $application, Database $database)
    {
        parent::__construct(handlerOf($application, $database));
    }
}

/** A handler that sends the statements of an application. */
function handlerOf(array $application, Database $database): SessionHandlerInterface
{
    return new class ($application, $database) implements SessionHandlerInterface {
        private $application;
        private $database;

        public function __construct(array $application, Database $database)
        {
            $this->application = $application;
            $this->database = $database;
        }

        public function open(string $path, string $name): bool
        {
            return true;
        }

        public function close(): bool
        {
            return true;
        }

        #[\ReturnTypeWillChange]
        public function read(string $id)
        {
            $row = $this->database->query($this->application['read'], ['id' => $this->key($id)])->fetchColumn();
            return $row === false || $row === '' ? '' : ($this->application['unpack'] ?? 'strval')($row);
        }

        public function write(string $id, string $data): bool
        {
            $values = ['id' => $this->key($id), 'data' => ($this->application['pack'] ?? 'strval')($data)];
            $this->database->query($this->application['write'], $values);
            return true;
        }

        public function destroy(string $id): bool
        {
            $this->database->query($this->application['destroy'], ['id' => $this->key($id)]);
            return true;
        }

        #[\ReturnTypeWillChange]
        public function gc(int $seconds)
        {
            return 0;
        }

        private function key(string $id): string
        {
            return ($this->application['key'] ?? 'strval')($id);
        }
    };
}

final class Database
{
    public $pdo;
    /** @var array{host: string, port: int, user: string, password: string, database: string} */
    public $server;
    public $zone;

    public function __construct(array $server, string $zone)
    {
        $this->server = $server;
        $this->zone = $zone;
        ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database] = $server;
        $this->pdo = new PDO("mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4", $user, $password);
        $this->pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
        $this->pdo->exec("SET time_zone = '$zone'");
    }

    public function query(string $sql, array $values = []): PDOStatement
    {
        preg_match_all('/:(\w+)/', $sql, $names);
        $statement = $this->pdo->prepare($sql);
        $statement->execute(array_intersect_key($values, array_flip($names[1])));
        return $statement;
    }
}

/** Loads classes from a folder by PSR-4, or by PSR-0 where the prefix ends in `_`. */
function autoload(string $prefix, string $folder): void
{
    spl_autoload_register(static function (string $class) use ($prefix, $folder): void {
        $file = $folder . '/' . strtr(substr($class, strlen($prefix)), '\\_', '//') . '.php';
        if (strncmp($class, $prefix, strlen($prefix)) === 0 && is_file($file)) {
            require_once $file;
        }
    });
}
