<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The type of the time column. The server sends it with each SELECT of the column, even if the SELECT finds no row. So reading it costs
 * nothing, and nothing is kept from one request to the next.
 *
 * @internal
 */
final class TimeColumn
{
    /** The column's allowed types, by the options; '': not given. A DATETIME counts as UTC only if the option says 'timestamp'. */
    private const TYPES = [
        '' => ['int', 'timestamp'],
        'int' => ['int'],
        'timestamp' => ['timestamp', 'datetime'],
        'datetime' => ['datetime'],
    ];

    /** @var TimeSql before the server has sent a type, that of the options, else int */
    public $sql;
    /** @var string a key of TYPES */
    private $given;
    /** @var string */
    private $option;
    /** @var string|null the type that the server sent last, and that was checked; null: none */
    private $told;

    /**
     * @param string|null $type the option 'time_type'
     * @param string|null $zone the option 'time_zone', without a quote or a backslash
     */
    public function __construct(?string $type, ?string $zone)
    {
        $this->option = $type === null ? 'time_zone' : 'time_type';
        $this->given = $type ?? ($zone === null ? '' : 'datetime');
        if ($this->given === '') {
            $this->told = 'int';
        }
        $this->sql = new TimeSql($this->told ?? $this->given, $zone ?? '');
    }

    /**
     * @param string|null $type of the column, from Connection::lastType()
     * @return bool whether $sql has changed
     * @throws \RuntimeException if the options name another type; this is a configuration error, and its message may be logged
     */
    public function is(?string $type): bool
    {
        $type = $type ?? ($this->given ?: 'int'); // The driver does not report it.
        if ($type === $this->told) {
            return false;
        }
        if (!in_array($type, self::TYPES[$this->given], true)) {
            $why = 'the time column is ' . strtoupper($type) . $this->otherwise($type);
            throw new \RuntimeException($why, 0, new \InvalidArgumentException($why));
        }
        $this->told = $type;
        if ($this->given !== '') {
            return false;
        }
        $this->sql = new TimeSql($type, '');
        return true;
    }

    private function otherwise(string $type): string
    {
        if ($type === 'datetime') {
            $zone = "give the option 'time_zone', in which it is written ('+00:00' is UTC)";
            return $this->given === '' ? ": $zone" : ", and the option 'time_type' says '$this->given': leave it out, and $zone";
        }
        if ($type !== 'int' && $type !== 'timestamp') {
            return ', and must be INT, TIMESTAMP or DATETIME';
        }
        return $this->option === 'time_zone'
            ? ", and the option 'time_zone' is for a DATETIME: leave it out"
            : ", and the option 'time_type' says '$this->given': leave it out";
    }

    /**
     * SQL for whether the time of a row has passed. If the type is unknown, the digits decide: a time in seconds has ten or a few
     * more, a date has 14. `+ 0` compares both as numbers, which works for every type.
     *
     * @param string $name of the column, quoted
     */
    public function hasPassed(string $name): string
    {
        if ($this->given !== '') {
            return "$name < {$this->sql->past}";
        }
        return "IF($name + 0 < 1E13, $name + 0 < UNIX_TIMESTAMP(), $name + 0 < CURRENT_TIMESTAMP + 0)";
    }
}
