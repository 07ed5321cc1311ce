<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * `$_SESSION`, and what PHP makes of it without saying so.
 *
 * @internal
 */
final class Superglobal
{
    private const KEY = 'a key of $_SESSION does not fit the serialize handler, and PHP would leave out what is under it, or all';
    private const NO_ARRAY = '$_SESSION is no array any more, and PHP stores nothing';

    /**
     * Why PHP would not store it as it is. php-src: PS_SERIALIZER_ENCODE_FUNC(php) gives nothing at all for a key with '|', and
     * php_binary leaves out keys of more than 127 bytes. Of integer keys PHP warns.
     *
     * @return string|null it may be logged; null: PHP stores it, or tells itself why not
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
     * Whether PHP encodes what is in `$_SESSION`. It holds the variable of session_start(), and goes on with that one when
     * `$_SESSION` is another one (php-src: PS(http_session_vars)).
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
            return false; // Of what else PHP holds.
        } finally {
            restore_error_handler();
            $_SESSION = $session;
        }
    }

    /**
     * Which of PHP's functions is at work: the innermost `session_…()` on the stack. 'shutdown' when PHP calls by itself at
     * the end of the request; '' when the application calls this handler itself.
     */
    public static function caller(): string
    {
        $frames = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS);
        foreach ($frames as $frame) {
            if (!isset($frame['class']) && self::isPhps($frame['function'])) {
                return $frame['function'];
            }
        }
        $outermost = end($frames);
        return isset($outermost['file']) ? '' : 'shutdown';
    }

    /** Applications have functions that begin so too, such as the callbacks of session_set_save_handler(). */
    private static function isPhps(string $function): bool
    {
        return strncmp($function, 'session_', 8) === 0 && (new \ReflectionFunction($function))->isInternal();
    }
}
