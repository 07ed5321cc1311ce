<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** The bytes are no session of this format: PHP could not read them either. */
final class MalformedSession extends MergeError
{
    /** @var int where the bytes cannot be read any further */
    public $offset;

    public function __construct(int $offset)
    {
        parent::__construct("The session cannot be read: syntax error at byte $offset");
        $this->offset = $offset;
    }
}
