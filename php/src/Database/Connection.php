<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * The handler's connection: made when it is needed, set up once, always in a transaction of its own from a statement to COMMIT or
 * ROLLBACK. Its errors contain neither ids nor data.
 *
 * Each method that talks to the server throws a RuntimeException. Its code is the database's error number, 0 if there is none, and its
 * message may be logged.
 *
 * @internal
 */
final class Connection
{
    /** Bytes from which on a statement may be too long for the server. For a smaller limit the server itself gives an error (1153). */
    private const LONG = 1048576;

    /** @var callable|null makes a connection; null: there is a Server, or the application gave a connection */
    private $connect;
    /** @var Server|null */
    private $server;
    /** @var Driver|null */
    private $driver;
    /** @var Settings */
    private $settings;
    /** @var bool whether the connection may be a persistent one */
    private $mayPersist = false;
    /** @var bool whether $driver has a persistent connection */
    private $isPersistent = false;
    /** @var bool false: the server does not know Galera's variables */
    private $mayBeGalera = true;
    /** @var int|null seconds that a statement waits for a lock on this connection; null: it is not set up */
    private $lockWait;
    /** @var int seconds that it shall wait */
    private $wantedWait;
    /** @var bool */
    private $inTransaction = false;
    /** @var bool whether the last statement that was sent may have been reached: nothing before it in its text has failed */
    private $lastIsReached = false;
    /** @var bool|null */
    private $commitWasSent;

    /**
     * @param \PDO|\mysqli|callable|array<string, mixed> $connection as of SessionHandler
     * @throws \InvalidArgumentException when $connection cannot be used
     */
    public function __construct(
        #[\SensitiveParameter]
        $connection,
        Settings $settings
    ) {
        $this->settings = $settings;
        $this->wantedWait = $settings->lockWait;
        if (is_array($connection) && !isset($connection[0])) { // else an object and its method
            /** @var array<string, mixed> $connection */
            $this->server = new Server($connection);
            $this->mayPersist = $this->server->isPersistent();
        } elseif (is_callable($connection)) {
            $this->connect = $connection;
        } else {
            $this->driver = self::driver($connection, 0);
        }
    }

    /**
     * Gives up the connection, so that the next statement makes a new one, which is not persistent: a persistent one could be the same.
     *
     * @return bool whether that is possible
     */
    public function forget(): bool
    {
        if ($this->connect === null && $this->server === null) {
            return false;
        }
        $this->drop();
        $this->mayPersist = false;
        return true;
    }

    private function drop(): void
    {
        $this->driver = null;
        $this->lockWait = null;
        $this->inTransaction = false;
        if ($this->isPersistent && $this->server !== null) {
            $this->isPersistent = false;
            $this->server->leave();
        }
    }

    /**
     * Sets how long statements wait for a lock, before the first one of a transaction. A persistent connection keeps what it has, for the
     * next request: who needs something else gets a connection that is not.
     */
    public function waitForLocks(int $seconds): void
    {
        $this->wantedWait = $seconds;
        if ($seconds !== $this->settings->lockWait) {
            $this->mayPersist = false;
            if ($this->isPersistent) {
                $this->drop();
            }
        }
    }

    /** The same for a statement that need not succeed. A persistent connection is kept, and waits as long as it does. */
    public function waitBriefly(int $seconds): void
    {
        if (!$this->mayPersist) {
            $this->wantedWait = $seconds;
        }
    }

    /** @return array<int, array<int, string|int|float|null>> the rows of a SELECT */
    public function select(Statement $statement): array
    {
        return self::rows($this->query($statement));
    }

    /** @return int how many rows were changed */
    public function change(Statement $statement): int
    {
        return self::changed($this->query($statement));
    }

    /**
     * A SELECT by itself, without a transaction that stays open.
     *
     * @return array<int, array<int, string|int|float|null>>
     */
    public function read(Statement $statement): array
    {
        return self::rows($this->queryAndCommit($statement));
    }

    /**
     * The last statement of a transaction, with COMMIT in the same round trip if its values stand in its text.
     *
     * @return int how many rows were changed
     */
    public function commitWith(Statement $statement): int
    {
        return self::changed($this->queryAndCommit($statement));
    }

    /** @return array<int, array<int, string|int|float|null>>|int as of Driver, of one statement */
    private function query(Statement $statement)
    {
        if ($statement->values === []) {
            return $this->run([$statement->sql])[0];
        }
        $this->checkLength($statement->values);
        $driver = $this->setUp();
        $this->inTransaction = true;
        $this->commitWasSent = null;
        /** @var array<int, array<int, string|int|float|null>>|int $result */
        $result = self::quietly([$driver, 'bind'], $statement->sql, $statement->values);
        return $result;
    }

    /** @return array<int, array<int, string|int|float|null>>|int as of Driver, of one statement */
    private function queryAndCommit(Statement $statement)
    {
        if ($statement->values === []) {
            return $this->sendCommit([$statement->sql, 'COMMIT']);
        }
        $result = $this->query($statement);
        $this->commit();
        return $result;
    }

