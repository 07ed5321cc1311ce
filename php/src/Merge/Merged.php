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
    /** @var bool whether others had emptied the session: then the conflicts are changes that were dropped, whatever the rule */
    public $wasEmptied;

    /** @param string[][] $conflicts */
    public function __construct(string $data, array $conflicts, bool $wasEmptied = false)
    {
        $this->data = $data;
        $this->conflicts = $conflicts;
        $this->wasEmptied = $wasEmptied;
    }
}
