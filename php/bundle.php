<?php

// Made by `npm run build` from the files of src/, which are to be changed and read instead.

declare(strict_types=1);

namespace PhpSessionBridge\Database {
use function array_diff_key, array_keys, array_merge, array_slice, assert, bin2hex, ceil, constant, count, extension_loaded, function_exists, get_class, implode, in_array, ini_set, intdiv, is_array, is_bool, is_callable, is_int, is_string, max, microtime, min, mysqli_get_links_stats, mysqli_init, preg_match, random_int, restore_error_handler, rtrim, serialize, set_error_handler, spl_object_id, strlen, strncasecmp, strpbrk, strspn, strtolower, strtoupper, usleep;

final class Bytes
{
    public $bytes;

    public function __construct(string $bytes)
    {
        $this->bytes = $bytes;
    }
}

final class Statement
{
    private const MOST = 65536;
    private const USUAL = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

    public $sql = '';
    public $values = [];

    public function __construct(...$parts)
    {
        $sql = '';
        $isValue = false;
        foreach ($parts as $part) {
            $text = $isValue ? self::literal($part) : $part;
            if ($text === null) {
                $this->bind($parts);
                return;
            }
            $sql .= $text;
            $isValue = !$isValue;
        }
        $this->sql = $sql;
    }

    private function bind(array $parts): void
    {
        $isValue = false;
        foreach ($parts as $part) {
            if ($isValue) {
                $this->values[] = $part instanceof Bytes ? $part->bytes : $part;
                $this->sql .= '?';
            } elseif (is_string($part)) {
                $this->sql .= $part;
            }
            $isValue = !$isValue;
        }
    }

    private static function literal($value)
    {
        if (is_string($value)) {
            return strlen($value) <= self::MOST && self::isAscii($value) ? "_utf8mb4 x'" . bin2hex($value) . "'" : null;
        }
        if ($value instanceof Bytes) {
            return strlen($value->bytes) <= self::MOST ? "x'" . bin2hex($value->bytes) . "'" : null;
        }
        return $value;
    }

    private static function isAscii(string $value): bool
    {
        return strspn($value, self::USUAL) === strlen($value) || preg_match('/[^\x00-\x7f]/', $value) === 0;
    }
}

final class Settings
{
    public $lockWait;
    public $answerTimeout;
    private $maxHold;
    private $timeZone;

    public function __construct(int $lockWait, int $maxHold, ?string $timeZone)
    {
        $this->lockWait = $lockWait;
        $this->answerTimeout = $lockWait + 2;
        $this->maxHold = $maxHold;
        $this->timeZone = $timeZone;
    }

    public function statements(int $lockWait, bool $mayBeGalera): array
    {
        $zone = $this->timeZone === null ? '' : "SESSION time_zone = '$this->timeZone', ";
        return [
            "SET SESSION autocommit = 0, SESSION sql_mode = 'STRICT_ALL_TABLES', {$zone}SESSION time_zone = '+00:00', "
                . "SESSION wait_timeout = $this->maxHold, SESSION sql_select_limit = 18446744073709551615, "
                . "SESSION character_set_connection = @@SESSION.character_set_client, "
                . self::waiting($lockWait) . ($mayBeGalera ? ' /*M!, SESSION wsrep_sync_wait = 7 */' : ''),
            'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
        ];
    }

    public function initCommand(): string
    {
        [$first, $second] = $this->statements($this->lockWait, false);
        return "$first; $second; /*M! SET SESSION wsrep_sync_wait = 7 */";
    }

    public static function waiting(int $seconds): string
    {
        return "SESSION innodb_lock_wait_timeout = $seconds, SESSION lock_wait_timeout = $seconds";
    }
}

interface Driver
{
    public function run(array $statements): array;

    public function bind(string $sql, array $values);

    public function succeeded(): int;

    public function lastType(): ?string;
}

final class PdoDriver implements Driver
{
    private const DATES = ['timestamp', 'datetime', 'date', 'time', 'year'];
    private const LAST_YEAR = 9999;

    private $db;
    private $isMulti = true;
    private $succeeded = 0;
    private $lastType;

    public function __construct(\PDO $db)
    {
        $this->db = $db;
    }

    public static function of(\PDO $db): self
    {
        $db->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
        $db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, true);
        $db->setAttribute(\PDO::ATTR_ORACLE_NULLS, \PDO::NULL_NATURAL); // An empty session is '', not null.
        return new self($db);
    }

    public function run(array $statements): array
    {
        $this->succeeded = 0;
        if (count($statements) > 1 && $this->isMulti) {
            try {
                return $this->send(implode('; ', $statements));
            } catch (\PDOException $error) {
                if ($this->succeeded() > 0 || !is_array($error->errorInfo) || $error->errorInfo[1] !== DatabaseError::SYNTAX) {
                    throw $error;
                }
                $this->isMulti = false;
            }
        }
        $results = [];
        foreach ($statements as $text) {
            $statement = $this->query($text);
            ++$this->succeeded;
            $results[] = $this->result($statement);
        }
        return $results;
    }

    private function send(string $text): array
    {
        $statement = $this->query($text);
        $results = [];
        do {
            ++$this->succeeded;
            $results[] = $this->result($statement);
        } while ($statement->nextRowset());
        return $results;
    }

    private function query(string $text): \PDOStatement
    {
        $statement = $this->db->query($text);
        assert($statement !== false); // It throws.
        return $statement;
    }

    public function bind(string $sql, array $values)
    {
        $this->db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, false);
        try {
            $statement = $this->db->prepare($sql);
            foreach ($values as $i => $value) {
                $statement->bindValue($i + 1, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
            }
            $statement->execute();
            return $this->result($statement);
        } finally {
            $this->db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, true);
        }
    }

    private function result(\PDOStatement $statement)
    {
        $columns = $statement->columnCount();
        if ($columns === 0) {
            return $statement->rowCount();
        }
        $rows = $statement->fetchAll(\PDO::FETCH_NUM);
        $last = $rows[0][$columns - 1] ?? null;
        $this->lastType = is_int($last) && $last > self::LAST_YEAR ? 'int' : self::type($statement, $columns - 1);
        return $rows;
    }

    private static function type(\PDOStatement $statement, int $column): ?string
    {
        $native = $statement->getColumnMeta($column)['native_type'] ?? null;
        $type = $native === null ? null : strtolower($native);
        return $type === null || in_array($type, self::DATES, true) ? $type : 'int';
    }

    public function succeeded(): int
    {
        return $this->succeeded;
    }

    public function lastType(): ?string
    {
        return $this->lastType;
    }
}

