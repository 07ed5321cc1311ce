<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** An object of a session: the name of a class and properties. No class is loaded or instantiated. */
final class PhpObject
{
    /** @var string */
    public $className;
    /** @var array<int|string, string|object> as PhpArray::$values, by PHP's mangled names */
    public $values = [];
    /** @var array<int, true> the keys that were written as integers; other digits are the name of a property */
    public $integers = [];

    public function __construct(string $className)
    {
        $this->className = $className;
    }
}
