<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * A statement with its values: in its text if that is safe and short, else bound by the server.
 *
 * A value in the text is a number, or hex. Nothing is quoted or escaped, so nothing can be escaped wrongly, whatever `sql_mode` and
 * character sets say. ASCII means the same in every character set of a connection, so it is sent as utf8mb4. Other text is bound:
 * only the server knows how the connection's character set converts to the column's.
 *
 * @internal
 */
final class Statement
{
    /** Bytes up to which a value stands in the text. Hex takes two for each; for longer ones that costs more than to prepare the statement. */
    private const MOST = 65536;
    /** What PHP's ids are made of. */
    private const USUAL = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

    /** @var string */
    public $sql = '';
    /** @var array<int, string|int> values for the server to bind, each for a `?`; none if all stand in the text */
    public $values = [];

    /** @param string|int|Bytes ...$parts SQL and values in turns; SQL comes first */
    public function __construct(...$parts)
    {
        $sql = '';
        $isValue = false;
        foreach ($parts as $part) {
            /** @var string|int|null $text */
            $text = $isValue ? self::literal($part) : $part;
            if ($text === null) {
                $this->bind($parts);
                return;
            }
            $sql .= $text;
            $isValue = !$isValue;
        }
        $this->sql = $sql;
    }

    /** @param array<string|int|Bytes> $parts */
    private function bind(array $parts): void
    {
        $isValue = false;
        foreach ($parts as $part) {
            if ($isValue) {
                $this->values[] = $part instanceof Bytes ? $part->bytes : $part;
                $this->sql .= '?';
            } elseif (is_string($part)) {
                $this->sql .= $part;
            }
            $isValue = !$isValue;
        }
    }

    /**
     * @param string|int|Bytes $value
     * @return string|int|null null: it has to be bound
     */
    private static function literal($value)
    {
        if (is_string($value)) {
            return strlen($value) <= self::MOST && self::isAscii($value) ? "_utf8mb4 x'" . bin2hex($value) . "'" : null;
        }
        if ($value instanceof Bytes) {
            return strlen($value->bytes) <= self::MOST ? "x'" . bin2hex($value->bytes) . "'" : null;
        }
        return $value;
    }

    private static function isAscii(string $value): bool
    {
        return strspn($value, self::USUAL) === strlen($value) || preg_match('/[^\x00-\x7f]/', $value) === 0;
    }
}