final class Server
{
    private const SSL = ['key' => null, 'cert' => null, 'ca' => null, 'capath' => null, 'cipher' => null, 'verify' => true];
    private const EXTENSIONS = ['pdo' => 'pdo_mysql', 'mysqli' => 'mysqli'];

    private static $passwords = [];
    private static $taken = [];

    private $driver;
    private $host = 'localhost';
    private $port = 3306;
    private $socket;
    private $user;
    private $database = '';
    private $charset = 'utf8mb4';
    private $ssl = [];
    private $connectTimeout = 5;
    private $persistent = false;
    private $name;

    public function __construct(
        #[\SensitiveParameter]
        array $configuration
    ) {
        self::$passwords[spl_object_id($this)] = '';
        foreach ($configuration as $key => $value) {
            $this->set((string) $key, $value);
        }
        if ($this->user === null) {
            throw self::mistake('user', 'must be a string without a semicolon');
        }
        if ($this->driver === null) {
            $this->driver = extension_loaded('pdo_mysql') ? 'pdo' : 'mysqli';
        }
        if (!extension_loaded(self::EXTENSIONS[$this->driver])) {
            throw self::mistake('driver', 'needs ' . (isset($configuration['driver']) ? self::EXTENSIONS[$this->driver] : 'pdo_mysql or mysqli'));
        }
        if ($this->persistent && ($this->driver !== 'pdo' || PHP_VERSION_ID < 80000)) {
            throw self::mistake('persistent', 'needs pdo_mysql, and PHP 8.0');
        }
    }

    private function set(
        string $key,
        #[\SensitiveParameter]
        $value
    ): void {
        switch ($key) {
            case 'driver':
                if ($value !== null && $value !== 'pdo' && $value !== 'mysqli') {
                    throw self::mistake($key, "must be 'pdo' or 'mysqli'");
                }
                $this->driver = $value;
                return;
            case 'host':
            case 'user':
            case 'database':
            case 'charset':
                if (!is_string($value) || strpbrk($value, ";\0") !== false) {
                    throw self::mistake($key, 'must be a string without a semicolon');
                }
                if ($key === 'host' && strncasecmp($value, 'p:', 2) === 0) {
                    throw self::mistake($key, "must not begin with 'p:': set 'persistent'");
                }
                $this->$key = $value;
                return;
            case 'password':
                if (!is_string($value)) {
                    throw self::mistake($key, 'must be a string');
                }
                self::$passwords[spl_object_id($this)] = $value;
                return;
            case 'socket':
                if ($value !== null && (!is_string($value) || $value === '' || strpbrk($value, ";\0") !== false)) {
                    throw self::mistake($key, 'must be a path without a semicolon');
                }
                $this->socket = $value;
                return;
            case 'port':
                $this->port = self::number($key, $value, 65535);
                return;
            case 'connect_timeout':
                $this->connectTimeout = self::number($key, $value, 86400);
                return;
            case 'ssl':
                $this->ssl = self::ssl($value);
                return;
            case 'persistent':
                if (!is_bool($value)) {
                    throw self::mistake($key, 'must be true or false');
                }
                $this->persistent = $value;
                return;
        }
        throw self::mistake('', "has no key $key");
    }

    public function __destruct()
    {
        $this->leave();
    }

    private function __clone()
    {
    }

    private static function number(string $key, $value, int $most): int
    {
        if (!is_int($value) || $value < 1 || $value > $most) {
            throw self::mistake($key, "must be an integer, 1 to $most");
        }
        return $value;
    }

    private static function ssl($value): array
    {
        if (!is_array($value) || array_diff_key($value, self::SSL) !== []) {
            throw self::mistake('ssl', 'must be an array of ' . implode(', ', array_keys(self::SSL)));
        }
        if ($value === []) {
            return [];
        }
        if (!isset($value['ca']) && !isset($value['capath'])) {
            throw self::mistake('ssl', "needs 'ca' or 'capath', the authority that has signed the server's certificate");
        }
        $ssl = self::SSL;
        foreach ($value as $key => $entry) {
            if ($key === 'verify') {
                if (!is_bool($entry)) {
                    throw self::mistake($key, "of 'ssl' must be true or false");
                }
                $ssl['verify'] = $entry;
            } elseif ($entry === null || (is_string($entry) && $entry !== '')) {
                $ssl[$key] = $entry;
            } else {
                throw self::mistake((string) $key, "of 'ssl' must be a text that is not empty");
            }
        }
        return $ssl;
    }

    private static function mistake(string $key, string $what): \InvalidArgumentException
    {
        return new \InvalidArgumentException(rtrim("The connection's configuration: " . ($key === '' ? '' : "'$key'")) . " $what");
    }

    public function isPersistent(): bool
    {
        return $this->persistent;
    }

    public function connect()
    {
        return $this->driver === 'pdo' ? $this->pdo([]) : $this->mysqli();
    }

    public function persistent(string $initCommand): \PDO
    {
        $this->leave();
        $what = $this->ssl === [] ? $initCommand : $initCommand . serialize($this->ssl);
        for ($number = 1; isset(self::$taken[$this->name = "php-session-bridge $number $what"]); ++$number);
        self::$taken[$this->name] = true;
        $setUp = PHP_VERSION_ID < 80400 ? \PDO::MYSQL_ATTR_INIT_COMMAND : \Pdo\Mysql::ATTR_INIT_COMMAND;
        return $this->pdo([\PDO::ATTR_PERSISTENT => $this->name, $setUp => $initCommand]);
    }

    public function leave(): void
    {
        unset(self::$taken[$this->name]);
        $this->name = null;
    }

