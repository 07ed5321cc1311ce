<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * Puts the changes of one request on what others have stored since it read the session: key by key, and down through maps whose
 * keys are all strings. Lists, maps with integers for keys, objects and values are taken as a whole. Parts that share an object or a
 * PHP reference are one whole, so that they share it afterwards too. What a session held that others have emptied since is not put
 * back, and a function is not asked about it: only what this request has added is stored.
 *
 * Works on texts: no class is loaded and nothing is instantiated. Node's side has the same in session/merge.ts, and gives the same bytes.
 */
final class ThreeWayMerge
{
    /** As PHP's unserialize_max_depth. */
    public const MAX_DEPTH = 4096;

    /** @var string|callable */
    private $rule;
    /** @var int */
    private $maxDepth;
    /** @var string[][] */
    private $conflicts = [];

    /** @param string|callable $rule */
    private function __construct($rule, int $maxDepth)
    {
        $this->rule = $rule;
        $this->maxDepth = $maxDepth;
    }

    /**
     * @param string $base what this request has read
     * @param string $mine what it wants to write
     * @param string $theirs what is stored now
     * @param string $format php.ini's session.serialize_handler: 'php', 'php_binary' or 'php_serialize'
     * @param string|callable $rule what becomes of a part that both have changed in different ways. 'mine': this request's; 'theirs':
     *     the one that is stored; 'error'; or a function, which is also asked if both made the same change, as two that count from 5 to 6
     *     do. It gets the path (string[]) and the part in $base, $mine and $theirs, each as serialize() writes it, or null if it is not
     *     there. It returns what to store, as serialize() writes it; null deletes it.
     * @param int $maxDepth how many arrays and objects may be inside each other
     *
     * @throws SessionConflict by the rule 'error'
     * @throws MalformedSession if one of the texts, or what the function returned, cannot be read
     * @throws UnmergeableSession if one of them cannot be written again
     * @throws \InvalidArgumentException if PHP does not have this format
     */
    public static function of(
        string $base,
        string $mine,
        string $theirs,
        string $format,
        $rule = 'mine',
        int $maxDepth = self::MAX_DEPTH
    ): Merged {
        $framing = new Format($format);
        if ($mine === $base) {
            return new Merged($theirs, []);
        }
        if ($theirs === $base) {
            return new Merged($mine, []);
        }
        $result = Reader::session($theirs, $framing, $maxDepth);
        $before = Reader::session($base, $framing, $maxDepth);
        // It was logged out, or a login has moved it to another id: what it held does not come back.
        $wasEmptied = $result->values === [] && $before->values !== [];
        $merge = new self($wasEmptied && $rule !== 'error' ? 'theirs' : $rule, $maxDepth);
        foreach (Pieces::of($before, Reader::session($mine, $framing, $maxDepth), $result) as $group) {
            $merge->decide($group);
        }
        return new Merged(Writer::session($result, $framing, $maxDepth), $merge->conflicts, $wasEmptied);
    }

    /** @param Piece[] $group */
    private function decide(array $group): void
    {
        $base = self::together($group, 'base');
        $mine = self::together($group, 'mine');
        if ($mine === $base) {
            return;
        }
        $theirs = self::together($group, 'theirs');
        $contested = $theirs === $base ? [] : array_filter($group, [$this, 'isContested']);
        if ($contested === [] && $theirs !== $base && $theirs !== $mine) {
            $contested = $group; // Both have changed what the parts share, and nothing else.
        }
        foreach ($group as $index => $piece) {
            if (isset($contested[$index])) {
                $this->conflicts[] = $piece->names();
                $piece->put($this->decision($piece));
            } elseif ($contested === [] || $this->rule !== 'theirs') {
                $piece->put($piece->mine);
            }
        }
    }

    /**
     * What one side has in a group, as a text. What its parts share shows only there.
     *
     * @param Piece[] $group
     * @param 'base'|'mine'|'theirs' $side
     */
    private static function together(array $group, string $side): string
    {
        if (count($group) === 1) {
            return (string) self::text($group[0]->$side); // No value has an empty text.
        }
        $all = new PhpArray();
        foreach ($group as $index => $piece) {
            if ($piece->$side !== null) {
                $all->values[$index] = $piece->$side;
            }
        }
        return Writer::one($all);
    }

    /** The same change twice is no conflict to a rule. But a function may be counting: then 6 of 5 twice makes 7. */
    private function isContested(Piece $piece): bool
    {
        $isFunction = !in_array($this->rule, ['mine', 'theirs', 'error'], true);
        $mine = self::text($piece->mine);
        return $mine !== self::text($piece->theirs) || ($isFunction && $mine !== self::text($piece->base));
    }

    /** @return string|object|null what is put into a contested place */
    private function decision(Piece $piece)
    {
        switch ($this->rule) {
            case 'mine':
                return $piece->mine;
            case 'theirs':
                return $piece->theirs;
            case 'error':
                throw new SessionConflict($piece->names());
        }
        $mine = self::text($piece->mine);
        $theirs = self::text($piece->theirs);
        /** @var callable(string[], ?string, ?string, ?string): ?string $rule */
        $rule = $this->rule;
        $decision = $rule($piece->names(), self::text($piece->base), $mine, $theirs);
        if ($decision === $mine) { // What is taken as it is keeps what it shares with others.
            return $piece->mine;
        }
        if ($decision === $theirs) {
            return $piece->theirs;
        }
        return $decision === null ? null : Reader::one($decision, $this->maxDepth);
    }

    /** @param string|object|null $value */
    private static function text($value): ?string
    {
        return $value === null ? null : Writer::one($value);
    }
}
