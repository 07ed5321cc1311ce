<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * How requests of one session keep out of each other's way, between session_start() and its end. One class for each kind of lock.
 * SessionHandler calls it and knows no SQL; such a class knows nothing of `$_SESSION` and of HTTP.
 *
 * A request has one session at a time. Each method throws a RuntimeException whose code is the database's error number, 0 if there is
 * none, and whose message may be logged. After it no session is open.
 *
 * @internal
 */
interface Lock
{
    /** Empty sessions: in php and php_binary, and in php_serialize. */
    public const NOTHING = ['', 'a:0:{}'];

    /**
     * Begins a request's use of a session.
     *
     * @param bool $create whether to begin a session that does not exist
     * @return bool false: it does not exist, or its id equals another one only by the column's collation
     */
    public function open(string $id, bool $create): bool;

    /** @return string|null the id of the open session; null: none is open */
    public function id(): ?string;

    /** The bytes of the open session, as this request got them. */
    public function data(): string;

    /** Whether the open session did not exist before, and is not stored yet. */
    public function isNew(): bool;

    /** Whether a session has this id, while another one is open. */
    public function exists(string $id): bool;

    /**
     * Stores the open session and ends its use. A new session that is still empty leaves no row. It never creates a session again that
     * another request has deleted.
     *
     * @param string|null $data null: nothing was changed, and only the time is set
     * @return string|null what the log should say, although the session is stored: without keys and values
     * @throws Gone if the session was deleted meanwhile
     */
    public function save(?string $data): ?string;

    /**
     * Deletes a session that need not be the open one, and ends the use of the open one. It must not delete what another request has
     * stored since this request read it.
     */
    public function destroy(string $id): void;

    /** Empties the session whose data will be stored under a new id, and ends its use. Its row stays, and is created if it is missing. */
    public function leave(string $id): void;

    /** Ends the use of the open session without storing it. Never throws. */
    public function release(): void;
}
