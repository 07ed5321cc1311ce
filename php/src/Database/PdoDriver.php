<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/** @internal */
final class PdoDriver implements Driver
{
    private const DATES = ['timestamp', 'datetime', 'date', 'time', 'year'];
    /** The highest value of the type YEAR. PHP gets it as an integer, from 8.1 on, and no other type of dates. */
    private const LAST_YEAR = 9999;

    /** @var \PDO */
    private $db;
    /** @var bool whether the connection takes several statements in one text: PDO::MYSQL_ATTR_MULTI_STATEMENTS, which cannot be read */
    private $isMulti = true;
    /** @var int */
    private $succeeded = 0;
    /** @var string|null */
    private $lastType;

    /** @param \PDO $db that throws exceptions, and whose query() does not prepare what it sends (PDO::ATTR_EMULATE_PREPARES) */
    public function __construct(\PDO $db)
    {
        $this->db = $db;
    }

    /** The driver of a PDO with whatever attributes. */
    public static function of(\PDO $db): self
    {
        $db->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
        $db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, true);
        $db->setAttribute(\PDO::ATTR_ORACLE_NULLS, \PDO::NULL_NATURAL); // An empty session is '', not null.
        return new self($db);
    }

    public function run(array $statements): array
    {
        $this->succeeded = 0;
        if (count($statements) > 1 && $this->isMulti) {
            try {
                return $this->send(implode('; ', $statements));
            } catch (\PDOException $error) {
                // A connection that takes one statement finds a syntax error before it does anything.
                if ($this->succeeded() > 0 || !is_array($error->errorInfo) || $error->errorInfo[1] !== DatabaseError::SYNTAX) {
                    throw $error;
                }
                $this->isMulti = false;
            }
        }
        $results = [];
        foreach ($statements as $text) {
            $statement = $this->query($text);
            ++$this->succeeded;
            $results[] = $this->result($statement);
        }
        return $results;
    }

    /** @return array<int, array<int, array<int, string|int|float|null>>|int> */
    private function send(string $text): array
    {
        $statement = $this->query($text);
        $results = [];
        do {
            ++$this->succeeded;
            $results[] = $this->result($statement);
        } while ($statement->nextRowset());
        return $results;
    }

    private function query(string $text): \PDOStatement
    {
        $statement = $this->db->query($text);
        assert($statement !== false); // It throws.
        return $statement;
    }

    public function bind(string $sql, array $values)
    {
        $this->db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, false);
        try {
            $statement = $this->db->prepare($sql);
            foreach ($values as $i => $value) {
                $statement->bindValue($i + 1, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
            }
            $statement->execute();
            return $this->result($statement);
        } finally {
            $this->db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, true);
        }
    }

    /** @return array<int, array<int, string|int|float|null>>|int */
    private function result(\PDOStatement $statement)
    {
        $columns = $statement->columnCount();
        if ($columns === 0) {
            return $statement->rowCount();
        }
        /** @var array<int, array<int, string|int|float|null>> $rows */
        $rows = $statement->fetchAll(\PDO::FETCH_NUM);
        $last = $rows[0][$columns - 1] ?? null;
        $this->lastType = is_int($last) && $last > self::LAST_YEAR ? 'int' : self::type($statement, $columns - 1);
        return $rows;
    }

    /** @return string|null as lastType() */
    private static function type(\PDOStatement $statement, int $column): ?string
    {
        $native = $statement->getColumnMeta($column)['native_type'] ?? null;
        $type = $native === null ? null : strtolower($native);
        return $type === null || in_array($type, self::DATES, true) ? $type : 'int';
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
