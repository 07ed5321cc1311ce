<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The handler's options, checked, with their defaults. SessionHandler's constructor explains each.
 *
 * @internal
 */
final class Options
{
    private const NAMES = ['table' => 'session', 'id' => 'id', 'data' => 'data', 'time' => 'usetime'];
    private const SECONDS = ['lock_timeout' => 10, 'max_hold' => 60];

    /** @var array<string, string> the table and its columns, quoted for SQL, by the names of their options */
    public $names = [];
    /** @var string|null */
    public $timeType;
    /** @var string|null without a quote or a backslash; '+00:00' for UTC */
    public $timeZone;
    /** @var bool whether the time column says when a session ends */
    public $expires;
    /** @var int seconds */
    public $lockTimeout;
    /** @var int seconds */
    public $maxHold;
    /** @var string 'row' or 'merge' */
    public $lock;
    /** @var string|callable what becomes of a part that two requests have changed, in the lock 'merge' */
    public $onConflict;
    /** @var string|null the format of the sessions; null: session.serialize_handler */
    public $serializeHandler;

    /**
     * @param array<string, string|int|callable> $options
     * @throws \InvalidArgumentException its message names the option
     */
    public function __construct(array $options)
    {
        $defaults = self::NAMES + self::SECONDS + ['lock' => 'row', 'on_conflict' => 'mine', 'serialize_handler' => null]
            + ['time_type' => null, 'time_meaning' => 'last_used', 'time_zone' => null];
        if ($unknown = array_diff_key($options, $defaults)) {
            throw new \InvalidArgumentException('Unknown option: ' . key($unknown));
        }
        $options += $defaults;
        foreach (self::NAMES as $name => $default) {
            $this->names[$name] = self::quoted($name, $options[$name]);
        }
        foreach (self::SECONDS as $name => $default) {
            if (!is_int($options[$name]) || $options[$name] < 1 || $options[$name] > 86400) {
                throw new \InvalidArgumentException("Option '$name' must be an integer, 1 to 86400 seconds");
            }
        }
        [$this->lockTimeout, $this->maxHold] = [$options['lock_timeout'], $options['max_hold']];
        if (!in_array($options['lock'], ['row', 'merge'], true)) {
            throw new \InvalidArgumentException("Option 'lock' must be 'row' or 'merge'");
        }
        $rule = $options['on_conflict'];
        if (!in_array($rule, ['mine', 'theirs', 'error'], true) && (is_string($rule) || !is_callable($rule))) {
            throw new \InvalidArgumentException("Option 'on_conflict' must be 'mine', 'theirs', 'error' or a function");
        }
        $format = $options['serialize_handler'];
        if (!in_array($format, [null, 'php', 'php_binary', 'php_serialize'], true)) {
            throw new \InvalidArgumentException("Option 'serialize_handler' must be 'php', 'php_binary' or 'php_serialize'");
        }
        [$this->lock, $this->onConflict, $this->serializeHandler] = [$options['lock'], $rule, $format];
        $this->setTime($options['time_type'], $options['time_zone'], $options['time_meaning']);
    }

    /** @param mixed $value */
    private static function quoted(string $name, $value): string
    {
        $parts = is_string($value) ? explode('.', $value) : [];
        $isName = $parts !== [] && count($parts) <= ($name === 'table' ? 2 : 1) && !in_array('', $parts, true);
        if (!$isName || strpos($value, "\0") !== false) {
            throw new \InvalidArgumentException("Option '$name' must be a name");
        }
        return '`' . implode('`.`', str_replace('`', '``', $parts)) . '`';
    }

    /**
     * @param mixed $type
     * @param mixed $zone
     * @param mixed $meaning
     */
    private function setTime($type, $zone, $meaning): void
    {
        if (!in_array($type, [null, 'int', 'timestamp', 'datetime'], true)) {
            throw new \InvalidArgumentException("Option 'time_type' must be 'int', 'timestamp' or 'datetime'");
        }
        if ($type !== null && ($type === 'datetime') !== ($zone !== null)) {
            throw new \InvalidArgumentException("Option 'time_zone' is for the 'time_type' 'datetime', which needs it");
        }
        if ($zone !== null && !(is_string($zone) && preg_match('~^([+-]\d{1,2}:\d\d|[a-z][\w+-]*(/[\w+-]+)*)$~iD', $zone))) {
            throw new \InvalidArgumentException("Option 'time_zone' must be an offset such as '+02:00', a name, or 'SYSTEM'");
        }
        if (!in_array($meaning, ['last_used', 'expires_at'], true)) {
            throw new \InvalidArgumentException("Option 'time_meaning' must be 'last_used' or 'expires_at'");
        }
        $this->timeType = $type;
        $this->timeZone = $zone !== null && preg_match('~^(etc/)?utc$~i', $zone) ? '+00:00' : $zone;
        $this->expires = $meaning === 'expires_at';
    }
}
