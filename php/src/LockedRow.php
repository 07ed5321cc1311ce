<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Bytes;
use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\DatabaseError;
use PhpSessionBridge\Database\Statement;

/**
 * One row of the table, under its lock: the statements of the transaction that holds it.
 *
 * @internal
 */
final class LockedRow
{
    public const GONE = 'the lock was lost, and the row is gone';
    public const CONFLICT = 'the lock was lost, and somebody else has written meanwhile';

    /** @var string|null the id whose row is locked */
    public $id;
    /** @var string the bytes in the row, as PHP got them */
    public $data = '';
    /** @var bool whether the row is our own placeholder, which no other transaction can see yet */
    public $isNew = false;
    /** @var string|null the character set of the data column, 'binary' for bytes; null: unknown, for a placeholder */
    private $charset;
    /** @var Connection */
    private $db;
    /** @var Table */
    private $table;

    public function __construct(Connection $db, Table $table)
    {
        $this->db = $db;
        $this->table = $table;
    }

    /**
     * Takes the lock on a row and reads it: one try, for Retries.
     *
     * A missing row cannot be locked, but a placeholder can: a request that inserts the same id waits for it.
     *
     * @param int $seconds to wait for it
     * @return bool false: there is no such row, or it has expired, or its id is the same only by the column's collation
     */
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

    /** Whether there is a row of another id. */
    public function exists(string $id): bool
    {
        $t = $this->table;
        return $this->select("SELECT $t->id FROM $t->name WHERE $t->id = ", $id) !== [];
    }

    /** Sets the time, and commits. */
    public function touch(): void
    {
        $t = $this->table;
        $this->commitWith(new Statement("UPDATE $t->name SET $t->time = $t->now WHERE $t->id = ", (string) $this->id));
    }

    /**
     * Writes and commits, if the row still has the data that were read. The lock ensures that it has, except in a table that was moved to
     * an engine without row locks.
     *
     * @return string|null the reason why it has not written
     */
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

    /**
     * Whether COMMIT may go with UPDATE in one round trip: if nothing has to be looked at in between, and if the row will tell which of
     * the two was done should the answer be lost. An empty row would not: session_regenerate_id(true) of another request leaves one too.
     */
    private function mayCommitAtOnce(string $data): bool
    {
        return $this->keeps($data) && $data !== $this->data && ($this->isNew || !in_array($this->data, Lock::NOTHING, true));
    }

    /** @return string|null the reason why the row does not hold $data; null: it does */
    private function readBack(string $id, string $data, int $changed): ?string
    {
        $t = $this->table;
        $stored = $this->select("SELECT $t->data FROM $t->name WHERE $t->id = ", $id);
        // Drivers count changed rows. So 0 may also mean that the new data and time equal the old ones.
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
            || (preg_match('/^(ascii|latin1|utf8|utf8mb3|utf8mb4)$/D', (string) $this->charset) === 1
                && preg_match('/[^\x00-\x7f]/', $data) === 0);
    }

    /** Asks for the character set of the data column, if the row is a placeholder: there was no row to read it from. */
    private function learnCharset(): void
    {
        if ($this->charset === null) {
            $t = $this->table;
            $this->charset = (string) $this->select("SELECT CHARSET($t->data) FROM $t->name WHERE $t->id = ", (string) $this->id)[0][0];
        }
    }

    /**
     * As the server's CRC32(). On 32 bits PHP's is negative in its upper half; the server compares a text as a number too.
     *
     * @return int|string
     */
    private static function checksum(string $data)
    {
        $sum = crc32($data);
        return $sum < 0 ? sprintf('%u', $sum) : $sum;
    }

    /**
     * Deletes the row of a session that has ended, inserts its tombstone, and commits. If a rule of the table refuses the tombstone (such
     * as a row that needs more than id, data and time), there is none, and the logout works all the same. It comes before the DELETE: if
     * such an error ends the transaction (NDB), the DELETE commits itself.
     */
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

    /** @return bool|null as of Connection, after an error */
    public function commitWasSent(): ?bool
    {
        return $this->db->commitWasSent();
    }

    /** Ends the transaction, if one is open, and forgets the row. */
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

    /** @return array<int, array<int, string|int|float|null>> */
    private function select(string $sql, string $id, string $rest = ''): array
    {
        return $this->db->select(new Statement($sql, $id, $rest));
    }

    private function change(string $sql, string $id, string $rest = ''): void
    {
        $this->db->change(new Statement($sql, $id, $rest));
    }

    /** @return int how many rows were changed */
    private function commitWith(Statement $statement): int
    {
        $changed = $this->db->commitWith($statement);
        $this->forget();
        return $changed;
    }
}
