<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * SQL about the time column, for a connection in UTC. Node's side has the same in stores/mysql/time.ts, which explains the rules for
 * the hour that comes twice.
 *
 * @internal
 */
final class TimeSql
{
    /** @var string the time to write when a session is used */
    public $now;
    /** @var string the time to write for the session's end; %1$d is its lifetime in seconds */
    public $end;
    /** @var string all times before this one have passed */
    public $past;
    /** @var string a SELECT: times before its result are at least so long ago; %1$d are the seconds */
    public $limit;
    /** @var string what to add to a time to make it a second later */
    public $second;

    /**
     * @param string $type 'int', 'timestamp' or 'datetime'
     * @param string $zone of a DATETIME, without a quote or a backslash
     */
    public function __construct(string $type, string $zone)
    {
        $this->second = $type === 'int' ? '1' : 'INTERVAL 1 SECOND';
        if ($type === 'int') {
            $this->now = $this->past = 'UNIX_TIMESTAMP()';
            $this->end = 'UNIX_TIMESTAMP() + %1$d';
            $this->limit = 'SELECT UNIX_TIMESTAMP() - %1$d';
            return;
        }
        if ($type === 'timestamp') {
            $this->now = $this->past = 'CURRENT_TIMESTAMP';
            $this->end = 'CURRENT_TIMESTAMP + INTERVAL %1$d SECOND';
            $this->limit = 'SELECT CAST(CURRENT_TIMESTAMP - INTERVAL %1$d SECOND AS CHAR)';
            return;
        }
        $wall = static function (string $moment, int $hours) use ($zone): string {
            return "CONVERT_TZ($moment + INTERVAL $hours HOUR, '+00:00', '$zone')";
        };
        // The lowest time that the clock shows from that moment on, and the highest that it shows until then.
        $least = static function (string $moment) use ($wall): string {
            return "LEAST({$wall($moment, 0)}, {$wall($moment, 1)} - INTERVAL 1 HOUR)";
        };
        $end = 'UTC_TIMESTAMP() + INTERVAL %1$d SECOND';
        $this->now = $wall('UTC_TIMESTAMP()', 0);
        $this->end = "GREATEST({$wall($end, 0)}, {$wall($end, -1)} + INTERVAL 1 HOUR)";
        $this->past = $least('UTC_TIMESTAMP()');
        $this->limit = "SELECT CAST({$least('moment')} AS CHAR) FROM (SELECT UTC_TIMESTAMP() - INTERVAL %1\$d SECOND AS moment) AS m";
    }
}
