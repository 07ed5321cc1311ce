<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * What the handler sets on its connection, once.
 *
 * - READ COMMITTED: InnoDB then locks no gaps, on which the first requests of two visitors would deadlock.
 * - autocommit: off, so a transaction begins without a statement of its own.
 * - sql_mode: data that do not fit are an error, and are not cut off.
 * - time_zone: UTC has no hour that is missing or comes twice. A zone that the server does not know is an error (1298)
 *   here, instead of NULL from CONVERT_TZ.
 * - wait_timeout: the server ends a connection that is silent for so long, and frees the lock of a frozen process.
 * - sql_select_limit: none. With 0 or 1 as the server's default a session would look as if it were not there.
 * - Character sets: nothing is converted before the column, so a conversion that fails is an error of the column.
 * - wsrep_sync_wait: on a node of Galera, the first statement of a transaction then waits until the node has applied what any node has
 *   committed. MariaDB alone reads such a comment.
 *
 * @internal
 */
final class Settings
{
    /** @var int seconds that one statement waits for a lock; NDB has its own limit, usually 1.2 s */
    public $lockWait;
    /** @var int seconds to wait for an answer of the server, on connections that are made here */
    public $answerTimeout;
    /** @var int seconds */
    private $maxHold;
    /** @var string|null */
    private $timeZone;

    /**
     * @param int $maxHold seconds
     * @param string|null $timeZone a zone that statements will name, without a quote or a backslash; null: none
     */
    public function __construct(int $lockWait, int $maxHold, ?string $timeZone)
    {
        $this->lockWait = $lockWait;
        $this->answerTimeout = $lockWait + 2;
        $this->maxHold = $maxHold;
        $this->timeZone = $timeZone;
    }

    /** @return array<int, string> statements for a new connection; with `wsrep_sync_wait` only one that MariaDB built with Galera takes */
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

    /**
     * The same for MYSQL_ATTR_INIT_COMMAND, by which mysqlnd sets up a connection once, when it is made. mysqlnd reports only errors of the
     * first statement. The second one cannot fail; the third one may, on a MariaDB without Galera.
     */
    public function initCommand(): string
    {
        [$first, $second] = $this->statements($this->lockWait, false);
        return "$first; $second; /*M! SET SESSION wsrep_sync_wait = 7 */";
    }

    /** Assignments for SET. */
    public static function waiting(int $seconds): string
    {
        return "SESSION innodb_lock_wait_timeout = $seconds, SESSION lock_wait_timeout = $seconds";
    }
}