    private function pdo(array $attributes): \PDO
    {
        $attributes[\PDO::ATTR_TIMEOUT] = $this->connectTimeout;
        $attributes[\PDO::ATTR_ERRMODE] = \PDO::ERRMODE_EXCEPTION;
        $attributes[\PDO::ATTR_EMULATE_PREPARES] = true;
        if ($this->ssl !== []) {
            foreach (['key', 'cert', 'ca', 'capath', 'cipher'] as $key) {
                if ($this->ssl[$key] !== null) {
                    $attributes[self::attribute('SSL_' . strtoupper($key))] = $this->ssl[$key];
                }
            }
            $attributes[self::attribute('SSL_VERIFY_SERVER_CERT')] = $this->ssl['verify'];
        }
        $where = $this->socket !== null ? "unix_socket=$this->socket" : "host=$this->host;port=$this->port";
        $source = "mysql:$where;dbname=$this->database;charset=$this->charset";
        return new \PDO($source, $this->user, self::$passwords[spl_object_id($this)], $attributes);
    }

    private static function attribute(string $name): int
    {
        $attribute = constant(PHP_VERSION_ID < 80400 ? "PDO::MYSQL_ATTR_$name" : "Pdo\Mysql::ATTR_$name");
        return $attribute;
    }

    private function mysqli(): \mysqli
    {
        $db = mysqli_init();
        assert($db !== false); // It only fails without memory.
        $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, $this->connectTimeout);
        $db->options(MYSQLI_SET_CHARSET_NAME, $this->charset); // In the handshake; set_charset() would cost a round trip.
        $flags = 0;
        if ($this->ssl !== []) {
            $verify = $this->ssl['verify'];
            ['key' => $key, 'cert' => $cert, 'ca' => $ca, 'capath' => $capath, 'cipher' => $cipher] = $this->ssl;
            $db->ssl_set((string) $key, (string) $cert, (string) $ca, (string) $capath, (string) $cipher);
            $flags = MYSQLI_CLIENT_SSL | ($verify ? 0 : MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT);
            if ($verify) {
                $db->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, true);
            }
        }
        $password = self::$passwords[spl_object_id($this)];
        $host = $this->socket !== null ? 'localhost' : $this->host;
        if (!$db->real_connect($host, $this->user, $password, $this->database, $this->port, $this->socket, $flags)) {
            throw new \mysqli_sql_exception('', $db->connect_errno);
        }
        return $db;
    }
}

final class Connection
{
    private const LONG = 1048576;

    private $connect;
    private $server;
    private $driver;
    private $settings;
    private $mayPersist = false;
    private $isPersistent = false;
    private $mayBeGalera = true;
    private $lockWait;
    private $wantedWait;
    private $inTransaction = false;
    private $lastIsReached = false;
    private $commitWasSent;

    public function __construct(
        #[\SensitiveParameter]
        $connection,
        Settings $settings
    ) {
        $this->settings = $settings;
        $this->wantedWait = $settings->lockWait;
        if (is_array($connection) && !isset($connection[0])) { // else an object and its method
            $this->server = new Server($connection);
            $this->mayPersist = $this->server->isPersistent();
        } elseif (is_callable($connection)) {
            $this->connect = $connection;
        } else {
            $this->driver = self::driver($connection, 0);
        }
    }

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

    public function waitBriefly(int $seconds): void
    {
        if (!$this->mayPersist) {
            $this->wantedWait = $seconds;
        }
    }

    public function select(Statement $statement): array
    {
        return self::rows($this->query($statement));
    }

    public function change(Statement $statement): int
    {
        return self::changed($this->query($statement));
    }

    public function read(Statement $statement): array
    {
        return self::rows($this->queryAndCommit($statement));
    }

    public function commitWith(Statement $statement): int
    {
        return self::changed($this->queryAndCommit($statement));
    }

    private function query(Statement $statement)
    {
        if ($statement->values === []) {
            return $this->run([$statement->sql])[0];
        }
        $this->checkLength($statement->values);
        $driver = $this->setUp();
        $this->inTransaction = true;
        $this->commitWasSent = null;
        $result = self::quietly([$driver, 'bind'], $statement->sql, $statement->values);
        return $result;
    }

    private function queryAndCommit(Statement $statement)
    {
        if ($statement->values === []) {
            return $this->sendCommit([$statement->sql, 'COMMIT']);
        }
        $result = $this->query($statement);
        $this->commit();
        return $result;
    }

    private static function rows($result): array
    {
        return is_array($result) ? $result : [];
    }

    private static function changed($result): int
    {
        return is_int($result) ? $result : 0;
    }

    public function commit(): void
    {
        $this->sendCommit(['COMMIT']);
    }

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

    public function commitWasSent(): ?bool
    {
        return $this->commitWasSent;
    }

    public function inTransaction(): bool
    {
        return $this->inTransaction;
    }

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

    public function lastType(): ?string
    {
        return $this->driver === null ? null : $this->driver->lastType();
    }

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

    private function isWithoutGalera(\RuntimeException $error): bool
    {
        $isIt = $this->lockWait === null && $this->mayBeGalera && $error->getCode() === DatabaseError::UNKNOWN_VARIABLE;
        $this->mayBeGalera = $this->mayBeGalera && !$isIt;
        return $isIt;
    }

    private function missingSettings(): array
    {
        return $this->lockWait === null
            ? $this->settings->statements($this->wantedWait, $this->mayBeGalera)
            : ['SET ' . Settings::waiting($this->wantedWait)];
    }

    private function send(Driver $driver, array $statements): array
    {
        $this->inTransaction = true;
        $this->commitWasSent = null;
        try {
            $results = self::quietly([$driver, 'run'], $statements);
            return $results;
        } catch (\RuntimeException $error) {
            $this->lastIsReached = $driver->succeeded() >= count($statements) - 1;
            throw $error;
        }
    }

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
        $db = $this->isPersistent
            ? self::quietly([$server, 'persistent'], $this->settings->initCommand())
            : self::quietly([$server, 'connect']);
        return $db instanceof \PDO ? new PdoDriver($db) : new MysqliDriver($db);
    }

    private function made(): Driver
    {
        $links = self::persistentLinks();
        try {
            return self::driver($this->connect === null ? null : self::quietly($this->connect), $links);
        } catch (\InvalidArgumentException $error) {
            throw new \RuntimeException($error->getMessage(), 0, $error);
        }
    }

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

    private static function quietly(callable $work, ...$arguments)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $work(...$arguments);
        } catch (\Throwable $error) {
            $number = $error instanceof \PDOException && is_array($error->errorInfo) ? $error->errorInfo[1] ?? 0 : $error->getCode();
            $number = (int) $number;
            $what = $number === 0 ? get_class($error) : "database error $number" . self::column($number, $error->getMessage());
            throw new \RuntimeException($what, $number);
        } finally {
            restore_error_handler();
        }
    }

    private static function column(int $number, string $message): string
    {
        return $number === 1364 && preg_match("/Field '([^']+)' doesn't have a default value$/D", $message, $found) === 1
            ? ": a new row must have a value in $found[1], and this handler fills id, data and time. Give that column a default"
            : '';
    }
}

