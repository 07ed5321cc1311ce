<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

use PhpSessionBridge\SessionHandler;

/**
 * The session handler of an application that does not know it. It makes the SessionHandler when a session starts, and ends the
 * request when the session cannot be read: the page would take its visitor for one who is not logged in.
 *
 * @internal
 */
final class Handler implements
    \SessionHandlerInterface,
    \SessionIdInterface,
    \SessionUpdateTimestampHandlerInterface
{
    /** @var callable(): Application */
    private $choose;
    /** @var Watch */
    private $watch;
    /** @var Application|null that of $handler */
    private $application;
    /** @var SessionHandler|null null: no session, or the request has ended by a failure */
    private $handler;

    /** @param callable(): Application $choose throws ConfigurationError */
    public function __construct(callable $choose, Watch $watch)
    {
        $this->choose = $choose;
        $this->watch = $watch;
    }

    public function __destruct()
    {
        $this->watch->released();
    }

    public function open($path, $name): bool
    {
        $this->watch->opened();
        try {
            $application = ($this->choose)();
            if ($this->application !== $application) {
                require_once __DIR__ . '/../SessionHandler.php';
                $this->handler = new SessionHandler($application->connection(), $application->options);
                $this->application = $application;
            }
        } catch (ConfigurationError | \InvalidArgumentException $error) {
            $this->refuse(500, $error->getMessage());
        }
        return $this->handler()->open($path, $name);
    }

    public function validateId($id): bool
    {
        return $this->handler()->validateId($id);
    }

    public function create_sid(): string
    {
        return $this->handler()->create_sid();
    }

    /** @return string */
    #[\ReturnTypeWillChange]
    public function read($id)
    {
        $data = $this->handler()->read($id);
        if ($data === false) {
            $this->refuse(null); // The handler has logged the reason, and set the status.
        }
        return $data;
    }

    public function write($id, $data): bool
    {
        return $this->handler === null || $this->handler->write($id, $data);
    }

    public function updateTimestamp($id, $data): bool
    {
        return $this->handler === null || $this->handler->updateTimestamp($id, $data);
    }

    public function destroy($id): bool
    {
        return $this->handler()->destroy($id);
    }

    public function close(): bool
    {
        return $this->handler === null || $this->handler->close();
    }

    /** @return int|false */
    #[\ReturnTypeWillChange]
    public function gc($max_lifetime)
    {
        return $this->handler()->gc($max_lifetime);
    }

    private function handler(): SessionHandler
    {
        if ($this->handler === null) {
            throw new \LogicException('no session is open');
        }
        return $this->handler;
    }

    /**
     * Before PHP 8, `exit` leaves the session active, and PHP calls write() and close() in the end.
     *
     * @return never
     */
    private function refuse(?int $status, ?string $why = null): void
    {
        $this->handler = null;
        $this->application = null;
        Refusal::end($status, $why);
    }
}
