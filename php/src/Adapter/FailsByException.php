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
     * Ends the request: throws the framework's exception for a status.
     *
     * @param int $status 503, or 500 or 400: php/README.md
     * @param string $message without id and data
     */
    abstract protected function refuse(int $status, string $message): void;

    /**
     * @param string $path
     * @param string $name
     */
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

    /** @param string $id */
    public function validateId($id): bool
    {
        return $this->handler->validateId($id);
    }

    /** @param string $id */
    public function read($id): string
    {
        $data = $this->handler->read($id);
        if ($data === false) {
            $this->failed('read');
            return '';
        }
        return $data;
    }

    /**
     * @param string $id
     * @param string $data
     */
    public function write($id, $data): bool
    {
        return $this->handler->write($id, $data) || $this->failed('written');
    }

    /**
     * @param string $id
     * @param string $data
     */
    public function updateTimestamp($id, $data): bool
    {
        return $this->handler->updateTimestamp($id, $data) || $this->failed('written');
    }

    /** @param string $id */
    public function destroy($id): bool
    {
        return $this->handler->destroy($id) || $this->failed('destroyed');
    }

    /**
     * @param int $max_lifetime
     * @return int|false
     */
    #[\ReturnTypeWillChange]
    public function gc($max_lifetime)
    {
        return $this->handler->gc($max_lifetime);
    }

    /** @return bool false, if the request goes on */
    private function failed(string $what): bool
    {
        $status = http_response_code(); // The handler has set it, unless the headers are out.
        $this->refuse(is_int($status) && $status >= 400 ? $status : 503, "The session could not be $what");
        return false;
    }
}
