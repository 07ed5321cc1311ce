<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

use PhpSessionBridge\Obstacle;

/**
 * The end of a request that cannot have its session. The application would go on without one, and take a visitor for one who is not
 * logged in.
 *
 * @internal
 */
final class Refusal
{
    /** Makes $handler PHP's. If that is not possible, no page of the application runs, as its sessions would be in files. */
    public static function unlessTaken(Handler $handler): void
    {
        $error = null;
        try {
            if (session_status() !== PHP_SESSION_ACTIVE && session_set_save_handler($handler, true)) {
                return;
            }
        } catch (\Error $error) {
            // Some versions of PHP refuse a handler by an Error.
        }
        require_once __DIR__ . '/../Obstacle.php';
        $why = $error === null ? Obstacle::found() : Obstacle::of($error);
        self::end(500, $why ?? 'session_set_save_handler() failed, see what PHP itself has logged');
    }

    /**
     * @param int|null $status null: it is set already
     * @param string|null $why for the log; null: it is logged already
     * @return never
     */
    public static function end(?int $status, ?string $why): void
    {
        if ($why !== null) {
            error_log("PhpSessionBridge: no session: $why");
        }
        while (ob_get_level() > 0 && ob_end_clean()); // What the page has begun.
        if (!headers_sent()) {
            if ($status !== null) {
                http_response_code($status);
            }
            header_remove('Location');
            header('Content-Type: text/plain; charset=utf-8');
            header('Cache-Control: no-store');
        }
        echo "The session is not available. Please try again later.\n";
        exit(1);
    }
}
