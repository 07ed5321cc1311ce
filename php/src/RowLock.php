<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Retries;

/**
 * The lock 'row': a request holds its row from session_start() to the end of the session, so requests of one session run one after the
 * other.
 *
 * An error ends the transaction and with it the lock. Then this class takes a new lock, reads the row again, and decides by what is there:
 * it may overwrite the row if it still has the bytes that PHP got.
 *
 * @internal
 */
final class RowLock implements Lock
{
    private const UNKNOWN = 'the connection was lost at COMMIT, and the row does not tell who has written it';

    /** @var LockedRow */
    private $row;
    /** @var Retries */
    private $retries;

    public function __construct(LockedRow $row, Retries $retries)
    {
        $this->row = $row;
        $this->retries = $retries;
    }

    public function open(string $id, bool $create): bool
    {
        return $this->row->id === $id || $this->attempt(function (int $seconds) use ($id, $create): bool {
            return $this->row->lock($id, $create, $seconds);
        });
    }

    public function id(): ?string
    {
        return $this->row->id;
    }

    public function data(): string
    {
        return $this->row->data;
    }

    public function isNew(): bool
    {
        return $this->row->isNew;
    }

    public function exists(string $id): bool
    {
        return $this->row->exists($id);
    }

    /** It uses UPDATE, so a deleted row is not created again. */
    public function save(?string $data): ?string
    {
        if ($this->row->isNew && in_array($data, self::NOTHING, true)) {
            $this->release();
            return null;
        }
        $given = $this->row->data;
        $this->finish((string) $this->row->id, function (bool $isThere, bool $committing) use ($data, $given): ?string {
            if (!$isThere) { // The write may have succeeded, and the session may have ended or moved since.
                return $committing && $data !== null ? self::UNKNOWN : LockedRow::GONE;
            }
            if ($data === null) {
                $this->row->touch();
                return null;
            }
            // If the row is empty, session_regenerate_id(true) of another request may have moved our write to a new id.
            $maybeOurs = $committing && $data !== $given && in_array($given, self::NOTHING, true);
            return $this->row->data === $given && !$maybeOurs ? $this->row->write($data) : LockedRow::CONFLICT;
        });
        return null;
    }

    public function destroy(string $id): void
    {
        $this->finish($id, $this->unlessChanged($id, function () use ($id): ?string {
            $this->row->bury($id);
            return null;
        }));
    }

    public function leave(string $id): void
    {
        // There was no row before, so the row may be missing; but an empty one has to stay.
        $this->finish($id, $this->unlessChanged($id, function (): ?string {
            return $this->row->write('');
        }), $this->row->isNew);
    }

    public function release(): void
    {
        $this->row->release();
    }

    /**
     * For finish(): ends a session, unless another request has changed it since this one read it.
     *
     * @param callable(): ?string $end returns the reason why it cannot, or null
     * @return callable(bool, bool): ?string
     */
    private function unlessChanged(string $id, callable $end): callable
    {
        $given = $this->row->id === $id ? $this->row->data : null; // null: this request has not read it
        return function (bool $isThere, bool $committing) use ($given, $end): ?string {
            if (!$isThere) {
                return $given === null ? null : ($committing ? self::UNKNOWN : LockedRow::GONE);
            }
            return $given !== null && $this->row->data !== $given ? LockedRow::CONFLICT : $end();
        };
    }

    /**
     * Changes the row and commits; again after an error that passes.
     *
     * If COMMIT had been sent and the bytes of the row differ, they may be ours, or those of another request that also counted from 5 to
     * 6: the outcome is unknown.
     *
     * @param callable(bool, bool): ?string $change gets two booleans: whether the row exists, and whether COMMIT was sent before. It commits and returns
     *     null, or returns the reason why it cannot
     * @param bool $create whether to create a missing row under the new lock, as a placeholder
     */
    private function finish(string $id, callable $change, bool $create = false): void
    {
        /** @var bool $committing */
        $committing = false;
        try {
            $problem = $this->attempt(function (int $seconds) use ($id, $change, $create, &$committing): ?string {
                try {
                    $problem = $change($this->row->id === $id || $this->row->lock($id, $create, $seconds), $committing);
                } catch (\RuntimeException $error) {
                    $committing = $this->row->commitWasSent() ?? $committing;
                    throw $error;
                }
                return $committing && $problem === LockedRow::CONFLICT ? self::UNKNOWN : $problem;
            });
        } catch (\RuntimeException $error) {
            throw $committing ? new \RuntimeException('it is not known what COMMIT did: ' . $error->getMessage()) : $error;
        }
        if ($problem !== null) {
            $this->release();
            throw $problem === LockedRow::GONE ? new Gone($problem) : new \RuntimeException($problem);
        }
    }

    /**
     * @template T
     * @param callable(int): T $work
     * @return T as Retries::run()
     */
    private function attempt(callable $work)
    {
        return $this->retries->run($work, [$this, 'release']);
    }
}
