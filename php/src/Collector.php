<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\DatabaseError;
use PhpSessionBridge\Database\Statement;

/**
 * Deletes old sessions.
 *
 * It finds rows without a lock, and deletes them one by one by the primary key. A single DELETE by time would lock each row that it reads.
 * Without an index on the time it would therefore wait for every session in use.
 *
 * @internal
 */
final class Collector
{
    /** How many rows it deletes in one transaction, and how many it searches at once: a search may read the whole table. */
    private const BATCH = 100;
    private const PAGE = 5000;

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
     * @param int $lifetime seconds since the last use of the sessions that it deletes; if the time column says when a session ends, that
     *     is all that counts
     * @param float $until when it ends early, by microtime(true); it then finishes its batch
     * @return int how many sessions it has deleted
     * @throws \RuntimeException as Connection::query()
     */
    public function collect(int $lifetime, float $until): int
    {
        $this->db->waitForLocks(1);
        $t = $this->table;
        $limit = $this->limit($lifetime);
        $total = 0;
        do {
            $ids = $this->select("SELECT $t->id FROM $t->name WHERE $t->time < ", $limit, ' LIMIT ' . self::PAGE);
            $this->db->commit();
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

    /** @return string|int the time before which a session is old */
    private function limit(int $lifetime)
    {
        $t = $this->table;
        $this->select("SELECT $t->time FROM $t->name LIMIT 0"); // In a cron job no session has read the type yet.
        $t->learn($this->db->lastType());
        $limit = $this->select(sprintf($t->timeColumn->sql->limit, $t->expires ? 0 : max(0, $lifetime)))[0][0];
        return is_numeric($limit) ? (int) $limit : (string) $limit;
    }

    /**
     * Deletes in one transaction. If one of the rows is in use, it deletes each row in a transaction of its own, and skips that one.
     *
     * @param array<int, array<int, string|int|float|null>> $ids
     * @param string|int $limit as of limit()
     */
    private function deleteBatch(array $ids, $limit): int
    {
        $t = $this->table;
        $deleted = 0;
        try {
            foreach ($ids as [$id]) {
                $delete = new Statement("DELETE FROM $t->name WHERE $t->id = ", (string) $id, " AND $t->time < ", $limit);
                $deleted += $this->db->change($delete);
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
     * @param string|int ...$parts of a Statement
     * @return array<int, array<int, string|int|float|null>>
     */
    private function select(...$parts): array
    {
        return $this->db->select(new Statement(...$parts));
    }
}
