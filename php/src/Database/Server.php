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
    private const DEFAULTS = [
        'driver' => null, 'host' => 'localhost', 'port' => 3306, 'socket' => null, 'user' => null, 'password' => '', 'database' => '',
        'charset' => 'utf8mb4', 'ssl' => [], 'connect_timeout' => 5, 'persistent' => false,
    ];
    private const SSL = ['key' => null, 'cert' => null, 'ca' => null, 'capath' => null, 'cipher' => null, 'verify' => true];

    /** @var array<int, string> by the ids of these objects. They stay: PHP may write a session after the last destructor, on a new connection */
    private static $passwords = [];
    /** @var array<string, bool> names of persistent connections that a handler of this process uses */
    private static $taken = [];

    /** @var array<string, mixed> the configuration, without the password */
    private $options;
    /** @var string|null the name of the persistent connection that is in use */
    private $name;

    /**
     * @param array<string, mixed> $configuration as of SessionHandler
     * @throws \InvalidArgumentException its message names the key, and contains no value
     */
    public function __construct(
        #[\SensitiveParameter]
        array $configuration
    ) {
        $options = $configuration + self::DEFAULTS;
        if ($unknown = array_diff_key($options, self::DEFAULTS)) {
            throw self::mistake('', 'has no key ' . key($unknown));
        }
        foreach (['host', 'user', 'password', 'database', 'charset'] as $key) {
            // A DSN of PDO separates by semicolons. The password is not in it.
            if (!is_string($options[$key]) || ($key !== 'password' && strpbrk($options[$key], ";\0") !== false)) {
                throw self::mistake($key, 'must be a string without a semicolon');
            }
        }
        if (strncasecmp($options['host'], 'p:', 2) === 0) {
            throw self::mistake('host', "must not begin with 'p:': set 'persistent'");
        }
        if ($options['socket'] !== null && (!self::isText($options['socket']) || strpbrk($options['socket'], ";\0") !== false)) {
            throw self::mistake('socket', 'must be a path without a semicolon');
        }
        foreach (['port' => 65535, 'connect_timeout' => 86400] as $key => $most) {
            if (!is_int($options[$key]) || $options[$key] < 1 || $options[$key] > $most) {
                throw self::mistake($key, "must be an integer, 1 to $most");
            }
        }
        if (!is_array($options['ssl']) || ($unknown = array_diff_key($options['ssl'], self::SSL))) {
            throw self::mistake('ssl', 'must be an array of ' . implode(', ', array_keys(self::SSL)));
        }
        if ($options['ssl'] !== [] && !isset($options['ssl']['ca']) && !isset($options['ssl']['capath'])) {
            throw self::mistake('ssl', "needs 'ca' or 'capath', the authority that has signed the server's certificate");
        }
        foreach ($options['ssl'] as $key => $value) {
            if ($key === 'verify' ? !is_bool($value) : $value !== null && !self::isText($value)) {
                throw self::mistake($key, "of 'ssl' must be " . ($key === 'verify' ? 'true or false' : 'a text that is not empty'));
            }
        }
        $options['ssl'] += self::SSL;
        if (!is_bool($options['persistent'])) {
            throw self::mistake('persistent', 'must be true or false');
        }
        $options['driver'] = self::driver($options['driver']);
        if ($options['persistent'] && ($options['driver'] !== 'pdo' || PHP_VERSION_ID < 80000)) {
            // Others leave a transaction open, and with it a lock, when a request ends by a fatal error.
            throw self::mistake('persistent', 'needs pdo_mysql, and PHP 8.0');
        }
        self::$passwords[spl_object_id($this)] = $options['password'];
        unset($options['password']);
        $this->options = $options;
    }

    public function __destruct()
    {
        $this->leave();
    }

    private function __clone()
    {
    }

    /** @param mixed $value */
    private static function isText($value): bool
    {
        return is_string($value) && $value !== '';
    }

    /** @param mixed $driver */
    private static function driver($driver): string
    {
        $extensions = ['pdo' => 'pdo_mysql', 'mysqli' => 'mysqli'];
        if ($driver !== null && !isset($extensions[$driver])) {
            throw self::mistake('driver', "must be 'pdo' or 'mysqli'");
        }
        foreach ($driver === null ? $extensions : [$driver => $extensions[$driver]] as $name => $extension) {
            if (extension_loaded($extension)) {
                return $name;
            }
        }
        throw self::mistake('driver', 'needs ' . ($driver === null ? 'pdo_mysql or mysqli' : $extensions[$driver]));
    }

    private static function mistake(string $key, string $what): \InvalidArgumentException
    {
        return new \InvalidArgumentException(rtrim("The connection's configuration: " . ($key === '' ? '' : "'$key'")) . " $what");
    }

    public function isPersistent(): bool
    {
        return $this->options['persistent'];
    }

    /** @return \PDO|\mysqli a new connection */
    public function connect()
    {
        return $this->options['driver'] === 'pdo' ? $this->pdo([]) : $this->mysqli();
    }

    /**
     * A persistent connection that was set up by $initCommand when it was made. PDO pings it, and makes another one if it is dead.
     *
     * Its name contains the settings and the configuration, so each has only its own: PDO itself would give a configuration with TLS
     * the connection of one without. Nothing else uses that name. A second handler in the same request gets another one: the two would
     * share a transaction.
     */
    public function persistent(string $initCommand): \PDO
    {
        $this->leave();
        $what = md5($initCommand . serialize($this->options));
        for ($number = 1; isset(self::$taken[$this->name = "php-session-bridge $number $what"]); ++$number);
        self::$taken[$this->name] = true;
        return $this->pdo([\PDO::ATTR_PERSISTENT => $this->name, self::attribute('INIT_COMMAND') => $initCommand]);
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
        $options = $this->options;
        $where = $options['socket'] !== null ? "unix_socket={$options['socket']}" : "host={$options['host']};port={$options['port']}";
        $attributes += [\PDO::ATTR_TIMEOUT => $options['connect_timeout'], \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION];
        foreach (['key', 'cert', 'ca', 'capath', 'cipher'] as $key) {
            if ($options['ssl'][$key] !== null) {
                $attributes[self::attribute('SSL_' . strtoupper($key))] = $options['ssl'][$key];
            }
        }
        if (isset($options['ssl']['ca']) || isset($options['ssl']['capath'])) {
            $attributes[self::attribute('SSL_VERIFY_SERVER_CERT')] = $options['ssl']['verify'];
        }
        $source = "mysql:$where;dbname={$options['database']};charset={$options['charset']}";
        return new \PDO($source, $options['user'], self::$passwords[spl_object_id($this)], $attributes);
    }

    /** Since PHP 8.5 the constants of PDO for MySQL are deprecated, and since 8.4 Pdo\Mysql has them. */
    private static function attribute(string $name): int
    {
        return constant(class_exists('Pdo\Mysql', false) ? "Pdo\Mysql::ATTR_$name" : "PDO::MYSQL_ATTR_$name");
    }

    private function mysqli(): \mysqli
    {
        $options = $this->options;
        $db = mysqli_init();
        $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, $options['connect_timeout']);
        $db->options(MYSQLI_SET_CHARSET_NAME, $options['charset']); // In the handshake; set_charset() would cost a round trip.
        $flags = 0;
        ['key' => $key, 'cert' => $cert, 'ca' => $ca, 'capath' => $capath, 'cipher' => $cipher, 'verify' => $verify] = $options['ssl'];
        if ($ca !== null || $capath !== null) {
            $db->ssl_set($key, $cert, $ca, $capath, $cipher);
            $flags = MYSQLI_CLIENT_SSL | ($verify ? 0 : MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT);
            if ($verify) {
                $db->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, true);
            }
        }
        $password = self::$passwords[spl_object_id($this)];
        $host = $options['socket'] !== null ? 'localhost' : $options['host'];
        $isMade = $db->real_connect($host, $options['user'], $password, $options['database'], $options['port'], $options['socket'], $flags);
        if (!$isMade) {
            throw new \mysqli_sql_exception('', $db->connect_errno);
        }
        return $db;
    }
}
