<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * `$_SESSION`, and what PHP does with it without a warning.
 *
 * @internal
 */
final class Superglobal
{
    private const KEY = 'a key of $_SESSION does not fit the serialize handler, and PHP would leave out what is under it, or all';
    private const NO_ARRAY = '$_SESSION is no array any more, and PHP stores nothing';

    /**
     * PHP's functions that call a handler. To ask Reflection whether a function is PHP's would take longer; applications may have
     * functions with this prefix too, such as the callbacks of session_set_save_handler(), but none of these names.
     */
    private const CALLERS = [
        'session_start' => true, 'session_write_close' => true, 'session_commit' => true, 'session_abort' => true,
        'session_reset' => true, 'session_destroy' => true, 'session_regenerate_id' => true, 'session_create_id' => true,
        'session_decode' => true, 'session_gc' => true,
    ];

    /**
     * Why PHP would not store `$_SESSION` as it is. php-src: PS_SERIALIZER_ENCODE_FUNC(php) returns nothing at all for a key with '|',
     * and php_binary leaves out keys of more than 127 bytes. For integer keys PHP gives a warning.
     *
     * @return string|null it may be logged; null: PHP stores it, or reports itself why not
     */
    public static function unwritable(): ?string
    {
        if (!is_array($_SESSION ?? null)) {
            return self::NO_ARRAY;
        }
        $bad = ['php' => '/\|/', 'php_binary' => '/^.{128}/s'][ini_get('session.serialize_handler')] ?? null;
        return $bad !== null && preg_grep($bad, array_keys($_SESSION)) !== [] ? self::KEY : null;
    }

    /**
     * Whether PHP encodes the current `$_SESSION`. PHP keeps the variable of session_start(), and continues to use that variable if
     * `$_SESSION` is replaced by another one (php-src: PS(http_session_vars)).
     */
    public static function isStored(): bool
    {
        $session = $_SESSION;
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            $_SESSION = ['a' => 1];
            $one = session_encode();
            $_SESSION = ['b' => 1];
            return session_encode() !== $one;
        } catch (\Throwable $error) {
            return false; // An exception of an object in the variable that PHP keeps.
        } finally {
            restore_error_handler();
            $_SESSION = $session;
        }
    }

    /**
     * The PHP function that called this handler: the innermost of CALLERS on the stack. 'shutdown' if PHP calls at the end of
     * the request; '' if the application calls the handler itself.
     */
    public static function caller(): string
    {
        $frames = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS);
        foreach ($frames as $frame) {
            if (isset(self::CALLERS[$frame['function']]) && !isset($frame['class'])) {
                return $frame['function'];
            }
        }
        $outermost = end($frames);
        return isset($outermost['file']) ? '' : 'shutdown';
    }
}
