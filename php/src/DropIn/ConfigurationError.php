<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

/**
 * The configuration of the drop-in cannot be used. The message may be logged: it names entries and files, and contains no value.
 *
 * @internal
 */
final class ConfigurationError extends \RuntimeException
{
}
