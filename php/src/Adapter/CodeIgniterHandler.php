<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use CodeIgniter\Exceptions\HTTPExceptionInterface;
use CodeIgniter\Session\Handlers\BaseHandler;
use Config\Session as SessionConfig;
use PhpSessionBridge\SessionHandler;

/**
 * For CodeIgniter 4, which makes the class itself that `Config\Session::$driver` names: a class of the application with one method,
 * docs/drop-in.md.
 */
abstract class CodeIgniterHandler extends BaseHandler implements \SessionIdInterface, \SessionUpdateTimestampHandlerInterface
{
    use FailsByException;

    public function __construct(SessionConfig $config, string $ipAddress)
    {
        parent::__construct($config, $ipAddress);
        $this->handler = $this->sessionHandler();
    }

    /** The handler of this application's table. */
    abstract protected function sessionHandler(): SessionHandler;

    protected function refuse(int $status, string $message): void
    {
        throw new class ($message, $status) extends \RuntimeException implements HTTPExceptionInterface {
        };
    }
}
