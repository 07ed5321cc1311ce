<?php

declare(strict_types=1);

namespace PhpSessionBridge;

require_once __DIR__ . '/Connection.php'; // For applications that load this file without Composer.
require_once __DIR__ . '/DatabaseError.php';
require_once __DIR__ . '/Obstacle.php';
require_once __DIR__ . '/Superglobal.php';
require_once __DIR__ . '/TimeColumn.php';

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
    private const NAMES = ['table' => 'session', 'id' => 'id', 'data' => 'data', 'time' => 'usetime'];
    private const SECONDS = ['lock_timeout' => 10, 'max_hold' => 60];

    /** An empty session: in php and php_binary, and in php_serialize. */
    private const NOTHING = ['', 'a:0:{}'];

    private const GONE = 'the lock was lost, and the row is gone';
    private const CONFLICT = 'the lock was lost, and somebody else has written meanwhile';
    private const UNKNOWN = 'the connection was lost at COMMIT, and the row does not tell who has written it';
    private const CUT_OFF = '$_SESSION was unset or made a reference, and PHP does not store what was put in it since';
    private const UNSET = '$_SESSION was unset, or made a reference to nothing, and PHP goes on storing what it held';
    /** How many rows gc() deletes in one transaction, and how many it searches at once: a search may read the whole table. */
    private const BATCH = 100;
    private const PAGE = 5000;
    /** Seconds of gc() in a request, whose visitor waits for it. It then finishes its batch. */
    private const PATIENCE = 1.0;

    /** @var Connection */
    private $db;
    /** @var array<string, string> placeholders in statements, and the names and times that replace them */
    private $names = [];
    /** @var bool whether the time column says when a session ends */
    private $expires;
    /** @var TimeColumn */
    private $time;
    /** @var int seconds */
    private $lockTimeout;
    /** @var string|null the id whose row is locked */
    private $id;
    /** @var string the bytes in the locked row, as PHP got them */
    private $data = '';
    /** @var bool whether the locked row is our own placeholder, which no other transaction can see yet */
    private $isNew = false;
    /** @var string the character set of the data column, 'binary' for bytes, '' if it is unknown */
    private $charset = '';
    /** @var bool whether PHP's session has read the row, so that `$_SESSION` belongs to it */
    private $isPhps = false;
    /** @var bool whether this session failed before read() could say so */
    private $failed = false;
    /** @var bool whether a failure has been logged, and the status set, since start() was called */
    private $isTold = false;
    /** @var int|null lifetime in seconds for a gc() that waits for the end of the session */
    private $collect;

    /**
     * @param \PDO|\mysqli|callable $connection the handler's own connection, or a function that makes one. The handler calls
     *     it on first use, and once more if the connection is lost. It must return a new connection each time.
     * @param array<string, string|int> $options
     *     'table' ('session', or 'database.table'); its columns 'id' ('id'), 'data' ('data') and 'time' ('usetime');
     *     'time_zone' of a DATETIME column, which needs it, in the form of MySQL's time_zone: '+02:00', 'Europe/Berlin' or
     *     'SYSTEM'; 'time_type' of the time column, which is detected if it is not given, and checked if it is ('int': Unix
     *     seconds; 'timestamp': TIMESTAMP, or DATETIME in UTC; 'datetime': DATETIME in 'time_zone');
     *     'time_meaning' of the time column ('last_used', or 'expires_at': session.gc_maxlifetime later);
     *     'lock_timeout' seconds to wait for another request of the same session (10);
     *     'max_hold' seconds of silence after which the server frees the lock of a request (60: twice PHP's usual
     *     max_execution_time, so only a process that hangs or is frozen reaches it)
     *
     * @throws \InvalidArgumentException its message names the option
     */
    public function __construct($connection, array $options = [])
    {
        $defaults = self::NAMES + self::SECONDS + ['time_type' => null, 'time_meaning' => 'last_used', 'time_zone' => null];
        if ($unknown = array_diff_key($options, $defaults)) {
            throw new \InvalidArgumentException('Unknown option: ' . key($unknown));
        }
        $options += $defaults;
        foreach (self::NAMES as $name => $default) {
            $pattern = $name === 'table' ? '/^([^.\0]+\.)?[^.\0]+$/D' : '/^[^.\0]+$/D';
            if (!is_string($options[$name]) || !preg_match($pattern, $options[$name])) {
                throw new \InvalidArgumentException("Option '$name' must be a name");
            }
            $this->names['{' . $name . '}'] = '`' . strtr($options[$name], ['`' => '``', '.' => '`.`']) . '`';
        }
        $type = $options['time_type'];
        if (!in_array($type, [null, 'int', 'timestamp', 'datetime'], true)) {
            throw new \InvalidArgumentException("Option 'time_type' must be 'int', 'timestamp' or 'datetime'");
        }
        $zone = $options['time_zone'];
        if ($type !== null && ($type === 'datetime') !== ($zone !== null)) {
            throw new \InvalidArgumentException("Option 'time_zone' is for the 'time_type' 'datetime', which needs it");
        }
        if ($zone !== null && !(is_string($zone) && preg_match('~^([+-]\d{1,2}:\d\d|[a-z][\w+-]*(/[\w+-]+)*)$~iD', $zone))) {
            throw new \InvalidArgumentException("Option 'time_zone' must be an offset such as '+02:00', a name, or 'SYSTEM'");
        }
        if (!in_array($options['time_meaning'], ['last_used', 'expires_at'], true)) {
            throw new \InvalidArgumentException("Option 'time_meaning' must be 'last_used' or 'expires_at'");
        }
        foreach (self::SECONDS as $name => $default) {
            if (!is_int($options[$name]) || $options[$name] < 1 || $options[$name] > 86400) {
                throw new \InvalidArgumentException("Option '$name' must be an integer, 1 to 86400 seconds");
            }
        }
        $zone = $zone !== null && preg_match('~^(etc/)?utc$~i', $zone) ? '+00:00' : $zone;
        $this->time = new TimeColumn($type, $zone);
        $this->expires = $options['time_meaning'] === 'expires_at';
        $this->names['{expired}'] = $this->expires ? $this->time->hasPassed($this->names['{time}']) : 'FALSE';
        $this->nameNow();
        $this->lockTimeout = $options['lock_timeout'];
        $this->db = new Connection($connection, $options['lock_timeout'] + 2, $options['max_hold'], $zone ?? '+00:00');
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
        if (session_status() === PHP_SESSION_ACTIVE && $this->isPhps && $this->id !== null) {
            return session_start($options);
        }
        $obstacle = Obstacle::found();
        if ($obstacle !== null) {
            return $this->fail('session not started', $obstacle, 500);
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
        return $this->isTold ? false : $this->fail('session not started', 'see what PHP itself has logged', 500);
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
        if (Superglobal::caller() !== 'session_reset') {
            $this->abandon();
        }
        $this->failed = false;
        $this->nameNow(); // session.gc_maxlifetime may have changed.
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
            if ($this->id !== null) { // In a session: session_reset(), or session_create_id(), which needs a free id.
                return $this->query('SELECT {id} FROM {table} WHERE {id} = ?', [$id]) !== [];
            }
            return $this->attempt(function (float $deadline) use ($id): bool {
                return $this->lock($id, false, $deadline);
            });
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
        $this->isPhps = session_status() === PHP_SESSION_ACTIVE && Superglobal::caller() !== '';
        try {
            $locked = $this->id === $id || $this->attempt(function (float $deadline) use ($id): bool {
                return $this->lock($id, true, $deadline);
            });
            return $locked ? $this->data : $this->fail('session not read', 'the id matches another only by collation', 400);
        } catch (\RuntimeException $error) {
            $isId = in_array($error->getCode(), DatabaseError::BAD_ID, true);
            return $this->fail('session not read', $error, $isId ? 400 : null);
        }
    }

    /** Writes and commits. A new session that is still empty leaves no row. */
    public function write($id, $data): bool
    {
        if (($problem = $this->dropped()) !== null) {
            return $this->fail('session not written', $problem, 500);
        }
        if ($this->isNew && in_array($data, self::NOTHING, true)) {
            $this->release();
            return true;
        }
        return $this->save($id, $data);
    }

    /** PHP calls it instead of write() if nothing changed (session.lazy_write); from PHP 8.6 on also for a session that is still empty. */
    public function updateTimestamp($id, $data): bool
    {
        if ($this->isNew) {
            return $this->write($id, $data);
        }
        if (($problem = $this->dropped()) !== null) {
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
        if ($regenerates && ($problem = $this->dropped(true)) !== null) {
            return $this->fail('session not destroyed', $problem, 500);
        }
        $given = $this->id === $id ? $this->data : null; // null: this request has not read it
        $wasNew = $this->isNew;
        if (in_array($given, self::NOTHING, true) && !$regenerates) { // Nothing to delete, and it may be the row of an old id.
            $this->release();
            return true;
        }
        $end = function (bool $isThere, bool $committing) use ($id, $given, $regenerates): ?string {
            if (!$isThere) {
                return $given === null ? null : ($committing ? self::UNKNOWN : self::GONE);
            }
            if ($given !== null && $this->data !== $given) {
                return self::CONFLICT;
            }
            if ($regenerates) {
                return $this->update($id, '');
            }
            $this->bury($id);
            $this->query('DELETE FROM {table} WHERE {id} = ?', [$id]);
            return null;
        };
        try {
            // There was no row before, so the row may be missing; but an empty one has to stay.
            $this->finish($id, $end, $regenerates && $wasNew);
            return true;
        } catch (\RuntimeException $error) {
            return $this->fail('session not destroyed', $error);
        }
    }

    /**
     * Inserts the tombstone, the row by which Node recognises a logout. If a rule of the table refuses it (such as a row that needs more
     * than id, data and time), there is none, and the logout works all the same. It comes before the DELETE: if such an error ends the
     * transaction (NDB), the DELETE commits itself.
     */
    private function bury(string $id): void
    {
        $sql = "INSERT INTO {table} ({id}, {data}, {time}) VALUES (?, '', {now})"
            . " ON DUPLICATE KEY UPDATE {time} = GREATEST({now}, {time} + {$this->time->sql->second})";
        try {
            $this->query($sql, [self::tombstone($id)]);
        } catch (\RuntimeException $error) {
            if (!in_array($error->getCode(), DatabaseError::REFUSED_ROW, true)) {
                throw $error;
            }
        }
    }

    /**
     * The id of a tombstone. By this row Node recognises that a later session under the same id is another session. The id is a hash, as
     * long as the session's id, with a `<` in front, which PHP accepts in no cookie. Node's side has the same rule, in
     * stores/mysql/tombstone.ts.
     */
    private static function tombstone(string $id): string
    {
        $hash = strtr(base64_encode(hash('sha256', $id, true)), ['+' => '-', '/' => ',', '=' => '']);
        return substr(str_pad('<' . $hash, strlen($id), '>'), 0, strlen($id));
    }

    /** Ends the transaction: changes that are not committed are rolled back. */
    public function close(): bool
    {
        if (!in_array(Superglobal::caller(), ['session_abort', 'session_start'], true)) { // These write nothing on purpose.
            $this->abandon();
        }
        $this->release();
        if ($this->collect !== null) {
            $this->deleteOld($this->collect, microtime(true) + self::PATIENCE);
            $this->collect = null;
        }
        return true;
    }

    public function create_sid(): string
    {
        return session_create_id();
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
        if ($this->db->inTransaction()) {
            $this->collect = $max_lifetime;
            return 0;
        }
        return $this->deleteOld($max_lifetime, INF);
    }

    /** @return int|false as gc() */
    private function deleteOld(int $lifetime, float $until)
    {
        try {
            return $this->collect($lifetime, $until);
        } catch (\RuntimeException $error) {
            $this->release();
            $this->log('old sessions not deleted', $error->getMessage());
            return false;
        }
    }

    /**
     * Finds rows without a lock, and deletes them one by one by the primary key. A single DELETE by time would lock each row that
     * it reads. Without an index on the time it would therefore wait for every session in use.
     *
     * @param float $until when it ends early, by microtime(true)
     */
    private function collect(int $lifetime, float $until): int
    {
        $this->db->begin(1);
        $this->query('SELECT {time} FROM {table} LIMIT ?', [0]); // In a cron job no session has read the type yet.
        $this->learnTime();
        $limit = $this->query($this->time->sql->limit, [$this->expires ? 0 : max(0, $lifetime)])[0][0];
        $this->db->commit();
        $total = 0;
        do {
            $ids = $this->query('SELECT {id} FROM {table} WHERE {time} < ? LIMIT ' . self::PAGE, [$limit]);
            $deleted = 0;
            foreach (array_chunk($ids, self::BATCH) as $batch) {
                $deleted += $this->deleteBatch($batch, $limit);
                if (microtime(true) >= $until) {
                    break;
                }
            }
            $total += $deleted;
            $isWhole = $deleted > 0 && count($ids) === self::PAGE; // None deleted: all are in use.
        } while ($isWhole && microtime(true) < $until);
        return $total;
    }

    /**
     * Deletes in one transaction. If one of the rows is in use, it deletes each row in a transaction of its own, and skips that one.
     *
     * @param array<int, array<int, mixed>> $ids
     * @param mixed $limit the time before which a session is old
     */
    private function deleteBatch(array $ids, $limit): int
    {
        $this->db->begin(1);
        $deleted = 0;
        try {
            foreach ($ids as [$id]) {
                $deleted += $this->query('DELETE FROM {table} WHERE {id} = ? AND {time} < ?', [$id, $limit]);
            }
            $this->db->commit();
            return $deleted;
        } catch (\RuntimeException $error) {
            if (!in_array($error->getCode(), DatabaseError::UNDONE, true)) {
                throw $error;
            }
            $this->db->rollBack();
        }
        $deleted = 0;
        foreach (count($ids) > 1 ? $ids : [] as $id) {
            $deleted += $this->deleteBatch([$id], $limit);
        }
        return $deleted;
    }

    /**
     * Takes the lock on one row and reads it: one try, for attempt().
     *
     * A missing row cannot be locked, but a placeholder can: a request that inserts the same id waits for it.
     *
     * @return bool false: there is no such row, or it has expired, or its id is the same only by the column's collation
     */
    private function lock(string $id, bool $create, float $deadline): bool
    {
        $this->release();
        $this->db->begin((int) max(1, ceil($deadline - microtime(true))));
        $read = 'SELECT {id}, {data}, CHARSET({data}), {expired}, {time} FROM {table} WHERE {id} = ? FOR UPDATE';
        $row = $this->query($read, [$id])[0] ?? null;
        $this->learnTime();
        if ($row !== null && $row[0] === $id && $row[3]) { // It counts as missing. If nothing is stored, gc() deletes it.
            $row = null;
            if ($create) {
                $this->query('DELETE FROM {table} WHERE {id} = ?', [$id]);
            }
        }
        if ($row === null && $create) {
            $this->query("INSERT INTO {table} ({id}, {data}, {time}) VALUES (?, '', {now})", [$id]);
            $this->isNew = true;
            $row = [$id, '', ''];
        }
        if ($row === null || $row[0] !== $id) {
            $this->release();
            return false;
        }
        $this->id = $id;
        $this->data = (string) $row[1];
        $this->charset = (string) $row[2];
        return true;
    }

    /**
     * Writes, or only sets the time, and commits. It uses UPDATE, so a deleted row is not created again.
     *
     * @param string|null $data null: only set the time
     */
    private function save(string $id, ?string $data): bool
    {
        if ($this->id !== $id) {
            return $this->fail('session not written', 'its row is not locked');
        }
        $given = $this->data;
        $wasNew = $this->isNew;
        $change = function (bool $isThere, bool $committing) use ($id, $data, $given): ?string {
            if (!$isThere) { // The write may have succeeded, and the session may have ended or moved since.
                return $committing && $data !== null ? self::UNKNOWN : self::GONE;
            }
            if ($data === null) {
                $this->query('UPDATE {table} SET {time} = {now} WHERE {id} = ?', [$id]);
                return null;
            }
            // If the row is empty, session_regenerate_id(true) of another request may have moved our write to a new id.
            $maybeOurs = $committing && $data !== $given && in_array($given, self::NOTHING, true);
            return $this->data === $given && !$maybeOurs ? $this->update($id, $data) : self::CONFLICT;
        };
        try {
            $this->finish($id, $change);
            return true;
        } catch (\RuntimeException $error) {
            // A logout deleted the row. Without a change this is no failure. With one, the change is lost, and the visitor gets an error.
            if ($error->getMessage() === self::GONE && !$wasNew && $data === null) {
                $this->log('session not written', self::GONE);
                return true;
            }
            return $this->fail('session not written', $error);
        }
    }

    /**
     * Changes the row and commits.
     *
     * An error ends the transaction and with it the lock. Then this method takes a new lock and reads the row again. It may
     * overwrite the row if it still has the bytes that PHP got. If COMMIT had been sent and the bytes differ, they may be ours, or
     * those of another request that also counted from 5 to 6: the outcome is unknown.
     *
     * @param callable $change gets two booleans: whether the row exists, and whether COMMIT was sent before. It returns the
     *     reason why it cannot change the row, or null
     * @param bool $create whether to create a missing row under the new lock, as a placeholder
     * @throws \RuntimeException as attempt(); or with the code 0 and the reason of $change
     */
    private function finish(string $id, callable $change, bool $create = false): void
    {
        $committing = false;
        try {
            $problem = $this->attempt(function (float $deadline) use ($id, $change, $create, &$committing): ?string {
                $problem = $change($this->id === $id || $this->lock($id, $create, $deadline), $committing);
                if ($problem !== null) {
                    return $committing && $problem === self::CONFLICT ? self::UNKNOWN : $problem;
                }
                $committing = true;
                try {
                    $this->db->commit();
                } catch (\RuntimeException $error) {
                    $committing = !in_array($error->getCode(), DatabaseError::UNDONE, true);
                    throw $error;
                }
                $this->release();
                return null;
            });
        } catch (\RuntimeException $error) {
            throw $committing ? new \RuntimeException('it is not known what COMMIT did: ' . $error->getMessage()) : $error;
        }
        if ($problem !== null) {
            throw new \RuntimeException($problem);
        }
    }

    /**
     * Writes only if the row still has the data that were read. The lock ensures this, except in a table that was moved to an engine
     * without row locks.
     *
     * @return string|null the reason why it has not written
     * @throws \RuntimeException as attempt()
     */
    private function update(string $id, string $data): ?string
    {
        $isText = $this->charset !== 'binary' && preg_match('/^\w+$/D', $this->charset) === 1;
        $crc = $isText ? "CRC32(CONVERT(? USING {$this->charset}))" : '?';
        $sql = "UPDATE {table} SET {data} = ?, {time} = {now} WHERE {id} = ? AND CRC32(COALESCE({data}, '')) = $crc";
        try {
            $changed = $this->query($sql, [$data, $id, $isText ? $this->data : sprintf('%u', crc32($this->data))]);
        } catch (\RuntimeException $error) {
            throw DatabaseError::ofData($error, strlen($data));
        }
        if ($changed > 0 && $this->keeps($data)) {
            return null;
        }
        // Drivers count changed rows. So 0 may also mean that the new data and time equal the old ones.
        $stored = $this->query('SELECT {data} FROM {table} WHERE {id} = ?', [$id]);
        if ($stored === [[$data]] && ($changed > 0 || $data === $this->data)) {
            return null;
        }
        if ($changed > 0) {
            throw DatabaseError::otherCharset();
        }
        return $stored === [] ? self::GONE : self::CONFLICT;
    }

    /** Whether the data column surely keeps these bytes: it holds bytes, or they are ASCII, which all usual sets agree on. */
    private function keeps(string $data): bool
    {
        return $this->charset === 'binary'
            || (preg_match('/^(ascii|latin1|utf8|utf8mb3|utf8mb4)$/D', $this->charset) === 1
                && preg_match('/[^\x00-\x7f]/', $data) === 0);
    }

    /**
     * Runs $work again after an error that passes, until the lock's deadline; after a lost connection, only once. It ends the
     * transaction after any error: on NDB it is over already, and the next lock of that connection would lock nothing. So $work
     * begins with the read.
     *
     * @return mixed what $work returns
     * @throws \RuntimeException with the database's error number; its message may be logged
     */
    private function attempt(callable $work)
    {
        $deadline = microtime(true) + $this->lockTimeout;
        $reconnected = false;
        for ($try = 1; ; ++$try) {
            try {
                return $work($deadline);
            } catch (\RuntimeException $error) {
                $this->release();
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
            }
        }
    }

    /**
     * Frees the row of a session that PHP has ended without a call of write(). If `$_SESSION` is not an array, it logs this, as PHP
     * does not report it. (PHP does throw an exception from serializing.)
     */
    private function abandon(): void
    {
        if ($this->id === null || !$this->isPhps) {
            return;
        }
        $problem = Superglobal::unwritable();
        if ($problem !== null) {
            $this->fail('session not written', $problem, 500);
        }
        $this->release();
    }

    /**
     * Why PHP would not store what is in `$_SESSION`; null: it would, or the application calls this handler itself.
     *
     * @param bool $later PHP stores it later: Laminas' SessionStorage is an object in `$_SESSION`, and turns it into an array first
     */
    private function dropped(bool $later = false): ?string
    {
        if (!$this->isPhps) {
            return null;
        }
        if (array_key_exists('_SESSION', $GLOBALS) && Superglobal::isStored()) {
            return $later && is_object($_SESSION) ? null : Superglobal::unwritable();
        }
        if (!empty($_SESSION)) {
            return self::CUT_OFF;
        }
        $this->log('session kept', self::UNSET); // PHP's behaviour stays, but it is logged.
        return null;
    }

    /**
     * Takes the type of the time column from the last SELECT.
     *
     * @throws \RuntimeException if the options name another type
     */
    private function learnTime(): void
    {
        if ($this->time->is($this->db->lastType())) {
            $this->nameNow();
        }
    }

    /** Sets the SQL that a use of the session writes into the time column, if the column's type is known. */
    private function nameNow(): void
    {
        $sql = $this->time->sql;
        if ($sql !== null) {
            $this->names['{now}'] = $this->expires ? sprintf($sql->end, ini_get('session.gc_maxlifetime')) : $sql->now;
        }
    }

    /** Ends the transaction, if one is open, and forgets its row. */
    private function release(): void
    {
        $this->db->rollBack();
        $this->id = null;
        $this->data = '';
        $this->charset = '';
        $this->isNew = false;
    }

    /** @return array<int, array<int, mixed>>|int as Connection::query(), for SQL with `{table}`, `{id}` and so on */
    private function query(string $template, array $values)
    {
        return $this->db->query(strtr($template, $this->names), $values);
    }

    /**
     * Logs a failure and sets the status. After a false PHP adds a warning of its own, which display_errors would show to the
     * visitor. So display_errors is off for the rest of the request; log_errors stays as it is.
     *
     * @param string|\RuntimeException $why
     * @param int|null $status null: that of the error, else 503
     */
    private function fail(string $what, $why, ?int $status = null): bool
    {
        $this->release();
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
        error_log("PhpSessionBridge: $what, table {$this->names['{table}']}: $why");
    }
}
