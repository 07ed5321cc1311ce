<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The handler's options, with their defaults. SessionHandler's constructor explains each. Only what is given is checked: each request
 * does this again.
 *
 * @internal
 */
final class Options
{
    /** The formats of sessions that PHP has by itself. */
    public const FORMATS = ['php', 'php_binary', 'php_serialize'];

    /** @var string the table, quoted for SQL; so are the columns */
    public $table = '`session`';
    /** @var string */
    public $id = '`id`';
    /** @var string */
    public $data = '`data`';
    /** @var string */
    public $time = '`usetime`';
    /** @var string|null */
    public $timeType;
    /** @var string|null without a quote or a backslash; '+00:00' for UTC */
    public $timeZone;
    /** @var bool whether the time column says when a session ends */
    public $expires = false;
    /** @var int seconds */
    public $lockTimeout = 10;
    /** @var int seconds */
    public $maxHold = 60;
    /** @var string 'row' or 'merge' */
    public $lock = 'row';
    /** @var string|callable what becomes of a part that two requests have changed, in the lock 'merge' */
    public $onConflict = 'mine';
    /** @var string|null the format of the sessions; null: session.serialize_handler */
    public $serializeHandler;

    /**
     * @param array<string, string|int|callable|null> $options
     * @throws \InvalidArgumentException its message names the option
     */
    public function __construct(array $options)
    {
        foreach ($options as $name => $value) {
            $this->set((string) $name, $value);
        }
        if ($this->timeType !== null && ($this->timeType === 'datetime') !== ($this->timeZone !== null)) {
            throw new \InvalidArgumentException("Option 'time_zone' is for the 'time_type' 'datetime', which needs it");
        }
    }

    /** @param mixed $value */
    private function set(string $name, $value): void
    {
        switch ($name) {
            case 'table':
            case 'id':
            case 'data':
            case 'time':
                $this->$name = self::quoted($name, $value);
                return;
            case 'lock_timeout':
                $this->lockTimeout = self::seconds($name, $value);
                return;
            case 'max_hold':
                $this->maxHold = self::seconds($name, $value);
                return;
            case 'lock':
                $this->lock = self::oneOf($name, $value, ['row', 'merge']);
                return;
            case 'on_conflict':
                $isFunction = !is_string($value) && is_callable($value);
                $this->onConflict = $isFunction ? $value : self::oneOf($name, $value, ['mine', 'theirs', 'error'], 'a function');
                return;
            case 'serialize_handler':
                $this->serializeHandler = $value === null ? null : self::oneOf($name, $value, self::FORMATS);
                return;
            case 'time_type':
                $this->timeType = $value === null ? null : self::oneOf($name, $value, ['int', 'timestamp', 'datetime']);
                return;
            case 'time_zone':
                $this->timeZone = $value === null ? null : self::zone($value);
                return;
            case 'time_meaning':
                $this->expires = self::oneOf($name, $value, ['last_used', 'expires_at']) === 'expires_at';
                return;
        }
        throw new \InvalidArgumentException("Unknown option: $name");
    }

    /** @param mixed $value */
    private static function quoted(string $name, $value): string
    {
        if (is_string($value) && $value !== '' && strpbrk($value, ".`\0") === false) {
            return "`$value`";
        }
        $parts = is_string($value) && strpos($value, "\0") === false ? explode('.', $value) : [''];
        if (count($parts) > ($name === 'table' ? 2 : 1) || in_array('', $parts, true)) {
            throw new \InvalidArgumentException("Option '$name' must be a name");
        }
        return '`' . implode('`.`', str_replace('`', '``', $parts)) . '`';
    }

    /** @param mixed $value */
    private static function seconds(string $name, $value): int
    {
        if (!is_int($value) || $value < 1 || $value > 86400) {
            throw new \InvalidArgumentException("Option '$name' must be an integer, 1 to 86400 seconds");
        }
        return $value;
    }

    /**
     * @param mixed $value
     * @param array<int, string> $allowed
     * @param string|null $else what is allowed too
     * @return string $value
     */
    private static function oneOf(string $name, $value, array $allowed, ?string $else = null): string
    {
        if (!in_array($value, $allowed, true)) {
            $else = $else ?? "'" . array_pop($allowed) . "'";
            throw new \InvalidArgumentException("Option '$name' must be '" . implode("', '", $allowed) . "' or $else");
        }
        return $value;
    }

    /** @param mixed $zone */
    private static function zone($zone): string
    {
        if (!is_string($zone) || preg_match('~^([+-]\d{1,2}:\d\d|[a-z][\w+-]*(/[\w+-]+)*)$~iD', $zone) !== 1) {
            throw new \InvalidArgumentException("Option 'time_zone' must be an offset such as '+02:00', a name, or 'SYSTEM'");
        }
        return preg_match('~^(etc/)?utc$~i', $zone) === 1 ? '+00:00' : $zone;
    }
}
