<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * PDO and mysqli behind one interface: one way to query, one kind of transaction, and errors that contain neither ids nor data.
 *
 * @internal
 */
final class Connection
{
    /** Bytes from which on a statement may be too long for the server. For a smaller limit the server itself gives an error (1153). */
    private const LONG = 1048576;

    /** Types of dates, by their names in PDO and in mysqli. */
    private const DATES = [
        'timestamp' => 'timestamp', 'datetime' => 'datetime', 'date' => 'date', 'time' => 'time', 'year' => 'year',
        7 => 'timestamp', 12 => 'datetime', 10 => 'date', 11 => 'time', 13 => 'year',
    ];

    /** @var bool false: the server does not know Galera's variables */
    private $mayBeGalera = true;
    /** @var callable|null makes a connection; null: the application gave a connection */
    private $connect;
    /** @var \PDO|\mysqli|null */
    private $db;
    /** @var int */
    private $answerTimeout;
    /** @var int */
    private $maxHold;
    /** @var string */
    private $timeZone;
    /** @var bool */
    private $inTransaction = false;
    /** @var string|null */
    private $lastType;

    /**
     * @param \PDO|\mysqli|callable $connection
     * @param int $answerTimeout seconds to wait for an answer of the server, on connections that this class makes
     * @param int $maxHold seconds between two statements after which the server ends the connection
     * @param string $timeZone a zone that statements will name, without a quote or a backslash
     * @throws \InvalidArgumentException when $connection cannot be used
     */
    public function __construct($connection, int $answerTimeout, int $maxHold, string $timeZone = '+00:00')
    {
        $this->answerTimeout = $answerTimeout;
        $this->maxHold = $maxHold;
        $this->timeZone = $timeZone;
        if (is_callable($connection)) {
            $this->connect = $connection;
        } else {
            $this->db = self::prepared($connection);
        }
    }

    /** Drops the connection, so that the next query makes a new one. @return bool whether that is possible */
    public function forget(): bool
    {
        if ($this->connect === null) {
            return false;
        }
        $this->db = null;
        return true;
    }

