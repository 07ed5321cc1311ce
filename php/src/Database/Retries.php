<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * Runs work on the database again after an error that passes.
 *
 * @internal
 */
final class Retries
{
    /** @var Connection */
    private $db;
    /** @var int seconds */
    private $lockTimeout;

    public function __construct(Connection $db, int $lockTimeout)
    {
        $this->db = $db;
        $this->lockTimeout = $lockTimeout;
    }

    /**
     * Repeats $work until the lock's deadline; after a lost connection, only once. It ends the transaction after any error: on NDB it is
     * over already, and the next lock of that connection would lock nothing. So $work begins with the read.
     *
     * @template T
     * @param callable(int): T $work gets the seconds that are left to wait for a lock
     * @param callable $release ends the transaction, and forgets what was read in it
     * @return T what $work returns
     * @throws \RuntimeException with the database's error number; its message may be logged
     */
    public function run(callable $work, callable $release)
    {
        $deadline = microtime(true) + $this->lockTimeout;
        $seconds = $this->lockTimeout;
        $reconnected = false;
        for ($try = 1; ; ++$try) {
            try {
                return $work($seconds);
            } catch (\RuntimeException $error) {
                $release();
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
                $seconds = (int) max(1, ceil($deadline - microtime(true)));
            }
        }
    }
}
