<?php

declare(strict_types=1);

// Functions of PHP 8.4 and 8.5 that Laravel 13 takes from a package if PHP has none.

if (!function_exists('mb_ucfirst')) {
    function mb_ucfirst(string $text): string
    {
        return mb_strtoupper(mb_substr($text, 0, 1)) . mb_substr($text, 1);
    }
}
if (!function_exists('array_any')) {
    function array_any(array $values, callable $is): bool
    {
        foreach ($values as $key => $value) {
            if ($is($value, $key)) {
                return true;
            }
        }
        return false;
    }

    function array_all(array $values, callable $is): bool
    {
        return !array_any($values, static function ($value, $key) use ($is) {
            return !$is($value, $key);
        });
    }
}
if (!function_exists('array_first')) {
    function array_first(array $values)
    {
        return $values === [] ? null : reset($values);
    }

    function array_last(array $values)
    {
        return $values === [] ? null : end($values);
    }
}
if (!function_exists('array_find')) {
    function array_find_key(array $values, callable $is)
    {
        foreach ($values as $key => $value) {
            if ($is($value, $key)) {
                return $key;
            }
        }
        return null;
    }

    function array_find(array $values, callable $is)
    {
        $key = array_find_key($values, $is);
        return $key === null ? null : $values[$key];
    }
}
