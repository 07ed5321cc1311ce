<?php

declare(strict_types=1);

/** A handler that breaks a promise on purpose: a checker that does not notice it would notice nothing. */
final class Faulty implements SessionHandlerInterface, SessionIdInterface, SessionUpdateTimestampHandlerInterface
{
    /** @var PhpSessionBridge\SessionHandler */
    private $inner;
    /** @var string */
    private $fault;

    public function __construct(PhpSessionBridge\SessionHandler $inner, string $fault)
    {
        $this->inner = $inner;
        $this->fault = $fault;
    }

    public function open($path, $name): bool
    {
        return $this->inner->open($path, $name);
    }

    public function validateId($id): bool
    {
        return $this->inner->validateId($id);
    }

    #[\ReturnTypeWillChange]
    public function read($id)
    {
        return $this->inner->read($id);
    }

    public function write($id, $data): bool
    {
        if ($this->fault === 'reports a write that it did not do') {
            return true;
        }
        $this->readAgain($id);
        $isWritten = $this->inner->write($id, $data);
        if ($this->fault !== 'reports no write, and did one') {
            return $isWritten;
        }
        error_log('PhpSessionBridge: session not written, table `interleave`: database error 1205');
        http_response_code(503);
        return false;
    }

    /** Takes what is there now, or its tombstone alone, for what the lock 'merge' has read. */
    private function readAgain(string $id): void
    {
        $isTombstone = $this->fault === 'writes into the session that has begun after a logout';
        if (!$isTombstone && $this->fault !== 'overwrites what others have stored since it read') {
            return;
        }
        $lock = (function () {
            return $this->lock;
        })->call($this->inner);
        if (!$lock instanceof PhpSessionBridge\MergeLock) {
            return;
        }
        (function () use ($id, $isTombstone): void {
            $now = PhpSessionBridge\Snapshot::read($this->db, $this->table, $id);
            if (!$isTombstone) {
                $this->snapshot = $now;
                return;
            }
            (function () use ($now): void {
                $this->tombstone = $now->tombstone;
            })->call($this->snapshot);
        })->call($lock);
    }

    public function updateTimestamp($id, $data): bool
    {
        return $this->inner->updateTimestamp($id, $data);
    }

    public function destroy($id): bool
    {
        return $this->fault === 'does not delete' || $this->inner->destroy($id);
    }

    public function close(): bool
    {
        return $this->fault === 'keeps its locks' || $this->inner->close();
    }

    public function create_sid(): string
    {
        return $this->inner->create_sid();
    }

    #[\ReturnTypeWillChange]
    public function gc($max_lifetime)
    {
        return $this->inner->gc($max_lifetime);
    }
}
