<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** What became of three session texts. */
final class Merged
{
    /** @var string the session to be written */
    public $data;
    /** @var string[][] the paths of the conflicts that the rule decided; they may contain data of the visitor */
    public $conflicts;

    /** @param string[][] $conflicts */
    public function __construct(string $data, array $conflicts)
    {
        $this->data = $data;
        $this->conflicts = $conflicts;
    }
}
