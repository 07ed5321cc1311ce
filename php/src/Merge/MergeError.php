<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/** Why three session texts could not be merged. The message contains no data of the session, so it may be logged. */
abstract class MergeError extends \RuntimeException
{
}
