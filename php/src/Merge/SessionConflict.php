<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** Two requests changed the same part of the session, and the rule is 'error'. */
final class SessionConflict extends MergeError
{
    /** @var string[] keys from the session down to the part; they may contain data of the visitor */
    public $path;

    /** @param string[] $path */
    public function __construct(array $path)
    {
        parent::__construct('This request and another one changed the same part of the session');
        $this->path = $path;
    }
}
