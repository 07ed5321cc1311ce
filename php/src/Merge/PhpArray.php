<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * An array of a session, or the session itself. A value is the text of a scalar as serialize() writes it, or one of PhpArray,
 * PhpObject, PhpCustom, PhpEnum and PhpReference.
 */
final class PhpArray
{
    /** @var array<int|string, string|object> */
    public $values = [];

    /** Whether a merge goes into it: all its keys are strings. */
    public function isMap(): bool
    {
        foreach ($this->values as $key => $_) {
            if (is_int($key)) {
                return false;
            }
        }
        return true;
    }
}
