<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/** @internal */
final class MysqliDriver implements Driver
{
    private const DATES = [7 => 'timestamp', 12 => 'datetime', 10 => 'date', 11 => 'time', 13 => 'year'];

    /** @var \mysqli */
    private $db;
    /** @var int */
    private $succeeded = 0;
    /** @var string|null */
    private $lastType;

    public function __construct(\mysqli $db)
    {
        $this->db = $db;
    }

    public function run(array $statements): array
    {
        return $this->strictly(function () use ($statements): array {
            $this->succeeded = 0;
            // Its first call costs a round trip, which allows several statements; query() would forbid them again by another one.
            $this->db->multi_query(implode('; ', $statements));
            $results = [];
            for (;;) {
                $result = $this->db->store_result();
                $this->check();
                ++$this->succeeded;
                $results[] = $result === false ? (int) $this->db->affected_rows : $this->rows($result);
                if (!$this->db->more_results()) {
                    return $results;
                }
                $this->db->next_result();
                $this->check();
            }
        });
    }

    public function bind(string $sql, array $values)
    {
        return $this->strictly(function () use ($sql, $values) {
            $statement = $this->db->prepare($sql);
            assert($statement !== false); // It throws.
            $types = '';
            foreach ($values as $value) {
                $types .= is_int($value) ? 'i' : 's';
            }
            $statement->bind_param($types, ...$values);
            $statement->execute();
            $result = $statement->field_count === 0 ? false : $statement->get_result();
            return $result === false ? (int) $statement->affected_rows : $this->rows($result);
        });
    }

    /** @return array<int, array<int, string|int|float|null>> */
    private function rows(\mysqli_result $result): array
    {
        $column = $result->fetch_field_direct($result->field_count - 1);
        $this->lastType = $column === false ? null : self::DATES[$column->type] ?? 'int';
        /** @var array<int, array<int, string|int|float|null>> $rows */
        $rows = $result->fetch_all(MYSQLI_NUM);
        return $rows;
    }

    /** Before PHP 8.1, next_result() and store_result() throw nothing, whatever the report mode. */
    private function check(): void
    {
        if ($this->db->errno !== 0) {
            throw new \mysqli_sql_exception('', $this->db->errno);
        }
    }

    /**
     * Runs $work with errors as exceptions, which is the default only since PHP 8.1. The application shares this mode, so it is set back.
     *
     * @template T
     * @param callable(): T $work
     * @return T what $work returns
     */
    private function strictly(callable $work)
    {
        $mode = (new \mysqli_driver())->report_mode;
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        try {
            if ($this->db->connect_errno !== 0) {
                throw new \mysqli_sql_exception('', $this->db->connect_errno);
            }
            return $work();
        } finally {
            mysqli_report($mode);
        }
    }

    public function succeeded(): int
    {
        return $this->succeeded;
    }

    public function lastType(): ?string
    {
        return $this->lastType;
    }
}
