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
    /** @var array<int, int|string> keys from the session down to the map that is being split */
    private $path = [];
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
        $pieces->split($base, $mine, $theirs);
        foreach (['base', 'mine', 'theirs'] as $side) {
            $pieces->join($side);
        }
        $groups = [];
        foreach ($pieces->pieces as $index => $piece) {
            $groups[$pieces->leader($index)][] = $piece;
        }
        return $groups;
    }

    private function split(?PhpArray $before, PhpArray $own, PhpArray $place): void
    {
        $keys = $place->values + $own->values + ($before === null ? [] : $before->values);
        foreach ($keys as $key => $_) {
            $base = $before === null ? null : $before->values[$key] ?? null;
            $mine = $own->values[$key] ?? null;
            $theirs = $place->values[$key] ?? null;
            $this->path[] = $key;
            if (self::isMap($mine) && self::isMap($theirs) && ($base === null || self::isMap($base))) {
                $this->split($base, $mine, $theirs);
            } else {
                $this->leaders[] = count($this->pieces);
                $this->pieces[] = new Piece($this->path, $place, $base, $mine, $theirs);
            }
            array_pop($this->path);
        }
    }

    /**
     * @param string|object|null $value
     * @phpstan-assert-if-true PhpArray $value
     */
    private static function isMap($value): bool
    {
        return $value instanceof PhpArray && $value->isMap();
    }

    /** @param 'base'|'mine'|'theirs' $side */
    private function join(string $side): void
    {
        $owners = [];
        foreach ($this->pieces as $index => $piece) {
            /** @var array<int, array<string|object|null>> $rest */
            $rest = [[$piece->$side]];
            $seen = [];
            while (($values = array_pop($rest)) !== null) {
                foreach ($values as $value) {
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
