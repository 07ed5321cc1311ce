<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * Writes values as PHP's serialize() does (php-src: php_var_serialize_intern), and numbers them anew. An object, and what a
 * PHP reference shares, is written where it comes first; after that stands its number.
 *
 * @internal
 */
final class Writer
{
    /** @var string */
    private $text = '';
    /** @var int how many values have a number */
    private $numbered;
    /** @var int levels that may be written */
    private $maxDepth;
    /** @var array<int|string, int> numbers of objects and references by their id, and of enums by their text */
    private $numbers = [];
    /** @var array<int, int> how many places hold a reference, by its id. PHP writes what only one place holds as a value */
    private $holders = [];
    /** @var int the number of the first `C:` */
    private $firstCustom = PHP_INT_MAX;

    private function __construct(int $numbered, int $maxDepth)
    {
        $this->numbered = $numbered;
        $this->maxDepth = $maxDepth;
    }

    /**
     * Writes one value.
     *
     * @param string|object $value
     * @throws UnmergeableSession
     */
    public static function one($value): string
    {
        if (is_string($value)) {
            return $value;
        }
        $writer = new self(0, PHP_INT_MAX);
        $writer->countHolders([$value]);
        $writer->element($value, 0, false);
        return $writer->text;
    }

    /** @throws UnmergeableSession */
    public static function session(PhpArray $session, Format $format, int $maxDepth): string
    {
        $writer = new self($format->isArray ? 1 : 0, $maxDepth);
        $writer->countHolders($session->values);
        $writer->text = $format->start(count($session->values));
        foreach ($session->values as $name => $value) {
            $writer->text .= $format->name($name);
            $writer->element($value, $format->isArray ? 1 : 0, !$format->isArray);
        }
        return $writer->text . $format->end();
    }

    /** @param int|string $key the key of an element */
    public static function key($key): string
    {
        return is_int($key) ? "i:$key;" : 's:' . strlen($key) . ":\"$key\";";
    }

    /** @param array<int|string, string|object> $values */
    private function countHolders(array $values): void
    {
        /** @var array<int, array<string|object>> $rest */
        $rest = [$values];
        $seen = [];
        while (($values = array_pop($rest)) !== null) {
            foreach ($values as $value) {
                if ($value instanceof PhpReference) {
                    $id = spl_object_id($value);
                    $this->holders[$id] = ($this->holders[$id] ?? 0) + 1;
                    $value = $value->value;
                }
                if (($value instanceof PhpArray || $value instanceof PhpObject) && !isset($seen[spl_object_id($value)])) {
                    $seen[spl_object_id($value)] = true;
                    $rest[] = $value->values;
                }
            }
        }
    }

    /**
     * @param string|object $value
     * @param int $levels how many arrays and objects it is in
     * @param bool $isVariable of a session that is not written as an array: PHP keeps a reference there that no other place holds
     */
    private function element($value, int $levels, bool $isVariable): void
    {
        if ($value instanceof PhpReference) {
            $id = spl_object_id($value);
            if ($isVariable || $this->holders[$id] > 1) {
                $number = $this->numbers[$id] ?? $this->numberOf($value->value); // A reference to an object has the object's number.
                if ($number !== null) {
                    $this->text .= "R:{$this->target($number)};";
                    return;
                }
                $this->numbers[$id] = $this->numbered + 1;
            }
            $value = $value->value;
        }
        ++$this->numbered;
        if (is_string($value)) {
            $this->text .= $value;
        } elseif ($value instanceof PhpArray) {
            $this->text .= 'a:' . count($value->values) . ':{';
            $this->elements($value, $levels);
        } elseif (($number = $this->numberOf($value)) !== null) {
            $this->text .= "r:{$this->target($number)};";
        } else {
            $this->object($value, $levels);
        }
    }

    private function object(object $object, int $levels): void
    {
        $this->numbers[$object instanceof PhpEnum ? $object->text : spl_object_id($object)] = $this->numbered;
        if ($object instanceof PhpObject) {
            $name = $object->className;
            $this->text .= 'O:' . strlen($name) . ":\"$name\":" . count($object->values) . ':{';
            $this->elements($object, $levels);
            return;
        }
        if ($object instanceof PhpCustom) {
            $this->firstCustom = min($this->firstCustom, $this->numbered);
        }
        /** @var PhpCustom|PhpEnum $object */
        $this->text .= $object->text;
    }

    /** @param PhpArray|PhpObject $container */
    private function elements(object $container, int $levels): void
    {
        $isObject = $container instanceof PhpObject;
        if ($levels >= $this->maxDepth && ($isObject || $container->values !== [])) {
            throw new UnmergeableSession("More than {$this->maxDepth} arrays and objects inside each other");
        }
        foreach ($container->values as $key => $value) {
            $this->text .= self::key($isObject && !isset($container->integers[$key]) ? (string) $key : $key);
            $this->element($value, $levels + 1, false);
        }
        $this->text .= '}';
    }

    /**
     * The number of what has an identity and is written already.
     *
     * @param string|object $value
     */
    private function numberOf($value): ?int
    {
        if (is_string($value) || $value instanceof PhpArray) {
            return null;
        }
        return $this->numbers[$value instanceof PhpEnum ? $value->text : spl_object_id($value)] ?? null;
    }

    private function target(int $number): int
    {
        if ($number > $this->firstCustom) {
            throw new UnmergeableSession('A reference would come after an object that serialized itself (C:)');
        }
        return $number;
    }
}
