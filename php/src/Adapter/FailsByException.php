<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;

/**
 * A session handler for frameworks: what SessionHandler answers by false is an exception of the framework. A framework that goes on
 * after a false takes the visitor for one who is not logged in, and answers 200 after a change that is lost.
 *
 * @internal for the adapters
 */
trait FailsByException
{
    /** @var SessionHandler */
    private $handler;

    /**
     * The framework's exception for a status.
     *
     * @param int $status 503, or 500 or 400: php/README.md
     * @param string $message without id and data
     */
    abstract protected function exception(int $status, string $message): \Throwable;

    public function open($path, $name): bool
    {
        return $this->handler->open($path, $name);
    }

    public function close(): bool
    {
        return $this->handler->close();
    }

    public function create_sid(): string
    {
        return $this->handler->create_sid();
    }

    public function validateId($id): bool
    {
        return $this->handler->validateId($id);
    }

    public function read($id): string
    {
        return $this->done($this->handler->read($id), 'read');
    }

    public function write($id, $data): bool
    {
        return $this->done($this->handler->write($id, $data), 'written');
    }

    public function updateTimestamp($id, $data): bool
    {
        return $this->done($this->handler->updateTimestamp($id, $data), 'written');
    }

    public function destroy($id): bool
    {
        return $this->done($this->handler->destroy($id), 'destroyed');
    }

    /** @return int|false */
    #[\ReturnTypeWillChange]
    public function gc($max_lifetime)
    {
        return $this->handler->gc($max_lifetime);
    }

    /**
     * @param string|bool $result
     * @return string|bool $result
     */
    private function done($result, string $what)
    {
        if ($result === false) {
            $status = http_response_code(); // The handler has set it, unless the headers are out.
            throw $this->exception(is_int($status) && $status >= 400 ? $status : 503, "The session could not be $what");
        }
        return $result;
    }
}
