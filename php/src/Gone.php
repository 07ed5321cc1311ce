<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The row of a session has been deleted since this request read it.
 *
 * @internal
 */
class Gone extends \RuntimeException
{
}
