<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * Finds the parts of a session that are merged by themselves, and which of them belong together.
 *
 * @internal
 */
final class Pieces
{
    /** @var Piece[] */
    private $pieces = [];
    /** @var array<int, int> for each piece another one of its group; the first one of a group leads to itself */
    private $leaders = [];

    /**
     * A map that all sides have is gone into. Pieces in which one side has the same object or reference are one group.
     *
     * @return Piece[][] groups, in the order of their first pieces
     */
    public static function of(PhpArray $base, PhpArray $mine, PhpArray $theirs): array
    {
        $pieces = new self();
        $pieces->split([], $base, $mine, $theirs);
        foreach (['base', 'mine', 'theirs'] as $side) {
            $pieces->join($side);
        }
        $groups = [];
        foreach ($pieces->pieces as $index => $piece) {
            $groups[$pieces->leader($index)][] = $piece;
        }
        return $groups;
    }

    /** @param array<int, int|string> $path */
    private function split(array $path, ?PhpArray $base, PhpArray $mine, PhpArray $theirs): void
    {
        $keys = $theirs->values + $mine->values + ($base === null ? [] : $base->values);
        foreach ($keys as $key => $_) {
            $inner = array_merge($path, [$key]);
            $piece = new Piece($inner, $theirs, $base, $mine);
            if (self::isMap($piece->mine) && self::isMap($piece->theirs) && ($piece->base === null || self::isMap($piece->base))) {
                $this->split($inner, $piece->base, $piece->mine, $piece->theirs);
            } else {
                $this->leaders[] = count($this->pieces);
                $this->pieces[] = $piece;
            }
        }
    }

    /** @param string|object|null $value */
    private static function isMap($value): bool
    {
        return $value instanceof PhpArray && $value->isMap();
    }

    private function join(string $side): void
    {
        $owners = [];
        foreach ($this->pieces as $index => $piece) {
            $rest = [[$piece->$side]];
            $seen = [];
            while ($rest !== []) {
                foreach (array_pop($rest) as $value) {
                    if ($value instanceof PhpArray) {
                        $rest[] = $value->values;
                        continue;
                    }
                    // A case of an enum is a value: it is the same object wherever it stands.
                    if ($value === null || is_string($value) || $value instanceof PhpEnum || isset($seen[spl_object_id($value)])) {
                        continue;
                    }
                    $id = spl_object_id($value);
                    $seen[$id] = true;
                    if ($value instanceof PhpReference) {
                        $rest[] = [$value->value];
                    } elseif ($value instanceof PhpObject) {
                        $rest[] = $value->values;
                    }
                    $owners[$id] = $owners[$id] ?? $index;
                    $this->unite($owners[$id], $index);
                }
            }
        }
    }

    private function unite(int $one, int $other): void
    {
        $one = $this->leader($one);
        $other = $this->leader($other);
        $this->leaders[max($one, $other)] = min($one, $other);
    }

    private function leader(int $index): int
    {
        while ($this->leaders[$index] !== $index) {
            $index = $this->leaders[$index] = $this->leaders[$this->leaders[$index]];
        }
        return $index;
    }
}
