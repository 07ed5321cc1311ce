<?php

// Runs the steps of one request, which come as its body, with a save handler that records what PHP calls. The rows come with them, and
// go back as they are when the session has been closed. For PHP 7.4 to 8.5, on `php -S` and as WebAssembly.

ob_start();
$test = json_decode(file_get_contents('php://input'), true);
$notes = [];
set_error_handler(function (int $level, string $message) use (&$notes): bool {
    $notes[] = $message;
    return true;
});
foreach ($test['ini'] as $name => $value) {
    ini_set($name, (string) $value);
}

/** PHP asks it for nothing but what its interfaces say: one that has no validateId() cannot have strict mode. */
class Recorder implements SessionHandlerInterface, SessionIdInterface
{
    /** @var array<string, string> */
    public $rows;
    /** @var list<list<mixed>> */
    public $trace = [];
    /** @var int */
    private $ids = 0;

    public function __construct(array $rows)
    {
        $this->rows = $rows;
    }

    #[\ReturnTypeWillChange]
    public function open($path, $name)
    {
        $this->trace[] = ['open'];
        return true;
    }

    #[\ReturnTypeWillChange]
    public function close()
    {
        $this->trace[] = ['close'];
        return true;
    }

    #[\ReturnTypeWillChange]
    public function create_sid()
    {
        $id = sprintf('%032x', 0x1000 + ++$this->ids);
        $this->trace[] = ['create_sid', $id];
        return $id;
    }

    #[\ReturnTypeWillChange]
    public function read($id)
    {
        $this->trace[] = ['read', $id];
        return $this->rows[$id] ?? '';
    }

    #[\ReturnTypeWillChange]
    public function write($id, $data)
    {
        $this->trace[] = ['write', $id, $data];
        $this->rows[$id] = $data;
        return true;
    }

    #[\ReturnTypeWillChange]
    public function destroy($id)
    {
        $this->trace[] = ['destroy', $id];
        unset($this->rows[$id]);
        return true;
    }

    #[\ReturnTypeWillChange]
    public function gc($lifetime)
    {
        $this->trace[] = ['gc', $lifetime];
        return 0;
    }
}

class FullRecorder extends Recorder implements SessionUpdateTimestampHandlerInterface
{
    #[\ReturnTypeWillChange]
    public function validateId($id)
    {
        $this->trace[] = ['validateId', $id];
        return isset($this->rows[$id]);
    }

    #[\ReturnTypeWillChange]
    public function updateTimestamp($id, $data)
    {
        $this->trace[] = ['touch', $id];
        $this->rows[$id] = $data;
        return true;
    }
}

$handler = $test['validates'] ? new FullRecorder($test['rows']) : new Recorder($test['rows']);
session_set_save_handler($handler, true);
$seen = [];
$results = [];
$print = function () use ($handler, &$seen, &$results, &$notes): void {
    ob_end_clean();
    $headers = headers_list();
    header_remove();
    echo json_encode([
        'trace' => $handler->trace,
        'rows' => (object) $handler->rows,
        'headers' => $headers,
        'seen' => $seen,
        'results' => $results,
        'notes' => $notes,
        'now' => time(),
        'cookie' => is_string($_COOKIE[session_name()] ?? null) ? $_COOKIE[session_name()] : null,
        'link' => is_string($_GET[session_name()] ?? null) ? $_GET[session_name()] : null,
    ], JSON_INVALID_UTF8_SUBSTITUTE);
};
// PHP's own shutdown function registers another one, which closes the session. This has to come after that.
register_shutdown_function(function () use ($print): void {
    register_shutdown_function($print);
});

foreach ($test['steps'] as $step) {
    switch ($step[0]) {
        case 'start':
            $results[] = session_start(isset($step[1]) ? [$step[1] => true] : []);
            break;
        case 'set':
            $_SESSION[$step[1]] = $step[2];
            break;
        case 'unset':
            unset($_SESSION[$step[1]]);
            break;
        case 'clear':
            $_SESSION = [];
            break;
        case 'get':
            $seen[] = (object) ($_SESSION ?? []);
            break;
        case 'close':
            $results[] = session_write_close();
            break;
        case 'abort':
            $results[] = session_abort();
            break;
        case 'reset':
            $results[] = session_reset();
            break;
        case 'destroy':
            $results[] = session_destroy();
            break;
        case 'regenerate':
            $results[] = session_regenerate_id($step[1]);
            break;
        case 'create_id':
            $id = session_create_id($step[1]);
            $results[] = $id === false ? false : strlen($id) . ' characters, begins with ' . substr($id, 0, strlen($step[1]));
            break;
        case 'gc':
            $results[] = session_gc() !== false;
            break;
    }
}
