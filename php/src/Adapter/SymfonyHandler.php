<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;
use Symfony\Component\HttpKernel\Exception\HttpException;

/** For Symfony, as the service of `framework.session.handler_id`; and for Drupal, as the service `session_handler.storage`: docs/drop-in.md. */
final class SymfonyHandler implements \SessionHandlerInterface, \SessionIdInterface, \SessionUpdateTimestampHandlerInterface
{
    use FailsByException;

    public function __construct(SessionHandler $handler)
    {
        $this->handler = $handler;
    }

    protected function refuse(int $status, string $message): void
    {
        throw new HttpException($status, $message, null, $status === 503 ? ['Retry-After' => '5'] : []);
    }
}
