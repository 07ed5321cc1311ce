<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

/**
 * Notices that an application has a session that our handler does not store.
 *
 * @internal
 */
final class Watch
{
    /** @var string|null of the application; null: the request is for none */
    private $name;
    /** @var bool whether a session was started by our handler */
    private $isOpened = false;
    /** @var bool whether PHP has dropped our handler for another one */
    private $isReleased = false;

    public function __construct(?string $name)
    {
        $this->name = $name;
    }

    public function opened(): void
    {
        $this->isOpened = true;
    }

    public function released(): void
    {
        $this->isReleased = true;
    }

    /** At the end of the request. */
    public function end(): void
    {
        if ($this->name === null || session_id() === '' || !isset($_SESSION)) { // No session was started.
            return;
        }
        $module = (string) session_module_name();
        if ($module === 'user' && $this->isOpened && !$this->isReleased) {
            return;
        }
        $handler = $module === 'user' ? 'a session handler of its own' : "session.save_handler = $module";
        error_log("PhpSessionBridge: the application '$this->name' has set $handler after prepend.php, so its sessions are not in the table. "
            . 'Take that setting out of it, or use an adapter: docs/drop-in.md');
    }
}
