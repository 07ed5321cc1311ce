<?php

declare(strict_types=1);

namespace PhpSessionBridge;

use PhpSessionBridge\Database\Bytes;
use PhpSessionBridge\Database\Statement;

/**
 * The names of the table and its columns in SQL, and the SQL of its time column.
 *
 * @internal
 */
final class Table
{
    /** @var string the table's name, quoted */
    public $name;
    /** @var TimeColumn */
    public $time;
    /** @var bool whether the time column says when a session ends */
    public $expires;
    /** @var array<string, string> placeholders in statements, and the names and times that replace them */
    private $replacements = [];

    public function __construct(Options $options)
    {
        $this->name = $options->names['table'];
        foreach ($options->names as $option => $name) {
            $this->replacements['{' . $option . '}'] = $name;
        }
        $this->expires = $options->expires;
        $this->time = new TimeColumn($options->timeType, $options->timeZone);
        $time = $options->names['time'];
        $this->replacements['{expired}'] = $this->expires ? $this->time->hasPassed($time) : 'FALSE';
        $this->nameNow();
    }

    /**
     * @param string $template with `?` for values, and with `{table}`, `{id}`, `{data}` and `{time}`; `{now}`: the time of a session
     *     that is used now, which is unknown until learn() was called; `{expired}`: whether a row's time has passed
     * @param array<int, string|int|Bytes> $values
     */
    public function statement(string $template, array $values): Statement
    {
        $parts = explode('?', $template); // Names may contain a `?` too, and come into each part alone.
        foreach ($parts as $i => $part) {
            $parts[$i] = strtr($part, $this->replacements);
        }
        return new Statement($parts, $values);
    }

    /**
     * Takes the type of the time column, which the last SELECT has told.
     *
     * @param string|null $type as of TimeColumn::is()
     * @throws \RuntimeException if the options name another type
     */
    public function learn(?string $type): void
    {
        if ($this->time->is($type)) {
            $this->nameNow();
        }
    }

    /** Sets the SQL of `{now}`, if the column's type is known. To be called again when session.gc_maxlifetime may have changed. */
    public function nameNow(): void
    {
        $sql = $this->time->sql;
        if ($sql !== null) {
            $this->replacements['{now}'] = $this->expires ? sprintf($sql->end, ini_get('session.gc_maxlifetime')) : $sql->now;
        }
    }
}
