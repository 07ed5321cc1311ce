<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** An object of a class that implements PHP's Serializable (`C:`). Only its class knows what is in the text. */
final class PhpCustom
{
    /** @var string */
    public $text;

    public function __construct(string $text)
    {
        $this->text = $text;
    }
}
