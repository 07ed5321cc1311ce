<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * Takes a session text apart, and checks it on the way. Nothing is instantiated.
 *
 * PHP numbers the values of a session from 1 (php-src: var_push): each value has a number but `R:`, and keys have none. A number is a
 * place: an element, a property or a variable.
 *
 * @internal
 */
final class Reader
{
    /** @var Tokens */
    private $tokens;
    /** @var int */
    private $maxDepth;
    /** @var bool whether there may be references, so that places are to be kept */
    private $hasReferences;
    /** @var array<int, PhpArray|PhpObject|null> by number, less one: the array or object in which the place is; null: the session */
    private $containers = [];
    /** @var array<int, int|string> the keys of the places */
    private $keys = [];
    /** @var int the number of the first `C:`. What is inside has numbers too, and only its class knows how many */
    private $firstCustom = PHP_INT_MAX;

    private function __construct(string $bytes, int $maxDepth)
    {
        $this->tokens = new Tokens($bytes);
        $this->maxDepth = $maxDepth;
        $this->hasReferences = preg_match('/[rR]:[0-9]+;/', $bytes) === 1;
    }

    /** @throws MergeError */
    public static function session(string $bytes, Format $format, int $maxDepth): PhpArray
    {
        $reader = new self($bytes, $maxDepth);
        $session = new PhpArray();
        if ($format->isArray) {
            $reader->number(null, '');
        }
        /** @var array<int|string, PhpArray> $variables */
        $variables = [];
        $format->read($reader->tokens, static function ($name) use ($reader, $session, $format, &$variables): void {
            if ($format->isArray) {
                $reader->value($session, $name, 1);
                return;
            }
            $variables[$name] = new PhpArray(); // Each is a place of its own, also if its name comes twice. The last one counts.
            $reader->value($variables[$name], $name, 0);
        });
        foreach ($variables as $name => $variable) {
            $session->values[$name] = $variable->values[$name];
        }
        return $session;
    }

    /**
     * Reads the text of one value.
     *
     * @return string|object
     * @throws MergeError
     */
    public static function one(string $bytes, int $maxDepth)
    {
        $reader = new self($bytes, $maxDepth);
        $place = new PhpArray();
        $reader->value($place, 0, 0);
        if (!$reader->tokens->isAtEnd()) {
            throw new MalformedSession($reader->tokens->at);
        }
        return $place->values[0];
    }

    /**
     * Reads a value, and all that is in it, into a place.
     *
     * @param PhpArray|PhpObject $container
     * @param int|string $key
     * @param int $levels how many arrays and objects it is in
     */
    private function value($container, $key, int $levels): void
    {
        $tokens = $this->tokens;
        /** @var array<int, array{PhpArray|PhpObject, int}> $outer */
        $outer = [];
        $left = 0;
        for (;;) {
            $start = $tokens->at;
            $letter = $tokens->peek();
            if ($letter === 'a' || $letter === 'O') {
                $inner = $letter === 'a' ? new PhpArray() : new PhpObject($tokens->className());
                $count = $letter === 'a' ? $tokens->array() : $tokens->count();
                if ($levels + count($outer) >= $this->maxDepth && ($count > 0 || $letter === 'O')) {
                    throw new UnmergeableSession("More than {$this->maxDepth} arrays and objects inside each other");
                }
                $container->values[$key] = $inner;
                $this->number($container, $key);
                $outer[] = [$container, $left];
                $container = $inner;
                $left = $count;
            } elseif ($letter === 'R' || $letter === 'r') {
                [$there, $at] = $this->place($tokens->reference(), $container, $key, $start);
                $value = $there->values[$at];
                if ($letter === 'R') {
                    $there->values[$at] = $value instanceof PhpReference ? $value : new PhpReference($value);
                    $container->values[$key] = $there->values[$at];
                } else {
                    $object = $value instanceof PhpReference ? $value->value : $value;
                    if (is_string($object) || $object instanceof PhpArray) {
                        throw new MalformedSession($start);
                    }
                    $container->values[$key] = $object;
                    $this->number($container, $key);
                }
            } elseif ($letter === 'C') {
                $container->values[$key] = $this->custom();
                $this->number($container, $key);
                $this->firstCustom = min($this->firstCustom, count($this->keys));
            } else {
                $container->values[$key] = $letter === 'E' ? $tokens->enum() : $tokens->scalar();
                $this->number($container, $key);
            }
            while ($left === 0) {
                if ($outer === []) {
                    return;
                }
                $tokens->close();
                [$container, $left] = array_pop($outer);
            }
            --$left;
            $isInteger = $tokens->peek() === 'i';
            $key = $tokens->key();
            if ($isInteger && is_int($key) && $container instanceof PhpObject && !array_key_exists($key, $container->values)) {
                $container->integers[$key] = true;
            }
        }
    }

    /**
     * Gives a place the next number.
     *
     * @param PhpArray|PhpObject|null $container
     * @param int|string $key
     */
    private function number($container, $key): void
    {
        if ($this->hasReferences) {
            $this->containers[] = $container;
            $this->keys[] = $key;
        }
    }

    /**
     * The place that a reference means.
     *
     * @param PhpArray|PhpObject $container where the reference stands, as $key
     * @param int|string $key
     * @return array{PhpArray|PhpObject, int|string}
     */
    private function place(int $number, object $container, $key, int $start): array
    {
        if ($number > $this->firstCustom) {
            throw new UnmergeableSession("The reference at byte $start comes after an object that serialized itself (C:)");
        }
        $there = $this->containers[$number - 1] ?? null;
        if ($number === 1 && $this->keys !== [] && $there === null) {
            throw new UnmergeableSession("The reference at byte $start is to the session itself, which PHP cannot write");
        }
        if ($there === null || ($there === $container && $this->keys[$number - 1] === $key)) {
            throw new MalformedSession($start);
        }
        return [$there, $this->keys[$number - 1]];
    }

    private function custom(): PhpCustom
    {
        $start = $this->tokens->at;
        $object = $this->tokens->custom();
        if (preg_match('/[rR]:[0-9]+;/', $object->text) === 1) {
            throw new UnmergeableSession("The object at byte $start has serialized itself (C:), perhaps with references");
        }
        return $object;
    }
}