    /**
     * @param array<int, string|int> $values bound by the server; without values the statement is sent as it is
     * @return array<int, array<int, mixed>>|int the rows of a SELECT with values, else how many rows were changed
     * @throws \RuntimeException its code is the database's error number, 0 if there is none; its message may be logged
     */
    public function query(string $sql, array $values = [])
    {
        $length = self::length($values);
        if ($length >= self::LONG) { // Otherwise the server would end the connection, at 16 MB without an error.
            $limit = (int) $this->ask('SELECT @@max_allowed_packet + ?', [0])[0][0];
            if ($length >= $limit) {
                $number = DatabaseError::PACKET;
                $why = "the statement has $length bytes, max_allowed_packet is $limit";
                throw new \RuntimeException("database error $number ($why)", $number);
            }
        }
        return $this->ask($sql, $values);
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

    /** @return array<int, array<int, mixed>>|int as query() */
    private function ask(string $sql, array $values)
    {
        if ($this->db === null) {
            $db = $this->connect();
            try {
                $this->db = self::prepared($db);
            } catch (\InvalidArgumentException $error) {
                throw new \RuntimeException($error->getMessage(), 0, $error);
            }
        }
        [$db, $type] = [$this->db, null];
        $result = self::quietly(static function () use ($db, $sql, $values, &$type) {
            return $db instanceof \PDO
                ? self::queryPdo($db, $sql, $values, $type)
                : self::queryMysqli($db, $sql, $values, $type);
        });
        $this->lastType = $type;
        return $result;
    }

    /**
     * The type of the last column of the last SELECT. The server sends it even if it finds no row.
     *
     * @return string|null a type of dates ('timestamp', 'datetime', 'date', 'time' or 'year'), else 'int'; null: unknown
     */
    public function lastType(): ?string
    {
        return $this->lastType;
    }

    /**
     * Connects, with a limit for each answer. By default mysqlnd waits a day, so a frozen database would freeze PHP as well.
     * mysqlnd reads the limit only when it connects, and PDO has no option for it.
     *
     * @return mixed
     */
    private function connect()
    {
        $before = ini_get('mysqlnd.net_read_timeout');
        ini_set('mysqlnd.net_read_timeout', (string) $this->answerTimeout);
        try {
            return self::quietly($this->connect);
        } finally {
            ini_set('mysqlnd.net_read_timeout', (string) $before);
        }
    }

    /**
     * Begins a transaction at READ COMMITTED. At this level InnoDB locks no gaps, on which the first requests of two
     * visitors would deadlock.
     *
     * - sql_mode: data that do not fit are an error, and are not cut off.
     * - time_zone: UTC has no hour that is missing or comes twice. A zone that the server does not know is an error (1298)
     *   here, instead of NULL from CONVERT_TZ.
     * - wait_timeout: the server ends a connection that is silent for so long, and frees the lock of a frozen process.
     * - Character sets: nothing is converted before the column, so a conversion that fails is an error of the column.
     *
     * @param int $lockWait seconds that one statement waits for a lock; NDB has its own limit, usually 1.2 s
     */
    public function begin(int $lockWait): void
    {
        $zone = $this->timeZone === '+00:00' ? '' : "SESSION time_zone = '$this->timeZone', ";
        $this->prepare(
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES', {$zone}SESSION time_zone = '+00:00', "
            . "SESSION innodb_lock_wait_timeout = $lockWait, SESSION lock_wait_timeout = $lockWait, "
            . "SESSION wait_timeout = $this->maxHold, SESSION character_set_connection = @@SESSION.character_set_client"
        );
        $this->query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        $this->query('START TRANSACTION');
        $this->inTransaction = true;
    }

    /**
     * On a node of Galera, the first statement of a transaction then waits until the node has applied what any node has committed.
     * MariaDB alone reads such a comment; one that was built without Galera does not know the variable.
     */
    private function prepare(string $set): void
    {
        if ($this->mayBeGalera) {
            try {
                $this->query("$set /*M!, SESSION wsrep_sync_wait = 7 */");
                return;
            } catch (\RuntimeException $error) {
                if ($error->getCode() !== DatabaseError::UNKNOWN_VARIABLE) {
                    throw $error;
                }
                $this->mayBeGalera = false;
            }
        }
        $this->query($set);
    }

    public function inTransaction(): bool
    {
        return $this->inTransaction;
    }

    public function commit(): void
    {
        $this->query('COMMIT');
        $this->inTransaction = false;
    }

    /** Does nothing without a transaction. Never throws. */
    public function rollBack(): void
    {
        if ($this->inTransaction) {
            $this->inTransaction = false;
            try {
                $this->query('ROLLBACK');
            } catch (\RuntimeException $error) {
                $this->forget(); // The server rolls back the transaction of a lost connection.
            }
        }
    }

    private static function queryPdo(\PDO $db, string $sql, array $values, ?string &$type)
    {
        if ($values === []) {
            return $db->exec($sql);
        }
        $statement = $db->prepare($sql);
        foreach ($values as $i => $value) {
            $statement->bindValue($i + 1, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
        }
        $statement->execute();
        $columns = $statement->columnCount();
        if ($columns === 0) {
            return $statement->rowCount();
        }
        $native = $statement->getColumnMeta($columns - 1)['native_type'] ?? null;
        $type = $native === null ? null : self::DATES[strtolower($native)] ?? 'int';
        return $statement->fetchAll(\PDO::FETCH_NUM);
    }

    private static function queryMysqli(\mysqli $db, string $sql, array $values, ?string &$type)
    {
        // Errors are exceptions by default only since PHP 8.1. The application shares this mode, so it is set back.
        $mode = (new \mysqli_driver())->report_mode;
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        try {
            if ($db->connect_errno !== 0) {
                throw new \mysqli_sql_exception('', $db->connect_errno);
            }
            if ($values === []) {
                $db->query($sql);
                return $db->affected_rows;
            }
            $statement = $db->prepare($sql);
            $types = '';
            foreach ($values as $value) {
                $types .= is_int($value) ? 'i' : 's';
            }
            $statement->bind_param($types, ...$values);
            $statement->execute();
            if ($statement->field_count === 0) {
                return $statement->affected_rows;
            }
            $result = $statement->get_result();
            $type = self::DATES[$result->fetch_field_direct($statement->field_count - 1)->type] ?? 'int';
            return $result->fetch_all(MYSQLI_NUM);
        } finally {
            mysqli_report($mode);
        }
    }

    /**
     * @return \PDO|\mysqli $db, with errors as exceptions and values bound by the server
     * @throws \InvalidArgumentException when it cannot be used
     */
    private static function prepared($db)
    {
        if ($db instanceof \mysqli) {
            return $db;
        }
        if (!$db instanceof \PDO || $db->getAttribute(\PDO::ATTR_DRIVER_NAME) !== 'mysql') {
            throw new \InvalidArgumentException('The connection must be a mysqli, a PDO of mysql, or a callable that makes one');
        }
        if ($db->getAttribute(\PDO::ATTR_PERSISTENT)) {
            throw new \InvalidArgumentException('The connection must not be persistent: the application could share it');
        }
        $db->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
        $db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, false);
        $db->setAttribute(\PDO::ATTR_ORACLE_NULLS, \PDO::NULL_NATURAL); // An empty session is '', not null.
        return $db;
    }

    /**
     * Runs $work and hides the driver's messages, which contain ids and data; mysqlnd also gives warnings. Only the
     * error's number is passed on.
     *
     * @return mixed what $work returns
     * @throws \RuntimeException as query()
     */
    private static function quietly(callable $work)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $work();
        } catch (\Throwable $error) {
            $number = (int) ($error->errorInfo[1] ?? $error->getCode());
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
