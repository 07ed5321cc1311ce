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

    /** @var string */
    public $sql = '';
    /** @var array<int, string|int> values for the server to bind, each for a `?`; none if all stand in the text */
    public $values = [];

    /**
     * @param array<int, string> $parts SQL in front of, between, and after the values
     * @param array<int, string|int|Bytes> $values
     */
    public function __construct(array $parts, array $values)
    {
        $literals = array_map([self::class, 'literal'], $values);
        if (in_array(null, $literals, true)) {
            $this->sql = implode('?', $parts);
            foreach ($values as $value) {
                $this->values[] = $value instanceof Bytes ? $value->bytes : $value;
            }
            return;
        }
        foreach ($parts as $i => $part) {
            $this->sql .= $part . ($literals[$i] ?? '');
        }
    }

    /**
     * @param string|int|Bytes $value
     * @return string|null null: it has to be bound
     */
    private static function literal($value): ?string
    {
        if (is_int($value)) {
            return (string) $value;
        }
        [$set, $bytes] = $value instanceof Bytes ? ['', $value->bytes] : ['_utf8mb4 ', $value];
        if (strlen($bytes) > self::MOST || ($set !== '' && preg_match('/[^\x00-\x7f]/', $bytes) === 1)) {
            return null;
        }
        return $set . "x'" . bin2hex($bytes) . "'";
    }
}
