<?php

declare(strict_types=1);

namespace PhpSessionBridge;

require_once __DIR__ . '/TimeSql.php';

/**
 * What type the time column has. The server tells it with each SELECT of the column, also with one that finds no row, so that it
 * costs nothing to ask and nothing has to be remembered from one request to the next.
 *
 * @internal
 */
final class TimeColumn
{
    /** What the column may be, by what the options say; '': they say nothing. A DATETIME is taken as UTC only if it is called a TIMESTAMP. */
    private const TYPES = [
        '' => ['int', 'timestamp'],
        'int' => ['int'],
        'timestamp' => ['timestamp', 'datetime'],
        'datetime' => ['datetime'],
    ];

    /** @var TimeSql|null null: the type is not known yet */
    public $sql;
    /** @var string a key of TYPES */
    private $given;
    /** @var string */
    private $option;
    /** @var string|null what the server told last */
    private $told;

    /**
     * @param string|null $type the option 'time_type'
     * @param string|null $zone the option 'time_zone', without a quote or a backslash
     */
    public function __construct(?string $type, ?string $zone)
    {
        $this->option = $type === null ? 'time_zone' : 'time_type';
        $this->given = $type ?? ($zone === null ? '' : 'datetime');
        if ($this->given !== '') {
            $this->sql = new TimeSql($this->given, $zone ?? '');
        }
    }

    /**
     * @param string|null $type of the column, as Connection::lastType() has it
     * @return bool whether $sql is another one now
     * @throws \RuntimeException when the options say something else; it is a mistake, and its message may be logged
     */
    public function is(?string $type): bool
    {
        $type = $type ?? ($this->given ?: 'int'); // A driver that does not tell it.
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
     * Whether the time of a row has passed, while the type is not known: as seconds a time has ten digits or a few more, and
     * as a date it has 14. `+ 0`: both are compared as numbers, which is an error for no type.
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