final class Retries
{
    private $db;
    private $lockTimeout;

    public function __construct(Connection $db, int $lockTimeout)
    {
        $this->db = $db;
        $this->lockTimeout = $lockTimeout;
    }

    public function run(callable $work, callable $release)
    {
        $deadline = microtime(true) + $this->lockTimeout;
        $seconds = $this->lockTimeout;
        $reconnected = false;
        for ($try = 1; ; ++$try) {
            try {
                return $work($seconds);
            } catch (\RuntimeException $error) {
                $release();
                $number = $error->getCode();
                if (in_array($number, DatabaseError::LOST, true)) {
                    if ($reconnected || !$this->db->forget()) {
                        throw $error;
                    }
                    $reconnected = true;
                } elseif (!in_array($number, DatabaseError::PASSING, true) || microtime(true) >= $deadline) {
                    throw $error;
                } else {
                    if (in_array($number, DatabaseError::ELSEWHERE, true)) {
                        $this->db->forget();
                    }
                    usleep(random_int(0, 1000 * min(100, 5 * $try))); // Otherwise requests that collided once would collide again.
                }
                $seconds = (int) max(1, ceil($deadline - microtime(true)));
            }
        }
    }
}
}

namespace PhpSessionBridge {
use PhpSessionBridge\Database\Bytes;
use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\DatabaseError;
use PhpSessionBridge\Database\Retries;
use PhpSessionBridge\Database\Statement;
use PhpSessionBridge\Merge\Format;
use PhpSessionBridge\Merge\MergeError;
use PhpSessionBridge\Merge\Merged;
use PhpSessionBridge\Merge\ThreeWayMerge;
use function array_keys, array_pop, base64_encode, count, crc32, debug_backtrace, end, explode, get_class, hash, implode, in_array, ini_get, is_array, is_callable, is_int, is_string, preg_grep, preg_match, session_encode, sprintf, str_pad, str_replace, strlen, strpbrk, strpos, strtoupper, strtr, substr;

final class Options
{
    public const FORMATS = ['php', 'php_binary', 'php_serialize'];

    public $table = '`session`';
    public $id = '`id`';
    public $data = '`data`';
    public $time = '`usetime`';
    public $timeType;
    public $timeZone;
    public $expires = false;
    public $lockTimeout = 10;
    public $maxHold = 60;
    public $lock = 'row';
    public $onConflict = 'mine';
    public $serializeHandler;

    public function __construct(array $options)
    {
        foreach ($options as $name => $value) {
            $this->set((string) $name, $value);
        }
        if ($this->timeType !== null && ($this->timeType === 'datetime') !== ($this->timeZone !== null)) {
            throw new \InvalidArgumentException("Option 'time_zone' is for the 'time_type' 'datetime', which needs it");
        }
    }

    private function set(string $name, $value): void
    {
        switch ($name) {
            case 'table':
            case 'id':
            case 'data':
            case 'time':
                $this->$name = self::quoted($name, $value);
                return;
            case 'lock_timeout':
                $this->lockTimeout = self::seconds($name, $value);
                return;
            case 'max_hold':
                $this->maxHold = self::seconds($name, $value);
                return;
            case 'lock':
                $this->lock = self::oneOf($name, $value, ['row', 'merge']);
                return;
            case 'on_conflict':
                $isFunction = !is_string($value) && is_callable($value);
                $this->onConflict = $isFunction ? $value : self::oneOf($name, $value, ['mine', 'theirs', 'error'], 'a function');
                return;
            case 'serialize_handler':
                $this->serializeHandler = $value === null ? null : self::oneOf($name, $value, self::FORMATS);
                return;
            case 'time_type':
                $this->timeType = $value === null ? null : self::oneOf($name, $value, ['int', 'timestamp', 'datetime']);
                return;
            case 'time_zone':
                $this->timeZone = $value === null ? null : self::zone($value);
                return;
            case 'time_meaning':
                $this->expires = self::oneOf($name, $value, ['last_used', 'expires_at']) === 'expires_at';
                return;
        }
        throw new \InvalidArgumentException("Unknown option: $name");
    }

    private static function quoted(string $name, $value): string
    {
        if (is_string($value) && $value !== '' && strpbrk($value, ".`\0") === false) {
            return "`$value`";
        }
        $parts = is_string($value) && strpos($value, "\0") === false ? explode('.', $value) : [''];
        if (count($parts) > ($name === 'table' ? 2 : 1) || in_array('', $parts, true)) {
            throw new \InvalidArgumentException("Option '$name' must be a name");
        }
        return '`' . implode('`.`', str_replace('`', '``', $parts)) . '`';
    }

    private static function seconds(string $name, $value): int
    {
        if (!is_int($value) || $value < 1 || $value > 86400) {
            throw new \InvalidArgumentException("Option '$name' must be an integer, 1 to 86400 seconds");
        }
        return $value;
    }

    private static function oneOf(string $name, $value, array $allowed, ?string $else = null): string
    {
        if (!in_array($value, $allowed, true)) {
            $else = $else ?? "'" . array_pop($allowed) . "'";
            throw new \InvalidArgumentException("Option '$name' must be '" . implode("', '", $allowed) . "' or $else");
        }
        return $value;
    }

    private static function zone($zone): string
    {
        if (!is_string($zone) || preg_match('~^([+-]\d{1,2}:\d\d|[a-z][\w+-]*(/[\w+-]+)*)$~iD', $zone) !== 1) {
            throw new \InvalidArgumentException("Option 'time_zone' must be an offset such as '+02:00', a name, or 'SYSTEM'");
        }
        return preg_match('~^(etc/)?utc$~i', $zone) === 1 ? '+00:00' : $zone;
    }
}

final class TimeSql
{
    public $now;
    public $end;
    public $past;
    public $limit;
    public $second;

