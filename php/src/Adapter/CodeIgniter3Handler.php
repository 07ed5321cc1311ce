<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;

/**
 * For CodeIgniter 3, whose `sess_driver` names a class of the application with one method: docs/drop-in.md.
 *
 * CodeIgniter answers each exception with 500. Its show_error() sends a page with the right status, and ends the request.
 */
abstract class CodeIgniter3Handler implements \CI_Session_driver_interface
{
    use FailsByException;

    /** @var bool whether show_error() was called. Before PHP 8, PHP calls write() and close() after its `exit` */
    private $isRefused = false;

    public function __construct()
    {
        $this->handler = $this->sessionHandler();
    }

    /** The handler of this application's table. */
    abstract protected function sessionHandler(): SessionHandler;

    protected function refuse(int $status, string $message): void
    {
        if (!$this->isRefused) {
            $this->isRefused = true;
            show_error($message, $status);
        }
    }
}
