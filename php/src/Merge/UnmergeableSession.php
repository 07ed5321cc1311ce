<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * PHP can read the session, but it cannot be taken apart and written again: it is too deep, or it has a reference whose number
 * only a class knows.
 */
final class UnmergeableSession extends MergeError
{
}