    public function __construct(string $type, string $zone)
    {
        $this->second = $type === 'int' ? '1' : 'INTERVAL 1 SECOND';
        if ($type === 'int') {
            $this->now = $this->past = 'UNIX_TIMESTAMP()';
            $this->end = 'UNIX_TIMESTAMP() + %1$d';
            $this->limit = 'SELECT UNIX_TIMESTAMP() - %1$d';
            return;
        }
        if ($type === 'timestamp') {
            $this->now = $this->past = 'CURRENT_TIMESTAMP';
            $this->end = 'CURRENT_TIMESTAMP + INTERVAL %1$d SECOND';
            $this->limit = 'SELECT CAST(CURRENT_TIMESTAMP - INTERVAL %1$d SECOND AS CHAR)';
            return;
        }
        $wall = static function (string $moment, int $hours) use ($zone): string {
            return "CONVERT_TZ($moment + INTERVAL $hours HOUR, '+00:00', '$zone')";
        };
        $least = static function (string $moment) use ($wall): string {
            return "LEAST({$wall($moment, 0)}, {$wall($moment, 1)} - INTERVAL 1 HOUR)";
        };
        $end = 'UTC_TIMESTAMP() + INTERVAL %1$d SECOND';
        $this->now = $wall('UTC_TIMESTAMP()', 0);
        $this->end = "GREATEST({$wall($end, 0)}, {$wall($end, -1)} + INTERVAL 1 HOUR)";
        $this->past = $least('UTC_TIMESTAMP()');
        $this->limit = "SELECT CAST({$least('moment')} AS CHAR) FROM (SELECT UTC_TIMESTAMP() - INTERVAL %1\$d SECOND AS moment) AS m";
    }
}

final class TimeColumn
{
    private const TYPES = [
        '' => ['int', 'timestamp'],
        'int' => ['int'],
        'timestamp' => ['timestamp', 'datetime'],
        'datetime' => ['datetime'],
    ];

    public $sql;
    private $given;
    private $option;
    private $told;

    public function __construct(?string $type, ?string $zone)
    {
        $this->option = $type === null ? 'time_zone' : 'time_type';
        $this->given = $type ?? ($zone === null ? '' : 'datetime');
        if ($this->given === '') {
            $this->told = 'int';
        }
        $this->sql = new TimeSql($this->told ?? $this->given, $zone ?? '');
    }

    public function is(?string $type): bool
    {
        $type = $type ?? ($this->given ?: 'int'); // The driver does not report it.
        if ($type === $this->told) {
            return false;
        }
        if (!in_array($type, self::TYPES[$this->given], true)) {
            $why = 'the time column is ' . strtoupper($type) . $this->otherwise($type);
            throw new \RuntimeException($why, 0, new \InvalidArgumentException($why));
        }
        $this->told = $type;
        if ($this->given !== '') {
            return false;
        }
        $this->sql = new TimeSql($type, '');
        return true;
    }

    private function otherwise(string $type): string
    {
        if ($type === 'datetime') {
            $zone = "give the option 'time_zone', in which it is written ('+00:00' is UTC)";
            return $this->given === '' ? ": $zone" : ", and the option 'time_type' says '$this->given': leave it out, and $zone";
        }
        if ($type !== 'int' && $type !== 'timestamp') {
            return ', and must be INT, TIMESTAMP or DATETIME';
        }
        return $this->option === 'time_zone'
            ? ", and the option 'time_zone' is for a DATETIME: leave it out"
            : ", and the option 'time_type' says '$this->given': leave it out";
    }

    public function hasPassed(string $name): string
    {
        if ($this->given !== '') {
            return "$name < {$this->sql->past}";
        }
        return "IF($name + 0 < 1E13, $name + 0 < UNIX_TIMESTAMP(), $name + 0 < CURRENT_TIMESTAMP + 0)";
    }
}

final class Table
{
    public $name;
    public $id;
    public $data;
    public $time;
    public $charset;
    public $now;
    public $timeColumn;
    public $expires;

    public function __construct(Options $options)
    {
        $this->name = $options->table;
        $this->id = $options->id;
        $this->data = $options->data;
        $this->time = $options->time;
        $this->expires = $options->expires;
        $this->timeColumn = new TimeColumn($options->timeType, $options->timeZone);
        $charset = "CHARSET($this->data)";
        $this->charset = $this->expires ? "IF({$this->timeColumn->hasPassed($this->time)}, NULL, $charset)" : $charset;
        $this->nameNow();
    }

    public function learn(?string $type): void
    {
        if ($this->timeColumn->is($type)) {
            $this->nameNow();
        }
    }

    public function nameNow(): void
    {
        $sql = $this->timeColumn->sql;
        $this->now = $this->expires ? sprintf($sql->end, ini_get('session.gc_maxlifetime')) : $sql->now;
    }
}

final class Superglobal
{
    private const KEY = 'a key of $_SESSION does not fit the serialize handler, and PHP would leave out what is under it, or all';
    private const NO_ARRAY = '$_SESSION is no array any more, and PHP stores nothing';

    private const CALLERS = [
        'session_start' => true, 'session_write_close' => true, 'session_commit' => true, 'session_abort' => true,
        'session_reset' => true, 'session_destroy' => true, 'session_regenerate_id' => true, 'session_create_id' => true,
        'session_decode' => true, 'session_gc' => true,
    ];

    private const NEAR = 6;

    public static function unwritable(?string $data = null): ?string
    {
        if (!is_array($_SESSION ?? null)) {
            return self::NO_ARRAY;
        }
        $handler = ini_get('session.serialize_handler');
        if ($handler === 'php') {
            return ($data === null || $data === '') && self::hasKey('/\|/') ? self::KEY : null;
        }
        return $handler === 'php_binary' && self::hasKey('/^.{128}/s') ? self::KEY : null;
    }

    private static function hasKey(string $pattern): bool
    {
        return preg_grep($pattern, array_keys($_SESSION)) !== [];
    }

    public static function isStored(?string $data = null): bool
    {
        $session = $_SESSION;
        try {
            $one = self::encoded(['a' => 1]);
            return ($data !== null && $one !== $data) || $one !== self::encoded(['b' => 1]);
        } catch (\Throwable $error) {
            return false; // An exception of an object in the variable that PHP keeps.
        } finally {
            $_SESSION = $session;
        }
    }

    private static function encoded(array $session): string
    {
        $_SESSION = $session;
        return (string) @session_encode();
    }

