<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * PDO or mysqli: how statements are sent. Its methods throw what the driver throws; Connection hides that.
 *
 * @internal
 */
interface Driver
{
    /**
     * Sends statements as one text, in one round trip, if the connection allows that. The server stops at the first one that fails.
     *
     * No value from outside may stand in them but as Statement writes it: where several statements are allowed, an injection could run
     * one of its own.
     *
     * @param array<int, string> $statements
     * @return array<int, array<int, array<int, string|int|float|null>>|int> for each of them its rows, or how many rows it has changed
     */
    public function run(array $statements): array;

    /**
     * Prepares and executes a statement, whose values the server binds.
     *
     * @param array<int, string|int> $values
     * @return array<int, array<int, string|int|float|null>>|int its rows, or how many rows it has changed
     */
    public function bind(string $sql, array $values);

    /** How many statements of the last run() have surely succeeded. */
    public function succeeded(): int;

    /**
     * The type of the last column of the last SELECT. The server sends it even if it finds no row.
     *
     * @return string|null a type of dates ('timestamp', 'datetime', 'date', 'time' or 'year'), else 'int'; null: unknown
     */
    public function lastType(): ?string;
}
