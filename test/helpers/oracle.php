<?php
// Real PHP, asked by test/helpers/php-oracle.ts: jobs in a line of JSON (bytes in base64), one answer a line.
error_reporting(0);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');
ini_set('session.lazy_write', '0');

final class OneSession implements SessionHandlerInterface
{
    public $data = '';
    public $written;

    #[\ReturnTypeWillChange]
    public function open($path, $name) { return true; }
    #[\ReturnTypeWillChange]
    public function close() { return true; }
    #[\ReturnTypeWillChange]
    public function read($id) { return $this->data; }
    #[\ReturnTypeWillChange]
    public function write($id, $data) { $this->written = $data; return true; }
    #[\ReturnTypeWillChange]
    public function destroy($id) { return true; }
    #[\ReturnTypeWillChange]
    public function gc($max_lifetime) { return 0; }
}
$handler = new OneSession();
session_set_save_handler($handler, false);

/** A description of a value that does not depend on this package: what PHP sees. */
function describe($value)
{
    if (is_array($value)) {
        $entries = [];
        foreach ($value as $key => $element) {
            $entries[] = [is_int($key) ? 'i' . $key : 's' . base64_encode($key), describe($element)];
        }
        return ['a', $entries];
    }
    if (is_object($value)) {
        $entries = [];
        foreach ((array) $value as $key => $element) {
            $entries[] = ['s' . base64_encode((string) $key), describe($element)];
        }
        return ['o', $entries];
    }
    if (is_string($value)) return ['s', base64_encode($value)];
    if (is_int($value)) return ['i', (string) $value];
    if (is_float($value)) return ['d', base64_encode(pack('E', $value))];
    return $value;
}

// gc_collect_cycles(): what a duplicate key or a change dropped would live on as long as it is a cycle. Until PHP happens to
// collect it, it may be the second holder of a reference to an object, and serialize() writes R: where it else writes r:.
while (($line = fgets(STDIN)) !== false) {
    foreach (json_decode($line, true) as [$operation, $argument, $ini, $edits]) {
        foreach ($ini as $name => $setting) ini_set($name, $setting);
        $answer = ['ok' => false];
        try {
            if ($operation === 'unserialize') {
                $bytes = base64_decode($argument);
                $value = unserialize($bytes);
                if ($value !== false || strncmp($bytes, 'b:0;', 4) === 0) {
                    gc_collect_cycles();
                    $answer = ['ok' => true, 'bytes' => base64_encode(serialize($value))];
                }
            } elseif ($operation === 'session') {
                $handler->data = base64_decode($argument);
                session_id('oracle');
                if (session_start()) {
                    gc_collect_cycles();
                    $answer = ['ok' => true, 'bytes' => base64_encode((string) session_encode())];
                    session_abort();
                }
                $_SESSION = [];
            } elseif ($operation === 'edit') {
                // Reads a session, sets and unsets variables and elements (path in base64, value), and writes it.
                $handler->data = base64_decode($argument);
                session_id('oracle');
                if (session_start()) {
                    foreach ($edits as [$path, $value]) {
                        $path = array_map('base64_decode', $path);
                        if (count($path) === 1) {
                            if ($value === null) unset($_SESSION[$path[0]]);
                            else $_SESSION[$path[0]] = $value;
                        } else {
                            if ($value === null) unset($_SESSION[$path[0]][$path[1]]);
                            else $_SESSION[$path[0]][$path[1]] = $value;
                        }
                    }
                    gc_collect_cycles();
                    $answer = ['ok' => true, 'bytes' => base64_encode((string) session_encode())];
                    session_abort();
                }
                $_SESSION = [];
            } elseif ($operation === 'describe') {
                $handler->data = base64_decode($argument);
                session_id('oracle');
                if (session_start()) {
                    $answer = ['ok' => true, 'value' => describe($_SESSION)];
                    session_abort();
                }
                $_SESSION = [];
            } elseif ($operation === 'eval') {
                // PHP code that sets $_SESSION, or returns a value; answers what PHP writes for it.
                session_id('oracle');
                $handler->data = '';
                session_start();
                $_SESSION = [];
                $value = eval($argument);
                $answer = [
                    'ok' => true,
                    'session' => base64_encode((string) session_encode()),
                    'bytes' => base64_encode(serialize($value)),
                ];
                session_abort();
            }
        } catch (\Throwable $error) {
            $answer = ['ok' => false, 'thrown' => get_class($error)];
            if (session_status() === PHP_SESSION_ACTIVE) session_abort();
        }
        foreach ($ini as $name => $setting) ini_restore($name);
        // Not echo: after it, PHP takes the headers for sent, and refuses to change session.* settings.
        fwrite(STDOUT, json_encode($answer) . "\n");
    }
}