    public static function caller(): string
    {
        foreach ([self::NEAR, 0] as $limit) { // 0: all of them
            $frames = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, $limit);
            foreach ($frames as $frame) {
                if (isset(self::CALLERS[$frame['function']]) && !isset($frame['class'])) {
                    return $frame['function'];
                }
            }
            if (count($frames) < $limit) {
                break;
            }
        }
        $outermost = end($frames);
        return isset($outermost['file']) ? '' : 'shutdown';
    }
}

final class LockedRow
{
    public const GONE = 'the lock was lost, and the row is gone';
    public const CONFLICT = 'the lock was lost, and somebody else has written meanwhile';

    public $id;
    public $data = '';
    public $isNew = false;
    private $charset;
    private $db;
    private $table;

    public function __construct(Connection $db, Table $table)
    {
        $this->db = $db;
        $this->table = $table;
    }

    public function lock(string $id, bool $create, int $seconds): bool
    {
        $this->release();
        $this->db->waitForLocks($seconds);
        $t = $this->table;
        $row = $this->select("SELECT $t->id, $t->data, $t->charset, $t->time FROM $t->name WHERE $t->id = ", $id, ' FOR UPDATE')[0] ?? null;
        $t->learn($this->db->lastType());
        if ($row !== null && $row[0] === $id && $row[2] === null) { // Its time has passed. If nothing is stored, gc() deletes it.
            $row = null;
            if ($create) {
                $this->change("DELETE FROM $t->name WHERE $t->id = ", $id);
            }
        }
        if ($row === null && $create) {
            $this->change("INSERT INTO $t->name ($t->id, $t->data, $t->time) VALUES (", $id, ", '', $t->now)");
            $this->isNew = true;
            $row = [$id, '', null];
        }
        if ($row === null || $row[0] !== $id) {
            $this->release();
            return false;
        }
        $this->id = $id;
        $this->data = (string) $row[1];
        $this->charset = $row[2] === null ? null : (string) $row[2];
        return true;
    }

    public function exists(string $id): bool
    {
        $t = $this->table;
        return $this->select("SELECT $t->id FROM $t->name WHERE $t->id = ", $id) !== [];
    }

    public function touch(): void
    {
        $t = $this->table;
        $this->commitWith(new Statement("UPDATE $t->name SET $t->time = $t->now WHERE $t->id = ", (string) $this->id));
    }

    public function write(string $data): ?string
    {
        $this->learnCharset();
        $id = (string) $this->id;
        $t = $this->table;
        $new = $this->charset === 'binary' ? new Bytes($data) : $data;
        $set = "UPDATE $t->name SET $t->data = ";
        $where = ", $t->time = $t->now WHERE $t->id = ";
        $old = $this->data === '' ? "COALESCE($t->data, '')" : $t->data; // NULL is read as ''.
        $isOld = " AND CRC32($old) = ";
        $update = $this->keeps($this->data)
            ? new Statement($set, $new, $where, $id, $isOld, self::checksum($this->data))
            : new Statement($set, $new, $where, $id, "{$isOld}CRC32(CONVERT(", $this->data, " USING $this->charset))");
        try {
            if ($this->mayCommitAtOnce($data)) {
                return $this->commitWith($update) > 0 ? null : $this->readBack($id, $data, 0);
            }
            $changed = $this->db->change($update);
        } catch (\RuntimeException $error) {
            throw DatabaseError::ofData($error, strlen($data));
        }
        if ($changed === 0 || !$this->keeps($data)) {
            $problem = $this->readBack($id, $data, $changed);
            if ($problem !== null) {
                return $problem;
            }
        }
        $this->commit();
        return null;
    }

    private function mayCommitAtOnce(string $data): bool
    {
        return $this->keeps($data) && $data !== $this->data && ($this->isNew || !in_array($this->data, Lock::NOTHING, true));
    }

    private function readBack(string $id, string $data, int $changed): ?string
    {
        $t = $this->table;
        $stored = $this->select("SELECT $t->data FROM $t->name WHERE $t->id = ", $id);
        if ($stored === [[$data]] && ($changed > 0 || $data === $this->data)) {
            return null;
        }
        if ($changed > 0) {
            throw DatabaseError::otherCharset();
        }
        return $stored === [] ? self::GONE : self::CONFLICT;
    }

    private function keeps(string $data): bool
    {
        return $this->charset === 'binary'
            || (preg_match('/^(ascii|latin1|utf8|utf8mb3|utf8mb4)$/D', (string) $this->charset) === 1
                && preg_match('/[^\x00-\x7f]/', $data) === 0);
    }

    private function learnCharset(): void
    {
        if ($this->charset === null) {
            $t = $this->table;
            $this->charset = (string) $this->select("SELECT CHARSET($t->data) FROM $t->name WHERE $t->id = ", (string) $this->id)[0][0];
        }
    }

    private static function checksum(string $data)
    {
        $sum = crc32($data);
        return $sum < 0 ? sprintf('%u', $sum) : $sum;
    }

    public function bury(string $id): void
    {
        $t = $this->table;
        $later = "GREATEST($t->now, $t->time + {$t->timeColumn->sql->second})";
        try {
            $this->change("INSERT INTO $t->name ($t->id, $t->data, $t->time) VALUES (", Tombstone::id($id), ", '', $t->now)"
                . " ON DUPLICATE KEY UPDATE $t->time = $later");
        } catch (\RuntimeException $error) {
            if (!in_array($error->getCode(), DatabaseError::REFUSED_ROW, true)) {
                throw $error;
            }
        }
        $this->commitWith(new Statement("DELETE FROM $t->name WHERE $t->id = ", $id));
    }

    private function commit(): void
    {
        $this->db->commit();
        $this->forget();
    }

    public function commitWasSent(): ?bool
    {
        return $this->db->commitWasSent();
    }

    public function release(): void
    {
        $this->db->rollBack();
        $this->forget();
    }

    private function forget(): void
    {
        $this->id = null;
        $this->data = '';
        $this->charset = null;
        $this->isNew = false;
    }

    private function select(string $sql, string $id, string $rest = ''): array
    {
        return $this->db->select(new Statement($sql, $id, $rest));
    }

    private function change(string $sql, string $id, string $rest = ''): void
    {
        $this->db->change(new Statement($sql, $id, $rest));
    }

    private function commitWith(Statement $statement): int
    {
        $changed = $this->db->commitWith($statement);
        $this->forget();
        return $changed;
    }
}

