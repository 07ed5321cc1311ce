<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The names of the table and its columns in SQL, and the SQL of its time column.
 *
 * @internal
 */
final class Table
{
    /** @var string the table's name, quoted; so are the columns */
    public $name;
    /** @var string */
    public $id;
    /** @var string */
    public $data;
    /** @var string */
    public $time;
    /** @var string the character set of the data, 'binary' for bytes; NULL for a row whose time has passed */
    public $charset;
    /** @var string the time of a session that is used now. It may be wrong until learn() was called */
    public $now;
    /** @var TimeColumn */
    public $timeColumn;
    /** @var bool whether the time column says when a session ends */
    public $expires;

    public function __construct(Options $options)
    {
        $this->name = $options->table;
        $this->id = $options->id;
        $this->data = $options->data;
        $this->time = $options->time;
        $this->expires = $options->expires;
        $this->timeColumn = new TimeColumn($options->timeType, $options->timeZone);
        $charset = "CHARSET($this->data)";
        $this->charset = $this->expires ? "IF({$this->timeColumn->hasPassed($this->time)}, NULL, $charset)" : $charset;
        $this->nameNow();
    }

    /**
     * Takes the type of the time column, which the last SELECT has told.
     *
     * @param string|null $type as of TimeColumn::is()
     * @throws \RuntimeException if the options name another type
     */
    public function learn(?string $type): void
    {
        if ($this->timeColumn->is($type)) {
            $this->nameNow();
        }
    }

    /** Sets $now. To be called again when session.gc_maxlifetime may have changed. */
    public function nameNow(): void
    {
        $sql = $this->timeColumn->sql;
        $this->now = $this->expires ? sprintf($sql->end, ini_get('session.gc_maxlifetime')) : $sql->now;
    }
}
