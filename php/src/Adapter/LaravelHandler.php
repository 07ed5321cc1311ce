<?php

declare(strict_types=1);

namespace PhpSessionBridge\Adapter;

use PhpSessionBridge\SessionHandler;
use Symfony\Component\HttpKernel\Exception\HttpException;

/**
 * For Laravel, by SessionManager::extend(): docs/drop-in.md.
 *
 * Laravel has session code of its own. It calls read() at the beginning, write() at the end, and neither open() nor close(). A new
 * id, of a login or a logout, gets its first write() without a read(). A page that saves twice calls write() again.
 */
final class LaravelHandler implements \SessionHandlerInterface
{
    use FailsByException {
        read as private locked;
        write as private stored;
        destroy as private ended;
    }

    private const FORMAT = 'php_serialize';

    /** @var array<string, string> what this request has stored, by ids */
    private $last = [];
    /** @var string|null the id whose row is locked */
    private $id;

    /** @throws \InvalidArgumentException if the handler's lock is 'merge', and it takes sessions for those of another format */
    public function __construct(SessionHandler $handler)
    {
        $format = $handler->mergedFormat();
        if ($format !== null && $format !== self::FORMAT) {
            throw new \InvalidArgumentException("Laravel's sessions have the format " . self::FORMAT . ", and this SessionHandler merges"
                . " sessions of the format $format: give it the option 'serialize_handler' => '" . self::FORMAT . "'");
        }
        $this->handler = $handler;
    }

    public function read($id): string
    {
        $this->last = []; // A worker that lives on begins its next request.
        return $this->lock($id);
    }

    /** @throws \LogicException if the session is not in Laravel's usual format */
    public function write($id, $data): bool
    {
        if (strncmp($data, 'a:', 2) !== 0) { // It is JSON, or encrypted.
            $this->id = null;
            $this->handler->close();
            throw new \LogicException("Node cannot read this session: set 'serialization' => 'php' and 'encrypt' => false in Laravel's"
                . ' config/session.php');
        }
        $now = $this->id === $id ? null : $this->lock($id);
        $this->id = null;
        if (isset($this->last[$id]) && $now !== $this->last[$id]) { // The page does not know what others have written since.
            $this->handler->close();
            return $data === $this->last[$id] || $this->failed('written again: it has changed since this page saved it');
        }
        $this->stored($id, $data);
        $this->last[$id] = $data;
        return $this->handler->close();
    }

    public function destroy($id): bool
    {
        $this->id = null;
        $this->ended($id);
        return $this->handler->close();
    }

    protected function refuse(int $status, string $message): void
    {
        throw new HttpException($status, $message, null, $status === 503 ? ['Retry-After' => '5'] : []);
    }

    private function lock(string $id): string
    {
        $this->id = null;
        $this->handler->open('', '');
        $data = $this->locked($id);
        $this->id = $id;
        return $data;
    }
}