interface Lock
{
    public const NOTHING = ['', 'a:0:{}'];

    public function open(string $id, bool $create): bool;

    public function id(): ?string;

    public function data(): string;

    public function isNew(): bool;

    public function exists(string $id): bool;

    public function save(?string $data): ?string;

    public function destroy(string $id): void;

    public function leave(string $id): void;

    public function release(): void;
}

final class RowLock implements Lock
{
    private const UNKNOWN = 'the connection was lost at COMMIT, and the row does not tell who has written it';

    private $row;
    private $retries;

    public function __construct(LockedRow $row, Retries $retries)
    {
        $this->row = $row;
        $this->retries = $retries;
    }

    public function open(string $id, bool $create): bool
    {
        return $this->row->id === $id || $this->attempt(function (int $seconds) use ($id, $create): bool {
            return $this->row->lock($id, $create, $seconds);
        });
    }

    public function id(): ?string
    {
        return $this->row->id;
    }

    public function data(): string
    {
        return $this->row->data;
    }

    public function isNew(): bool
    {
        return $this->row->isNew;
    }

    public function exists(string $id): bool
    {
        return $this->row->exists($id);
    }

    public function save(?string $data): ?string
    {
        if ($this->row->isNew && in_array($data, self::NOTHING, true)) {
            $this->release();
            return null;
        }
        $given = $this->row->data;
        $this->finish((string) $this->row->id, function (bool $isThere, bool $committing) use ($data, $given): ?string {
            if (!$isThere) { // The write may have succeeded, and the session may have ended or moved since.
                return $committing && $data !== null ? self::UNKNOWN : LockedRow::GONE;
            }
            if ($data === null) {
                $this->row->touch();
                return null;
            }
            $maybeOurs = $committing && $data !== $given && in_array($given, self::NOTHING, true);
            return $this->row->data === $given && !$maybeOurs ? $this->row->write($data) : LockedRow::CONFLICT;
        });
        return null;
    }

    public function destroy(string $id): void
    {
        $this->finish($id, $this->unlessChanged($id, function () use ($id): ?string {
            $this->row->bury($id);
            return null;
        }));
    }

    public function leave(string $id): void
    {
        $this->finish($id, $this->unlessChanged($id, function (): ?string {
            return $this->row->write('');
        }), $this->row->isNew);
    }

    public function release(): void
    {
        $this->row->release();
    }

    private function unlessChanged(string $id, callable $end): callable
    {
        $given = $this->row->id === $id ? $this->row->data : null; // null: this request has not read it
        return function (bool $isThere, bool $committing) use ($given, $end): ?string {
            if (!$isThere) {
                return $given === null ? null : ($committing ? self::UNKNOWN : LockedRow::GONE);
            }
            return $given !== null && $this->row->data !== $given ? LockedRow::CONFLICT : $end();
        };
    }

    private function finish(string $id, callable $change, bool $create = false): void
    {
        $committing = false;
        try {
            $problem = $this->attempt(function (int $seconds) use ($id, $change, $create, &$committing): ?string {
                try {
                    $problem = $change($this->row->id === $id || $this->row->lock($id, $create, $seconds), $committing);
                } catch (\RuntimeException $error) {
                    $committing = $this->row->commitWasSent() ?? $committing;
                    throw $error;
                }
                return $committing && $problem === LockedRow::CONFLICT ? self::UNKNOWN : $problem;
            });
        } catch (\RuntimeException $error) {
            throw $committing ? new \RuntimeException('it is not known what COMMIT did: ' . $error->getMessage()) : $error;
        }
        if ($problem !== null) {
            $this->release();
            throw $problem === LockedRow::GONE ? new Gone($problem) : new \RuntimeException($problem);
        }
    }

    private function attempt(callable $work)
    {
        return $this->retries->run($work, [$this, 'release']);
    }
}

final class MergeLock implements Lock
{
    private const TRIES = 3;
    private const TOUCH = 1;
    private const OTHER = 'another request has ended the session';

    private $db;
    private $table;
    private $retries;
    private $lock;
    private $onConflict;
    private $serializeHandler;
    private $snapshot;
    private $left;

    public function __construct(Connection $db, Table $table, Retries $retries, $onConflict, ?string $serializeHandler)
    {
        $this->serializeHandler = $serializeHandler;
        $this->db = $db;
        $this->table = $table;
        $this->retries = $retries;
        $this->lock = new RowLock(new LockedRow($db, $table), $retries);
        $this->onConflict = $onConflict;
    }

    public function serializeHandler(): string
    {
        return $this->serializeHandler ?? (string) ini_get('session.serialize_handler');
    }

    public function open(string $id, bool $create): bool
    {
        if ($this->snapshot === null || $this->snapshot->id !== $id) {
            $this->format();
            $this->snapshot = $this->read($id);
        }
        if ($this->snapshot !== null && $this->snapshot->data === null && !$create) {
            $this->snapshot = null;
        }
        return $this->snapshot !== null;
    }

    public function id(): ?string
    {
        return $this->snapshot === null ? null : $this->snapshot->id;
    }

    public function data(): string
    {
        return $this->snapshot === null ? '' : (string) $this->snapshot->data;
    }

    public function isNew(): bool
    {
        return $this->snapshot !== null && $this->snapshot->data === null;
    }

    public function exists(string $id): bool
    {
        if ($this->id() === $id) {
            return true; // It will exist, if it is new.
        }
        $snapshot = $this->read($id);
        return $snapshot !== null && $snapshot->data !== null;
    }

    public function save(?string $data): ?string
    {
        $note = null;
        if ($data === null) {
            $this->touch();
        } else {
            $note = $this->merge($data);
        }
        $this->release();
        return $note;
    }

    public function destroy(string $id): void
    {
        $this->release();
        try {
            $this->unlessOthersWereFaster(function () use ($id): void {
                if ($this->lock->open($id, false) && !in_array($this->lock->data(), self::NOTHING, true)) {
                    $this->lock->destroy($id);
                }
            });
        } catch (Gone $error) { // Another request has destroyed it.
        }
        $this->lock->release();
    }

