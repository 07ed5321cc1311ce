<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * A part of the session that is taken from one side as a whole.
 *
 * @internal
 */
final class Piece
{
    /** @var array<int, int|string> keys from the session down to the part */
    public $path;
    /** @var PhpArray where it is, or would be, in what is stored */
    public $place;
    /** @var string|object|null as in PhpArray; null: it is not there */
    public $base;
    /** @var string|object|null */
    public $mine;
    /** @var string|object|null */
    public $theirs;

    /**
     * @param array<int, int|string> $path
     * @param string|object|null $base
     * @param string|object|null $mine
     * @param string|object|null $theirs
     */
    public function __construct(array $path, PhpArray $place, $base, $mine, $theirs)
    {
        $this->path = $path;
        $this->place = $place;
        $this->base = $base;
        $this->mine = $mine;
        $this->theirs = $theirs;
    }

    /**
     * Puts a value into what is stored.
     *
     * @param string|object|null $value
     */
    public function put($value): void
    {
        $key = end($this->path);
        if ($value === null) {
            unset($this->place->values[$key]);
        } else {
            $this->place->values[$key] = $value;
        }
    }

    /** @return string[] */
    public function names(): array
    {
        return array_map('strval', $this->path);
    }
}
