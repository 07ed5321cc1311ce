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

    /** How many calls lie between PHP's function and this class at most, usually. A framework's whole stack is long. */
    private const NEAR = 6;

    /**
     * Why PHP would not store `$_SESSION` as it is. php-src: PS_SERIALIZER_ENCODE_FUNC(php) returns nothing at all for a key with '|',
     * and php_binary leaves out keys of more than 127 bytes. For integer keys PHP gives a warning.
     *
     * @param string|null $data what PHP has made of it; null: nothing yet
     * @return string|null it may be logged; null: PHP stores it, or reports itself why not
     */
    public static function unwritable(?string $data = null): ?string
    {
        if (!is_array($_SESSION ?? null)) {
            return self::NO_ARRAY;
        }
        $handler = ini_get('session.serialize_handler');
        if ($handler === 'php') {
            return ($data === null || $data === '') && self::hasKey('/\|/') ? self::KEY : null;
        }
        return $handler === 'php_binary' && self::hasKey('/^.{128}/s') ? self::KEY : null;
    }

    private static function hasKey(string $pattern): bool
    {
        return preg_grep($pattern, array_keys($_SESSION)) !== [];
    }

    /**
     * Whether PHP encodes the current `$_SESSION`. PHP keeps the variable of session_start(), and continues to use that variable if
     * `$_SESSION` is replaced by another one (php-src: PS(http_session_vars)).
     *
     * @param string|null $data what PHP has encoded just before; null: nothing
     */
    public static function isStored(?string $data = null): bool
    {
        $session = $_SESSION;
        try {
            $one = self::encoded(['a' => 1]);
            return ($data !== null && $one !== $data) || $one !== self::encoded(['b' => 1]);
        } catch (\Throwable $error) {
            return false; // An exception of an object in the variable that PHP keeps.
        } finally {
            $_SESSION = $session;
        }
    }

    /**
     * Without the warnings, which PHP has given already.
     *
     * @param array<mixed> $session
     */
    private static function encoded(array $session): string
    {
        $_SESSION = $session;
        return (string) @session_encode();
    }

    /**
     * The PHP function that called this handler: the innermost of CALLERS on the stack. 'shutdown' if PHP calls at the end of
     * the request; '' if the application calls the handler itself.
     */
    public static function caller(): string
    {
        foreach ([self::NEAR, 0] as $limit) { // 0: all of them
            $frames = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, $limit);
            foreach ($frames as $frame) {
                if (isset(self::CALLERS[$frame['function']]) && !isset($frame['class'])) {
                    return $frame['function'];
                }
            }
            if (count($frames) < $limit) {
                break;
            }
        }
        $outermost = end($frames);
        return isset($outermost['file']) ? '' : 'shutdown';
    }
}
