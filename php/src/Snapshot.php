<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\Statement;

/**
 * What a request has read of a session without its lock. The tombstone of the last logout tells later whether the session is still the
 * same.
 *
 * @internal
 */
final class Snapshot
{
    /** @var string */
    public $id;
    /** @var string|null the bytes of the row; null: there is none, or it has expired */
    public $data;
    /** @var string|null the time of the tombstone; null: there is none */
    private $tombstone;

    private function __construct(string $id, ?string $data, ?string $tombstone)
    {
        $this->id = $id;
        $this->data = $data;
        $this->tombstone = $tombstone;
    }

    /**
     * Reads both rows in one statement.
     *
     * @return self|null null: the id equals another one only by the column's collation
     */
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

    /**
     * Whether the row, which is locked now, is that of another session: this one was destroyed since, and another one begun under its id.
     * If its bytes are the same, it counts as the same. The same holds for a session that did not exist and was begun and destroyed since.
     *
     * @param string|null $data what the row holds now; null: it is new
     */
    public function isOf(Connection $db, Table $table, ?string $data): bool
    {
        if ($data !== null && $data === $this->data) {
            return true;
        }
        $found = $db->select(new Statement("SELECT $table->time FROM $table->name WHERE $table->id = ", Tombstone::id($this->id)));
        // If there is none any more, it was old and gc() has deleted it: a logout since would have left one.
        return $found === [] || (string) $found[0][0] === $this->tombstone;
    }
}