    /**
     * @param array<int, array<int, string|int|float|null>>|int $result
     * @return array<int, array<int, string|int|float|null>>
     */
    private static function rows($result): array
    {
        return is_array($result) ? $result : [];
    }

    /** @param array<int, array<int, string|int|float|null>>|int $result */
    private static function changed($result): int
    {
        return is_int($result) ? $result : 0;
    }

    public function commit(): void
    {
        $this->sendCommit(['COMMIT']);
    }

    /**
     * @param array<int, string> $statements
     * @return array<int, array<int, string|int|float|null>>|int as of Driver, of the first statement
     */
    private function sendCommit(array $statements)
    {
        try {
            $result = $this->run($statements)[0];
        } catch (\RuntimeException $error) {
            $number = $error->getCode();
            $isReached = $this->lastIsReached || in_array($number, DatabaseError::LOST, true);
            $this->commitWasSent = $isReached ? !in_array($number, DatabaseError::UNDONE, true) : null;
            throw $error;
        }
        $this->inTransaction = false;
        return $result;
    }

    /**
     * After an error of commit() and commitWith(): true: COMMIT may have been done; false: it did nothing; null: the error was one of the
     * statement before it.
     */
    public function commitWasSent(): ?bool
    {
        return $this->commitWasSent;
    }

    public function inTransaction(): bool
    {
        return $this->inTransaction;
    }

    /** Does nothing without a transaction. Never throws. */
    public function rollBack(): void
    {
        if ($this->inTransaction && $this->driver !== null) {
            $this->inTransaction = false;
            try {
                $this->send($this->driver, ['ROLLBACK']);
            } catch (\RuntimeException $error) {
                $this->forget(); // The server rolls back the transaction of a lost connection.
            }
        }
    }

    /** @return string|null as of Driver */
    public function lastType(): ?string
    {
        return $this->driver === null ? null : $this->driver->lastType();
    }

    /**
     * A long statement would end the connection, at 16 MB without an error.
     *
     * @param array<int, string|int> $values
     */
    private function checkLength(array $values): void
    {
        $length = self::length($values);
        if ($length >= self::LONG) {
            $limit = (int) self::rows($this->run(['SELECT @@max_allowed_packet'])[0])[0][0];
            if ($length >= $limit) {
                $number = DatabaseError::PACKET;
                $why = "the statement has $length bytes, max_allowed_packet is $limit";
                throw new \RuntimeException("database error $number ($why)", $number);
            }
        }
    }

    /**
     * The length in bytes of the message that executes a statement: COM_STMT_EXECUTE of the protocol, with values as strings.
     *
     * @param array<int, string|int> $values
     */
    private static function length(array $values): int
    {
        $count = count($values);
        $length = 10 + intdiv($count + 7, 8) + 1 + 2 * $count;
        foreach ($values as $value) {
            $bytes = strlen((string) $value);
            $length += $bytes + ($bytes < 251 ? 1 : ($bytes < 65536 ? 3 : ($bytes < 16777216 ? 4 : 9)));
        }
        return $length;
    }

    /**
     * Sends statements, on a connection that needs it together with the settings.
     *
     * @param array<int, string> $statements
     * @return array<int, array<int, array<int, string|int|float|null>>|int> as of Driver
     */
    private function run(array $statements): array
    {
        $driver = $this->open();
        if ($this->lockWait === $this->wantedWait) {
            return $this->send($driver, $statements);
        }
        $settings = $this->missingSettings();
        try {
            $results = $this->send($driver, array_merge($settings, $statements));
        } catch (\RuntimeException $error) {
            if (!$this->isWithoutGalera($error)) {
                throw $error;
            }
            return $this->run($statements);
        }
        $this->lockWait = $this->wantedWait;
        return array_slice($results, count($settings));
    }

    private function setUp(): Driver
    {
        $driver = $this->open();
        if ($this->lockWait !== $this->wantedWait) {
            $this->run(['DO 0']);
        }
        return $driver;
    }

    /** Whether the settings failed, before all else, on a MariaDB that was built without Galera. Then they are sent without it. */
    private function isWithoutGalera(\RuntimeException $error): bool
    {
        $isIt = $this->lockWait === null && $this->mayBeGalera && $error->getCode() === DatabaseError::UNKNOWN_VARIABLE;
        $this->mayBeGalera = $this->mayBeGalera && !$isIt;
        return $isIt;
    }

    /** @return array<int, string> */
    private function missingSettings(): array
    {
        return $this->lockWait === null
            ? $this->settings->statements($this->wantedWait, $this->mayBeGalera)
            : ['SET ' . Settings::waiting($this->wantedWait)];
    }

