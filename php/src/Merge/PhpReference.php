<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** A PHP reference (`R:`): all places that hold it share its value. */
final class PhpReference
{
    /** @var string|object */
    public $value;

    /** @param string|object $value */
    public function __construct($value)
    {
        $this->value = $value;
    }
}
