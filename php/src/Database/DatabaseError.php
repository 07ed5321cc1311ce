<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * What to do after an error of the database, by its number. The numbers are those of MySQL's Server Error Message Reference, and of
 * MariaDB's Error Codes where it has its own. Node's side has the same list in stores/mysql/errors.ts.
 *
 * @internal
 */
final class DatabaseError
{
    /** The connection is lost, or could not be made: it takes no more queries. */
    public const LOST = [1053, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2055, 4031];

    /** The COMMIT did nothing: the transaction lost its locks, or failed certification on Galera. */
    public const UNDONE = [1205, 1213];

    /**
     * Errors that pass, so the handler tries again: locks, rows that other requests inserted, too many connections, a node that
     * joins or leaves, a failover. All other errors fail at once, such as a wrong name or a full table.
     */
    public const PASSING = [
        1020, 1040, 1047, 1062, 1135, 1180, 1203, 1205, 1206, 1213, 1226, 1290, 1296, 1297, 1317, 1412, 1615, 1637,
        1792, 1836, 1969, 3024, 3032, 3100, 3101,
    ];

    /** Errors of PASSING from a server that should no longer be used: a new connection may reach another server. */
    public const ELSEWHERE = [1047, 1290, 1296, 1792, 1836, 3032];

    /** The id column cannot hold the id. */
    public const BAD_ID = [1267, 1366, 1406, 3854, 3988];

    /**
     * A rule of the table refuses a row: a column without a default, a column that is too short (for an id of multibyte
     * characters), partitions, a foreign key, a trigger or a CHECK.
     */
    public const REFUSED_ROW = [1048, 1264, 1292, 1364, 1406, 1452, 1526, 1644, 3819, 4025];

    /** The server does not have this variable. */
    public const UNKNOWN_VARIABLE = 1193;

    /** A syntax error: also that of a connection which takes one statement, and gets several. */
    public const SYNTAX = 1064;

    /** The statement is longer than max_allowed_packet. The server then closes the connection. */
    public const PACKET = 1153;

    /** The data are too long for the column, for a row, or for one transaction in the binary log. */
    private const TOO_LONG = [1118, 1197, 1406, 1705];

    /** The character set of the column cannot hold the data. */
    private const CHARSET = [1300, 1366, 3854, 3988];

    /**
     * The table, the privileges on it, the time zone or the binary log are wrong (1665: binlog_format is STATEMENT, which InnoDB
     * refuses at READ COMMITTED). Or a rule of the table (trigger, CHECK, foreign key) refuses the row.
     */
    private const TABLE = [
        1046, 1048, 1049, 1054, 1110, 1142, 1143, 1146, 1264, 1265, 1288, 1292, 1298, 1305, 1348, 1364, 1369, 1370, 1423,
        1442, 1449, 1452, 1526, 1644, 1665, 1906, 3105, 3819, 4025,
    ];

    /**
     * The status of a request that failed with this error: 500 if it fails each time until an administrator fixes the cause; otherwise
     * 503, as the same request may succeed later.
     */
    public static function status(\RuntimeException $error): int
    {
        $lasting = array_merge([self::PACKET], self::TOO_LONG, self::CHARSET, self::TABLE);
        $isMistake = $error->getPrevious() instanceof \InvalidArgumentException;
        return $isMistake || in_array($error->getCode(), $lasting, true) ? 500 : 503;
    }

    /**
     * The error of a statement that stores a session, with its meaning and a remedy added to the message.
     *
     * @param int $bytes of the session
     */
    public static function ofData(\RuntimeException $error, int $bytes): \RuntimeException
    {
        $number = (int) $error->getCode();
        $what = $error->getMessage();
        if ($number === self::PACKET) {
            $what .= ": the session has $bytes bytes. Raise max_allowed_packet on the server, or store less";
        } elseif ($number === 1406) {
            $what .= ": the session has $bytes bytes, more than the data column holds. Give it a larger type, or store less";
        } elseif (in_array($number, self::TOO_LONG, true)) {
            $what .= ": the session has $bytes bytes, more than the server takes in one row or transaction. Raise its limit, or store less";
        } elseif (in_array($number, self::CHARSET, true)) {
            $what .= ': the character set of the data column cannot hold the session. Make the column a BLOB type';
        }
        return new \RuntimeException($what, $number, $error->getPrevious());
    }

    /** The error if the data came back different from what was sent. */
    public static function otherCharset(): \RuntimeException
    {
        $why = 'the character set of the data column does not keep the data as they are. Make the column a BLOB type';
        return new \RuntimeException($why, self::CHARSET[0]);
    }
}
