<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Connection;
use PhpSessionBridge\Database\DatabaseError;
use PhpSessionBridge\Database\Retries;
use PhpSessionBridge\Database\Statement;
use PhpSessionBridge\Merge\Format;
use PhpSessionBridge\Merge\Merged;
use PhpSessionBridge\Merge\MergeError;
use PhpSessionBridge\Merge\ThreeWayMerge;

/**
 * The lock 'merge': a request reads its session without a lock, so requests of one session do not wait for each other. At the end it takes
 * the row's lock for a moment, reads again, and puts its changes on what is stored at that moment.
 *
 * A session that was destroyed since it was read stays destroyed, also if another one has begun under its id.
 *
 * @internal
 */
final class MergeLock implements Lock
{
    /** How often a write is tried again that others were faster with. */
    private const TRIES = 3;
    /** Seconds to wait for the row's lock if only the time is to be set. */
    private const TOUCH = 1;
    private const OTHER = 'another request has ended the session';

    /** @var Connection */
    private $db;
    /** @var Table */
    private $table;
    /** @var Retries */
    private $retries;
    /** @var RowLock */
    private $lock;
    /** @var string|callable */
    private $onConflict;
    /** @var string|null */
    private $serializeHandler;
    /** @var Snapshot|null what was read of the open session */
    private $snapshot;
    /** @var array{string, string}|null what was read of the session that goes on under a new id, and what it held when it was left */
    private $left;

    /**
     * @param string|callable $onConflict the rule of ThreeWayMerge
     * @param string|null $serializeHandler the format of the sessions; null: php.ini's
     */
    public function __construct(Connection $db, Table $table, Retries $retries, $onConflict, ?string $serializeHandler)
    {
        $this->serializeHandler = $serializeHandler;
        $this->db = $db;
        $this->table = $table;
        $this->retries = $retries;
        $this->lock = new RowLock(new LockedRow($db, $table), $retries);
        $this->onConflict = $onConflict;
    }

    /** The format that it takes sessions for. */
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

    /** Deletes what is there by now: a logout is one, whatever other requests have stored. An empty row may be that of an old id. */
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

    /** Sets the time. If another request holds the row, that one sets it. */
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
        // Drivers count changed rows: the time may be the same.
        if ($touched === 0 && (($now = $this->read($snapshot->id)) === null || $now->data === null)) {
            throw new Ended(self::OTHER);
        }
    }

    /** @return string|null as save() */
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

    /**
     * Runs $work again if others have changed the row although it was locked: on Galera a lock keeps off its own node alone, and COMMIT
     * fails.
     *
     * @template T
     * @param callable(int): T $work gets the number of the try, from 1 on. It begins with the lock
     * @return T what $work returns
     */
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

    /**
     * Takes the row's lock.
     *
     * @throws Ended if the session has ended since it was read
     */
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

    /** @return string|null as save(): the conflicts about which no function was asked */
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

    /**
     * @return string the format of the sessions
     * @throws \RuntimeException if its sessions cannot be merged; this is a configuration error
     */
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
