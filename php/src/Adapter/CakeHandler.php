<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;
use Cake\Http\Exception\HttpException;

/** For CakePHP, as the `engine` of the configuration `Session.handler`: docs/drop-in.md. */
final class CakeHandler implements \SessionHandlerInterface, \SessionIdInterface, \SessionUpdateTimestampHandlerInterface
{
    use FailsByException;

    public function __construct(SessionHandler $handler)
    {
        $this->handler = $handler;
    }

    protected function refuse(int $status, string $message): void
    {
        throw new HttpException($message, $status);
    }
}
