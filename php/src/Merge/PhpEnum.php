<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** A case of an enum (`E:`). All that have the same text are one object in PHP. */
final class PhpEnum
{
    /** @var string */
    public $text;

    public function __construct(string $text)
    {
        $this->text = $text;
    }
}
