<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\DatabaseError;
use PhpSessionBridge\Database\Retries;
use PhpSessionBridge\Database\Settings;

require_once __DIR__ . '/autoload.php';

/**
 * Keeps `$_SESSION` in a MySQL, MariaDB or NDB Cluster table, one row a session, under that row's lock.
 *
 * From session_start() to the end of the session a request locks its row by `SELECT ... FOR UPDATE`, in one transaction at
 * READ COMMITTED. So requests of one visitor run one after the other, here and on every other server that takes the same
 * lock. The transaction lives as long as the session. So this handler needs a connection of its own: on a shared one the
 * application's COMMIT would free the session, and its ROLLBACK would lose it.
 *
 * No method throws, and none shows anything to the visitor. A failure is one line in error_log(), without id and data.
 */
final class SessionHandler implements
    \SessionHandlerInterface,
    \SessionIdInterface,
    \SessionUpdateTimestampHandlerInterface
{
    private const CUT_OFF = '$_SESSION was unset or made a reference, and PHP does not store what was put in it since';
    private const UNSET = '$_SESSION was unset, or made a reference to nothing, and PHP goes on storing what it held';
    /** Seconds of gc() in a request, whose visitor waits for it. */
    private const PATIENCE = 1.0;

    /** @var Connection */
    private $db;
    /** @var Table */
    private $table;
    /** @var Lock */
    private $lock;
    /** @var bool whether PHP itself has opened the session, so that `$_SESSION` belongs to it */
    private $isPhps = false;
    /** @var bool whether this session failed before read() could say so */
    private $failed = false;
    /** @var bool whether a failure has been logged, and the status set, since start() was called */
    private $isTold = false;
    /** @var int|null lifetime in seconds for a gc() that waits for the end of the session */
    private $collect;

    /**
     * @param \PDO|\mysqli|callable|array<string, mixed> $connection the handler's own connection; or a function that makes one, a new
     *     one each time; or an array with its configuration. The handler connects on first use, and once more if the connection is lost.
     *     Keys of the array: 'driver' ('pdo' or 'mysqli', by default what is there), 'host' ('localhost'), 'port' (3306), 'socket',
     *     'user', 'password', 'database', 'charset' ('utf8mb4'), 'ssl' (an array of 'ca', 'capath', 'cert', 'key', 'cipher' and
     *     'verify'), 'connect_timeout' (5 seconds), 'persistent' (false): whether PHP keeps it for its next requests.
     * @param array<string, string|int|callable> $options
     *     'table' ('session', or 'database.table'); its columns 'id' ('id'), 'data' ('data') and 'time' ('usetime');
     *     'time_zone' of a DATETIME column, which needs it, in the form of MySQL's time_zone: '+02:00', 'Europe/Berlin' or
     *     'SYSTEM'; 'time_type' of the time column, which is detected if it is not given, and checked if it is ('int': Unix
     *     seconds; 'timestamp': TIMESTAMP, or DATETIME in UTC; 'datetime': DATETIME in 'time_zone');
     *     'time_meaning' of the time column ('last_used', or 'expires_at': session.gc_maxlifetime later);
     *     'lock_timeout' seconds to wait for another request of the same session (10);
     *     'max_hold' seconds of silence after which the server frees the lock of a request (60: twice PHP's usual
     *     max_execution_time, so only a process that hangs or is frozen reaches it);
     *     'lock' ('row': requests of one session run one after the other; 'merge': they run at the same time, and each puts its changes
     *     on what the others have stored); 'on_conflict' in the lock 'merge', the rule of Merge\ThreeWayMerge::of(): 'mine', 'theirs',
     *     'error' or a function ('mine'); 'serialize_handler', the format of the sessions in the lock 'merge' (php.ini's), for an application
     *     that calls this handler itself and has another format than PHP: 'php', 'php_binary' or 'php_serialize'
     *
     * @throws \InvalidArgumentException its message names the option
     */
    public function __construct(
        #[\SensitiveParameter]
        $connection,
        array $options = []
    ) {
        $checked = new Options($options);
        $this->table = new Table($checked);
        $this->db = new Connection($connection, new Settings($checked->lockTimeout, $checked->maxHold, $checked->timeZone));
        $retries = new Retries($this->db, $checked->lockTimeout);
        $this->lock = $checked->lock === 'merge'
            ? new MergeLock($this->db, $this->table, $retries, $checked->onConflict, $checked->serializeHandler)
            : new RowLock(new LockedRow($this->db, $this->table), $retries);
    }

    /**
     * Makes this PHP's session handler and starts the session.
     *
     * If the session is already started, PHP gives the same notice as for a second session_start().
     *
     * @param array<string, mixed> $options as of session_start()
     * @return bool false: there is no session, and the log says why. The status is 503; 500 if trying again does not help; 400 if
     *     the id is bad. It is not set if the headers are already out
     */
    public function start(array $options = []): bool
    {
        $isActive = session_status() === PHP_SESSION_ACTIVE;
        if ($isActive && $this->isPhps && $this->lock->id() !== null) {
            return session_start($options);
        }
        if ($isActive || headers_sent()) {
            return $this->fail('session not started', (string) Obstacle::found(), 500);
        }
        try {
            $isTaken = session_set_save_handler($this, true);
        } catch (\Error $error) {
            return $this->fail('session not started', Obstacle::of($error), 500);
        }
        $this->isTold = false;
        if ($isTaken && session_start($options)) {
            return true;
        }
        /** @var bool $isTold PHP has called this handler */
        $isTold = $this->isTold;
        return $isTold ? false : $this->fail('session not started', 'see what PHP itself has logged', 500);
    }

    /**
     * The format that the lock 'merge' takes sessions for; null: any, as the lock 'row' does not look into them.
     *
     * @internal for adapters to applications that serialize the session themselves
     */
    public function mergedFormat(): ?string
    {
        return $this->lock instanceof MergeLock ? $this->lock->serializeHandler() : null;
    }

    public function __destruct()
    {
        if (session_status() !== PHP_SESSION_ACTIVE) { // An active session will still be written, by a handler without shutdown function.
            $this->abandon();
        }
    }

    /** Does not connect yet. PHP calls it for session_reset() too, in the middle of a session. */
    public function open($path, $name): bool
    {
        $caller = Superglobal::caller();
        if ($caller !== 'session_reset') {
            $this->abandon();
        }
        if ($caller !== 'session_reset' && $caller !== 'session_regenerate_id') {
            $this->lock->release(); // In a worker that lives on, nothing of another session is left.
        }
        $this->isPhps = $caller !== '' && session_status() === PHP_SESSION_ACTIVE;
        $this->failed = false;
        $this->table->nameNow(); // session.gc_maxlifetime may have changed.
        return true;
    }

    /**
     * Whether a row has this id; PHP calls it in strict mode. The row stays locked for the read() that follows.
     *
     * After a failure it returns true, and read() fails. With false PHP would give the visitor a new id, which is a logout.
     */
    public function validateId($id): bool
    {
        if ($this->failed) {
            return true;
        }
        try {
            if ($this->lock->id() !== null) { // In a session: session_reset(), or session_create_id(), which needs a free id.
                return $this->lock->exists($id);
            }
            return $this->lock->open($id, false);
        } catch (\RuntimeException $error) {
            if (in_array($error->getCode(), DatabaseError::BAD_ID, true)) {
                return false;
            }
            $this->failed = true;
            $this->fail('session not read', $error);
            return true;
        }
    }

    /** @return string|false the data of the row, '' for a new session */
    #[\ReturnTypeWillChange]
    public function read($id)
    {
        if ($this->failed) {
            return false;
        }
        try {
            return $this->lock->open($id, true)
                ? $this->lock->data()
                : $this->fail('session not read', 'the id matches another only by collation', 400);
        } catch (\RuntimeException $error) {
            $isId = in_array($error->getCode(), DatabaseError::BAD_ID, true);
            return $this->fail('session not read', $error, $isId ? 400 : null);
        }
    }

    /** Writes and commits. A new session that is still empty leaves no row. */
    public function write($id, $data): bool
    {
        if (($problem = $this->dropped($data)) !== null) {
            return $this->fail('session not written', $problem, 500);
        }
        return $this->save($id, $data);
    }

    /** PHP calls it instead of write() if nothing changed (session.lazy_write); from PHP 8.6 on also for a session that is still empty. */
    public function updateTimestamp($id, $data): bool
    {
        if ($this->lock->isNew()) {
            return $this->write($id, $data);
        }
        if (($problem = $this->dropped($data)) !== null) {
            return $this->fail('session not written', $problem, 500);
        }
        return $this->save($id, null);
    }

    /**
     * Deletes the row and commits. PHP calls it for a logout, for data that it cannot decode, and for
     * session_regenerate_id(true), which then stores its data under another id. So it must not delete data that the request
     * has not seen, and a session that another request has deleted must not come back.
     *
     * session_regenerate_id(true) leaves an empty row. The browser may have sent requests with the old id. If that id were
     * unknown, strict mode would answer them with a cookie, which could replace the new one. For the same reason a logout
     * under the old id keeps the empty row.
     */
    public function destroy($id): bool
    {
        $regenerates = Superglobal::caller() === 'session_regenerate_id';
        if ($regenerates && ($problem = $this->dropped(null)) !== null) {
            return $this->fail('session not destroyed', $problem, 500);
        }
        $isEmpty = $this->lock->id() === $id && in_array($this->lock->data(), Lock::NOTHING, true);
        if ($isEmpty && !$regenerates) { // Nothing to delete, and it may be the row of an old id.
            $this->lock->release();
            return true;
        }
        try {
            $regenerates ? $this->lock->leave($id) : $this->lock->destroy($id);
            return true;
        } catch (\RuntimeException $error) {
            return $this->fail('session not destroyed', $error);
        }
    }

    /** Ends the transaction: changes that are not committed are rolled back. */
    public function close(): bool
    {
        if ($this->lock->id() !== null) { // Nothing was written.
            $caller = Superglobal::caller();
            if ($caller !== 'session_abort' && $caller !== 'session_start') { // These write nothing on purpose.
                $this->abandon();
            }
            if ($caller !== 'session_regenerate_id') { // The session goes on under another id.
                $this->lock->release();
            }
        }
        if ($this->collect !== null) {
            $this->deleteOld($this->collect, microtime(true) + self::PATIENCE);
            $this->collect = null;
        }
        return true;
    }

    public function create_sid(): string
    {
        return (string) session_create_id();
    }

    /**
     * Deletes the sessions that were not used for $max_lifetime; with 'expires_at' the sessions that have expired.
     *
     * If a session is open, it returns 0 and runs after the session's end: the session's transaction must neither hold locks
     * of other sessions nor be lost in a deadlock with them. It then stops after a second, as a visitor waits; the next gc()
     * continues. Without a session, as in a cron job, it deletes all of them and returns their number.
     *
     * @param int $max_lifetime seconds
     * @return int|false
     */
    #[\ReturnTypeWillChange]
    public function gc($max_lifetime)
    {
        if ($this->lock->id() !== null) {
            $this->collect = $max_lifetime;
            return 0;
        }
        return $this->deleteOld($max_lifetime, INF);
    }

    /** @return int|false as gc() */
    private function deleteOld(int $lifetime, float $until)
    {
        try {
            return (new Collector($this->db, $this->table))->collect($lifetime, $until);
        } catch (\RuntimeException $error) {
            $this->lock->release();
            $this->log('old sessions not deleted', $error->getMessage());
            return false;
        }
    }

    /** @param string|null $data null: only set the time */
    private function save(string $id, ?string $data): bool
    {
        if ($this->lock->id() !== $id) {
            return $this->fail('session not written', 'its row is not locked');
        }
        $wasNew = $this->lock->isNew();
        try {
            $note = $this->lock->save($data);
            if ($note !== null) {
                $this->log('session merged', $note);
            }
            return true;
        } catch (\RuntimeException $error) {
            // A logout deleted the row. Without a change this is no failure. With one, the change is lost, and the visitor gets an error.
            if ($error instanceof Ended || ($error instanceof Gone && !$wasNew && $data === null)) {
                $this->log('session not written', $error->getMessage());
                return true;
            }
            return $this->fail('session not written', $error);
        }
    }

    /**
     * Frees the row of a session that PHP has ended without a call of write(). If `$_SESSION` is not an array, it logs this, as PHP
     * does not report it. (PHP does throw an exception from serializing.)
     */
    private function abandon(): void
    {
        if ($this->lock->id() === null || !$this->isPhps) {
            return;
        }
        $problem = Superglobal::unwritable();
        if ($problem !== null) {
            $this->fail('session not written', $problem, 500);
        }
        $this->lock->release();
    }

    /**
     * Why PHP would not store what is in `$_SESSION`; null: it would, or the application calls this handler itself.
     *
     * @param string|null $data what PHP has encoded of it. null: PHP stores it later. Laminas' SessionStorage is an object in `$_SESSION`,
     *     and turns it into an array first
     */
    private function dropped(?string $data): ?string
    {
        if (!$this->isPhps) {
            return null;
        }
        if ((isset($_SESSION) || array_key_exists('_SESSION', $GLOBALS)) && Superglobal::isStored($data)) {
            return $data === null && is_object($GLOBALS['_SESSION']) ? null : Superglobal::unwritable($data);
        }
        if (!empty($_SESSION)) {
            return self::CUT_OFF;
        }
        $this->log('session kept', self::UNSET); // PHP's behaviour stays, but it is logged.
        return null;
    }

    /**
     * Logs a failure and sets the status. After a false PHP adds a warning of its own, which display_errors would show to the
     * visitor. So display_errors is off for the rest of the request; log_errors stays as it is.
     *
     * @param string|\RuntimeException $why
     * @param int|null $status null: that of the error, else 503
     * @return false
     */
    private function fail(string $what, $why, ?int $status = null): bool
    {
        $this->lock->release();
        $this->isTold = true;
        $isError = $why instanceof \RuntimeException;
        $status = $status ?? ($isError ? DatabaseError::status($why) : 503);
        $this->log($what, $isError ? $why->getMessage() : $why);
        ini_set('display_errors', '0');
        if (!headers_sent()) {
            http_response_code($status);
            if ($status === 503) {
                header('Retry-After: 5');
            }
        }
        return false;
    }

    private function log(string $what, string $why): void
    {
        error_log("PhpSessionBridge: $what, table {$this->table->name}: $why");
    }
}
