<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;
use yii\web\HttpException;

/** For Yii 2, as the option `handler` of yii\web\Session: docs/drop-in.md. */
final class YiiHandler implements \SessionHandlerInterface, \SessionIdInterface, \SessionUpdateTimestampHandlerInterface
{
    use FailsByException;

    public function __construct(SessionHandler $handler)
    {
        $this->handler = $handler;
    }

    protected function refuse(int $status, string $message): void
    {
        throw new HttpException($status, $message);
    }
}
