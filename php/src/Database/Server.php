<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * The server of a configuration: makes the handler's own connections.
 *
 * The password is in no property, so neither var_dump() and var_export() of the handler nor a stack trace shows it.
 *
 * @internal
 */
final class Server
{
    private const SSL = ['key' => null, 'cert' => null, 'ca' => null, 'capath' => null, 'cipher' => null, 'verify' => true];
    private const EXTENSIONS = ['pdo' => 'pdo_mysql', 'mysqli' => 'mysqli'];

    /** @var array<int, string> by the ids of these objects. They stay: PHP may write a session after the last destructor, on a new connection */
    private static $passwords = [];
    /** @var array<string, bool> names of persistent connections that a handler of this process uses */
    private static $taken = [];

    /** @var string|null */
    private $driver;
    /** @var string */
    private $host = 'localhost';
    /** @var int */
    private $port = 3306;
    /** @var string|null */
    private $socket;
    /** @var string|null */
    private $user;
    /** @var string */
    private $database = '';
    /** @var string */
    private $charset = 'utf8mb4';
    /** @var array{key: ?string, cert: ?string, ca: ?string, capath: ?string, cipher: ?string, verify: bool}|array{} none: no TLS */
    private $ssl = [];
    /** @var int seconds */
    private $connectTimeout = 5;
    /** @var bool */
    private $persistent = false;
    /** @var string|null the name of the persistent connection that is in use */
    private $name;

    /**
     * Only what is given is checked: each request does this again.
     *
     * @param array<string, mixed> $configuration as of SessionHandler
     * @throws \InvalidArgumentException its message names the key, and contains no value
     */
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
            // Others leave a transaction open, and with it a lock, when a request ends by a fatal error.
            throw self::mistake('persistent', 'needs pdo_mysql, and PHP 8.0');
        }
    }

    /** @param mixed $value */
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
                // A DSN of PDO separates by semicolons. The password is not in it.
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

    /** @param mixed $value */
    private static function number(string $key, $value, int $most): int
    {
        if (!is_int($value) || $value < 1 || $value > $most) {
            throw self::mistake($key, "must be an integer, 1 to $most");
        }
        return $value;
    }

    /**
     * @param mixed $value
     * @return array{key: ?string, cert: ?string, ca: ?string, capath: ?string, cipher: ?string, verify: bool}|array{} no TLS, or all entries
     */
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

    /** @return \PDO|\mysqli a new connection */
    public function connect()
    {
        return $this->driver === 'pdo' ? $this->pdo([]) : $this->mysqli();
    }

    /**
     * A persistent connection that was set up by $initCommand when it was made. PDO pings it, and makes another one if it is dead.
     *
     * It has a name, so the application never gets it. The name contains the settings and those of TLS: PDO, which knows connections by
     * their name, server and user, would give a configuration with TLS the connection of one without. A second handler in the same request
     * gets another one: the two would share a transaction.
     */
    public function persistent(string $initCommand): \PDO
    {
        $this->leave();
        $what = $this->ssl === [] ? $initCommand : $initCommand . serialize($this->ssl);
        for ($number = 1; isset(self::$taken[$this->name = "php-session-bridge $number $what"]); ++$number);
        self::$taken[$this->name] = true;
        $setUp = PHP_VERSION_ID < 80400 ? \PDO::MYSQL_ATTR_INIT_COMMAND : \Pdo\Mysql::ATTR_INIT_COMMAND;
        return $this->pdo([\PDO::ATTR_PERSISTENT => $this->name, $setUp => $initCommand]);
    }

    /** Another handler may use the persistent connection from now on. */
    public function leave(): void
    {
        unset(self::$taken[$this->name]);
        $this->name = null;
    }

    /** @param array<int, mixed> $attributes */
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

    /** Since PHP 8.5 the constants of PDO for MySQL are deprecated, and since 8.4 Pdo\Mysql has them. */
    private static function attribute(string $name): int
    {
        /** @var int $attribute */
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
            // An empty text is none. PHP 7 takes no null.
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
