<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * Reasons why PHP cannot take a session handler or start a session, each time until an administrator fixes the cause.
 *
 * @internal
 */
final class Obstacle
{
    /**
     * With this setting, PHP 8.2.36 of Debian 12 throws an Error for each change of a session setting while a script runs. The handler
     * is such a setting.
     */
    private const UPLOAD_PROGRESS = 'this PHP takes no session handler while session.upload_progress.enabled is on: '
        . 'set session.upload_progress.enabled = Off in php.ini';

    /** @return string|null the reason, and what to do; it may be logged */
    public static function found(): ?string
    {
        if (session_status() === PHP_SESSION_ACTIVE) {
            $what = 'a session that this handler has not started is active already: ';
            return $what . (ini_get('session.auto_start')
                ? 'set session.auto_start = 0 in php.ini'
                : 'call start() instead of session_start(), once, and before all that uses the session');
        }
        if (headers_sent($file, $line)) {
            return "the answer's headers are sent, by the output of $file, line $line: call start() before it";
        }
        return null;
    }

    /**
     * @return string as found()
     * @throws \Error $error itself, if it has another cause
     */
    public static function of(\Error $error): string
    {
        if (!ini_get('session.upload_progress.enabled')) {
            throw $error;
        }
        return self::UPLOAD_PROGRESS;
    }
}
