<?php
// PHP's side of the benchmark: one question a line (JSON, bytes in base64), one answer a line. It measures itself.
require __DIR__ . '/corpora.php';
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');

/** Keeps nothing: what is measured is reading and writing of bytes. */
final class NoStorage implements SessionHandlerInterface
{
    public function open($path, $name): bool { return true; }
    public function close(): bool { return true; }
    public function read($id): string { return ''; }
    public function write($id, $data): bool { return true; }
    public function destroy($id): bool { return true; }
    public function gc($max_lifetime): int { return 0; }
}
session_set_save_handler(new NoStorage, false);
session_id('bench');
session_start();

/**
 * What PHP sees, for comparison with what a JavaScript codec makes of it. What is met twice (an object, or an array in
 * a reference) has a number, and is ['again', number] the second time.
 */
function describe($value, array &$seen, ?string $reference = null): array
{
    if (is_string($value)) return ['string', base64_encode($value)];
    if (is_int($value)) return ['int', (string) $value];
    if (is_float($value)) return ['float', $value];
    if (!is_array($value) && !is_object($value)) return ['value', $value];
    $identity = is_object($value) ? 'object ' . spl_object_id($value) : $reference;
    if ($identity !== null && isset($seen[$identity])) return ['again', $seen[$identity]];
    $number = count($seen);
    $seen[$identity ?? 'array ' . $number] = $number;
    $entries = [];
    $elements = is_object($value) ? get_mangled_object_vars($value) : $value;
    foreach ($elements as $key => $element) {
        $shared = is_array($element) ? ReflectionReference::fromArrayElement($elements, $key)?->getId() : null;
        $entries[] = [base64_encode((string) $key), describe($element, $seen, $shared)];
    }
    return [is_object($value) ? 'object' : (array_is_list($value) ? 'list' : 'map'), $number, $entries];
}

function corpus(string $name, array $session): array
{
    $_SESSION = $session;
    $encoded = session_encode();
    // As it was read, so that nothing is in memory that the bytes do not say.
    session_decode_new($encoded);
    $session = $_SESSION;
    $seen = [];
    return [
        'name' => $name,
        'session' => base64_encode($encoded),
        'serialized' => base64_encode(serialize($session)),
        'value' => describe($session, $seen),
    ];
}

/** `session_decode()` adds to what is there. */
function session_decode_new(string $bytes): void
{
    $_SESSION = [];
    session_decode($bytes) || throw new RuntimeException('PHP cannot read this session');
}

/** @return int nanoseconds for $count runs */
function measure(string $operation, string $bytes, int $count, ?string $key): int
{
    switch ($operation) {
        case 'unserialize':
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) $value = unserialize($bytes);
            return hrtime(true) - $start;
        case 'serialize':
            $value = unserialize($bytes);
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) $text = serialize($value);
            return hrtime(true) - $start;
        case 'igbinary_unserialize':
        case 'msgpack_unserialize':
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) $value = $operation($bytes);
            return hrtime(true) - $start;
        case 'igbinary_serialize':
        case 'msgpack_serialize':
            $argument = (str_replace('_serialize', '_unserialize', $operation))($bytes);
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) $value = $operation($argument);
            return hrtime(true) - $start;
        case 'session_decode':
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) {
                $_SESSION = [];
                session_decode($bytes);
            }
            return hrtime(true) - $start;
        case 'session_encode':
            session_decode_new($bytes);
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) $text = session_encode();
            return hrtime(true) - $start;
        case 'one key':
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) {
                $_SESSION = [];
                session_decode($bytes);
                $value = $_SESSION[$key];
            }
            return hrtime(true) - $start;
        case 'counter':
            $start = hrtime(true);
            for ($i = 0; $i < $count; $i++) {
                $_SESSION = [];
                session_decode($bytes);
                $value = $_SESSION[$key];
                $_SESSION['counter'] = ($_SESSION['counter'] ?? 0) + 1;
                $text = session_encode();
            }
            return hrtime(true) - $start;
    }
    throw new RuntimeException("No such operation: $operation");
}

/** What a session is after the counter was counted. */
function counted(string $bytes): string
{
    session_decode_new($bytes);
    $_SESSION['counter'] = ($_SESSION['counter'] ?? 0) + 1;
    return session_encode();
}

$loaded = [];
while (($line = fgets(STDIN)) !== false) {
    [$question, $argument, $more] = json_decode($line, true) + [null, null, null];
    $answer = match ($question) {
        'about' => [
            'version' => PHP_VERSION,
            'opcache' => function_exists('opcache_get_status') && (bool) ini_get('opcache.enable_cli'),
            'xdebug' => extension_loaded('xdebug'),
        ],
        'names' => array_keys(corpora()),
        'corpus' => corpus($argument, corpora()[$argument]()),
        'row' => (function () use ($argument) {
            session_decode_new(base64_decode($argument));
            return corpus('row', $_SESSION);
        })(),
        'load' => (function () use ($argument, $more, &$loaded) {
            $loaded[$argument] = base64_decode($more);
            return true;
        })(),
        'measure' => measure($argument, $loaded[$more['bytes']], $more['count'], $more['key'] ?? null),
        'counted' => base64_encode(counted(base64_decode($argument))),
        'describe' => (function () use ($argument, $more) {
            $seen = [];
            $value = @($more ?? 'unserialize')(base64_decode($argument));
            return describe($value, $seen);
        })(),
    };
    // Not echo: after it PHP takes the headers for sent, and refuses to change sessions.
    fwrite(STDOUT, json_encode($answer, JSON_PRESERVE_ZERO_FRACTION | JSON_PARTIAL_OUTPUT_ON_ERROR) . "\n");
}
