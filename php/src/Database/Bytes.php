<?php

declare(strict_types=1);

namespace PhpSessionBridge\Database;

/**
 * A value for a column of bytes. A string, in contrast, is text in the character set of the connection.
 *
 * @internal
 */
final class Bytes
{
    /** @var string */
    public $bytes;

    public function __construct(string $bytes)
    {
        $this->bytes = $bytes;
    }
}
