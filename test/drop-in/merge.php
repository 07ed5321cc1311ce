<?php

declare(strict_types=1);

// The options of the lock 'merge'. Two requests that both increment a counter make one change of it, so the counter has a rule.

return [
    'lock' => 'merge',
    'on_conflict' => static function (array $path, ?string $base, ?string $mine, ?string $theirs): ?string {
        if (end($path) !== 'n') {
            return $mine;
        }
        $number = static function (?string $value): int { // 'i:5;', or 's:1:"5";'
            return preg_match('/(\d+)"?;$/D', (string) $value, $found) === 1 ? (int) $found[1] : 0;
        };
        return 'i:' . ($number($mine) + $number($theirs) - $number($base)) . ';';
    },
];
