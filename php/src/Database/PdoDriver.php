<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/** @internal */
final class PdoDriver implements Driver
{
    private const DATES = ['timestamp', 'datetime', 'date', 'time', 'year'];

    /** @var \PDO */
    private $db;
    /** @var bool whether the connection takes several statements in one text: PDO::MYSQL_ATTR_MULTI_STATEMENTS, which cannot be read */
    private $isMulti = true;
    /** @var int */
    private $succeeded = 0;
    /** @var string|null */
    private $lastType;

    public function __construct(\PDO $db)
    {
        $this->db = $db;
        $db->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
        $db->setAttribute(\PDO::ATTR_ORACLE_NULLS, \PDO::NULL_NATURAL); // An empty session is '', not null.
        $db->setAttribute(\PDO::ATTR_EMULATE_PREPARES, true); // Else query() prepares what it sends.
    }

    public function run(array $statements): array
    {
        $this->succeeded = 0;
        if ($this->isMulti && count($statements) > 1) {
            try {
                return $this->send(implode('; ', $statements));
            } catch (\PDOException $error) {
                // A connection that takes one statement finds a syntax error before it does anything.
                if ($this->succeeded > 0 || ($error->errorInfo[1] ?? 0) !== DatabaseError::SYNTAX) {
                    throw $error;
                }
                $this->isMulti = false;
            }
        }
        $results = [];
        foreach ($statements as $statement) {
            $results[] = $this->send($statement)[0];
        }
        return $results;
    }

    /** @return array<int, array<int, array<int, mixed>>|int> */
    private function send(string $text): array
    {
        $statement = $this->db->query($text);
        $results = [];
        do {
            ++$this->succeeded;
            $results[] = $this->result($statement);
        } while ($statement->nextRowset());
        return $results;
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

    /** @return array<int, array<int, mixed>>|int */
    private function result(\PDOStatement $statement)
    {
        $columns = $statement->columnCount();
        if ($columns === 0) {
            return $statement->rowCount();
        }
        $native = $statement->getColumnMeta($columns - 1)['native_type'] ?? null;
        $type = $native === null ? null : strtolower($native);
        $this->lastType = $type === null || in_array($type, self::DATES, true) ? $type : 'int';
        return $statement->fetchAll(\PDO::FETCH_NUM);
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