    /**
     * @param array<int, string> $statements
     * @return array<int, array<int, array<int, string|int|float|null>>|int> as of Driver
     */
    private function send(Driver $driver, array $statements): array
    {
        $this->inTransaction = true;
        $this->commitWasSent = null;
        try {
            /** @var array<int, array<int, array<int, string|int|float|null>>|int> $results */
            $results = self::quietly([$driver, 'run'], $statements);
            return $results;
        } catch (\RuntimeException $error) {
            $this->lastIsReached = $driver->succeeded() >= count($statements) - 1;
            throw $error;
        }
    }

    /**
     * Connects, with a limit for each answer. By default mysqlnd waits a day, so a frozen database would freeze PHP as well.
     * mysqlnd reads the limit only when it connects, and PDO has no option for it.
     */
    private function open(): Driver
    {
        if ($this->driver !== null) {
            return $this->driver;
        }
        $before = ini_set('mysqlnd.net_read_timeout', (string) $this->settings->answerTimeout);
        try {
            $driver = $this->server === null ? $this->made() : $this->configured($this->server);
        } finally {
            ini_set('mysqlnd.net_read_timeout', (string) $before);
        }
        $this->driver = $driver;
        $this->lockWait = $this->isPersistent ? $this->settings->lockWait : null;
        return $driver;
    }

    private function configured(Server $server): Driver
    {
        $this->isPersistent = $this->mayPersist;
        /** @var \PDO|\mysqli $db */
        $db = $this->isPersistent
            ? self::quietly([$server, 'persistent'], $this->settings->initCommand())
            : self::quietly([$server, 'connect']);
        return $db instanceof \PDO ? new PdoDriver($db) : new MysqliDriver($db);
    }

    /** What the application's function makes. */
    private function made(): Driver
    {
        $links = self::persistentLinks();
        try {
            return self::driver($this->connect === null ? null : self::quietly($this->connect), $links);
        } catch (\InvalidArgumentException $error) {
            throw new \RuntimeException($error->getMessage(), 0, $error);
        }
    }

    /**
     * @param mixed $db
     * @param int $linksBefore how many persistent connections of mysqli there were before this one
     * @throws \InvalidArgumentException when it cannot be used
     */
    private static function driver($db, int $linksBefore): Driver
    {
        if ($db instanceof \mysqli) {
            $isPersistent = self::isPersistent($db, $linksBefore);
            $driver = new MysqliDriver($db);
        } elseif ($db instanceof \PDO && $db->getAttribute(\PDO::ATTR_DRIVER_NAME) === 'mysql') {
            $isPersistent = (bool) $db->getAttribute(\PDO::ATTR_PERSISTENT);
            $driver = PdoDriver::of($db);
        } else {
            $what = 'a mysqli, a PDO of mysql, a callable that makes one, or an array with its configuration';
            throw new \InvalidArgumentException("The connection must be $what");
        }
        if ($isPersistent) {
            $why = 'the application could get it too, with the lock that a request has left';
            throw new \InvalidArgumentException("The connection must not be persistent: $why. Give its configuration, with 'persistent'");
        }
        return $driver;
    }

    /**
     * mysqli does not tell, but it counts persistent connections that are in use. mysqlnd knows which ones may be: also all of
     * mysqli_init(). So a mysqli that is given may be refused wrongly, beside another one that is persistent; one that a function makes is not.
     */
    private static function isPersistent(\mysqli $db, int $linksBefore): bool
    {
        return self::persistentLinks() > $linksBefore
            && $db->connect_errno === 0
            && ($db->get_connection_stats()['pconnect_success'] ?? 1) > 0;
    }

    private static function persistentLinks(): int
    {
        $stats = function_exists('mysqli_get_links_stats') ? mysqli_get_links_stats() : [];
        return is_int($stats['active_plinks'] ?? null) ? $stats['active_plinks'] : 0;
    }

    /**
     * Runs $work and hides the driver's messages, which contain ids and data; mysqlnd also gives warnings. Only the
     * error's number is passed on.
     *
     * @param mixed ...$arguments of $work
     * @return mixed what $work returns
     */
    private static function quietly(callable $work, ...$arguments)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $work(...$arguments);
        } catch (\Throwable $error) {
            /** @var int|string $number */
            $number = $error instanceof \PDOException && is_array($error->errorInfo) ? $error->errorInfo[1] ?? 0 : $error->getCode();
            $number = (int) $number;
            $what = $number === 0 ? get_class($error) : "database error $number" . self::column($number, $error->getMessage());
            throw new \RuntimeException($what, $number);
        } finally {
            restore_error_handler();
        }
    }

    /** The column that needs a value (ER_NO_DEFAULT_FOR_FIELD), if the server's message is in English. It contains no other name. */
    private static function column(int $number, string $message): string
    {
        return $number === 1364 && preg_match("/Field '([^']+)' doesn't have a default value$/D", $message, $found) === 1
            ? ": a new row must have a value in $found[1], and this handler fills id, data and time. Give that column a default"
            : '';
    }
}