    public function leave(string $id): void
    {
        if (!$this->open($id, true)) {
            throw new \RuntimeException('the id matches another only by collation');
        }
        $left = $this->unlessOthersWereFaster(function () use ($id): array {
            $this->lockAgain($this->isNew());
            $left = $this->left ?? [$this->data(), $this->lock->data()];
            $this->lock->leave($id);
            return $left;
        });
        $this->release();
        $this->left = $left;
    }

    public function release(): void
    {
        $this->snapshot = null;
        $this->left = null;
        $this->lock->release();
    }

    private function opened(): Snapshot
    {
        if ($this->snapshot === null) {
            throw new \RuntimeException('no session is open');
        }
        return $this->snapshot;
    }

    private function read(string $id): ?Snapshot
    {
        return $this->retries->run(function () use ($id): ?Snapshot {
            return Snapshot::read($this->db, $this->table, $id);
        }, [$this->db, 'rollBack']);
    }

    private function touch(): void
    {
        $snapshot = $this->opened();
        $touched = $this->retries->run(function () use ($snapshot): ?int {
            $this->db->waitBriefly(self::TOUCH);
            $t = $this->table;
            try {
                return $this->db->commitWith(new Statement("UPDATE $t->name SET $t->time = $t->now WHERE $t->id = ", $snapshot->id));
            } catch (\RuntimeException $error) {
                if (!in_array($error->getCode(), DatabaseError::UNDONE, true)) {
                    throw $error;
                }
                $this->db->rollBack();
                return null;
            }
        }, [$this->db, 'rollBack']);
        if ($touched === 0 && (($now = $this->read($snapshot->id)) === null || $now->data === null)) {
            throw new Ended(self::OTHER);
        }
    }

    private function merge(string $mine): ?string
    {
        $note = null;
        if ($this->left !== null) { // Under its new id nobody else writes.
            $moved = $this->merged($this->left[0], $mine, $this->left[1]);
            [$mine, $note] = [$moved->data, $this->note($moved)];
        }
        if ($this->isNew() && in_array($mine, self::NOTHING, true)) {
            return $note;
        }
        return $this->unlessOthersWereFaster(function (int $try) use ($mine): ?string {
            $this->lockAgain($try === 1 && $this->isNew());
            $isOurs = $this->lock->isNew();
            $merged = $this->merged($this->data(), $mine, $isOurs ? $this->data() : $this->lock->data());
            try {
                $this->lock->save($merged->data);
            } catch (Gone $error) { // Without its placeholder nobody knows whether a new session has ended.
                throw $isOurs ? $error : new Ended(self::OTHER);
            }
            return $this->note($merged);
        }) ?? $note;
    }

    private function unlessOthersWereFaster(callable $work)
    {
        for ($try = 1; ; ++$try) {
            try {
                return $work($try);
            } catch (\RuntimeException $error) {
                if ($error->getMessage() !== LockedRow::CONFLICT || $try === self::TRIES) {
                    throw $error;
                }
            }
        }
    }

    private function lockAgain(bool $create): void
    {
        $snapshot = $this->opened();
        $isSame = $this->retries->run(function () use ($create, $snapshot): bool {
            $isThere = $this->lock->open($snapshot->id, $create);
            $data = $this->lock->isNew() ? null : $this->lock->data();
            return $isThere && $snapshot->isOf($this->db, $this->table, $data);
        }, [$this->lock, 'release']);
        if (!$isSame) {
            $this->lock->release();
            throw new Ended(self::OTHER);
        }
    }

    private function merged(string $base, string $mine, string $theirs): Merged
    {
        if ($theirs === $base) { // As usual: nothing of the merge is loaded.
            return new Merged($mine, []);
        }
        try {
            return ThreeWayMerge::of($base, $mine, $theirs, $this->format(), $this->onConflict);
        } catch (MergeError $error) {
            $this->lock->release();
            throw $error;
        } catch (\Throwable $error) { // The application's function may throw anything, and its message may contain data.
            $this->lock->release();
            $why = 'the function of on_conflict has failed: ' . get_class($error);
            throw new \RuntimeException($why, 0, new \InvalidArgumentException($why));
        }
    }

    private function note(Merged $merged): ?string
    {
        $count = count($merged->conflicts);
        if ($count > 0 && $merged->wasEmptied) {
            return "another request has emptied the session. Changes of what it held that were dropped: $count";
        }
        return $count > 0 && is_string($this->onConflict)
            ? "on_conflict '$this->onConflict' has decided about values that another request has changed too: $count"
            : null;
    }

    private function format(): string
    {
        $format = $this->serializeHandler();
        if (in_array($format, Options::FORMATS, true)) {
            return $format;
        }
        try {
            new Format($format);
            return $format;
        } catch (\InvalidArgumentException $error) {
            throw new \RuntimeException($error->getMessage(), 0, $error);
        }
    }
}

final class Snapshot
{
    public $id;
    public $data;
    private $tombstone;

    private function __construct(string $id, ?string $data, ?string $tombstone)
    {
        $this->id = $id;
        $this->data = $data;
        $this->tombstone = $tombstone;
    }

    public static function read(Connection $db, Table $table, string $id): ?self
    {
        $tombstone = Tombstone::id($id);
        $select = "SELECT $table->id, $table->data, $table->charset, $table->time FROM $table->name WHERE $table->id IN (";
        $rows = $db->read(new Statement($select, $id, ', ', $tombstone, ')'));
        $table->learn($db->lastType());
        $snapshot = new self($id, null, null);
        $isOther = false;
        foreach ($rows as [$key, $data, $charset, $time]) {
            if ($key === $tombstone) {
                $snapshot->tombstone = (string) $time;
            } elseif ($key !== $id) {
                $isOther = true;
            } elseif ($charset !== null) {
                $snapshot->data = (string) $data;
            }
        }
        return $isOther && $snapshot->data === null ? null : $snapshot;
    }

    public function isOf(Connection $db, Table $table, ?string $data): bool
    {
        if ($data !== null && $data === $this->data) {
            return true;
        }
        $found = $db->select(new Statement("SELECT $table->time FROM $table->name WHERE $table->id = ", Tombstone::id($this->id)));
        return $found === [] || (string) $found[0][0] === $this->tombstone;
    }
}

final class Tombstone
{
    public static function id(string $id): string
    {
        $hash = strtr(base64_encode(hash('sha256', $id, true)), ['+' => '-', '/' => ',', '=' => '']);
        return substr(str_pad('<' . $hash, strlen($id), '>'), 0, strlen($id));
    }
}
}
