<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * Another request has ended the session while this one used it without a lock, as it may. So that is no failure: what this request has
 * changed has no place any more.
 *
 * @internal
 */
final class Ended extends Gone
{
}
