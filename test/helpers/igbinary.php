<?php
// PHP with its extension igbinary, asked by test/helpers/igbinary-oracle.ts: jobs in a line of JSON (bytes in base64), one answer a line.
error_reporting(0);
ini_set('memory_limit', '256M');
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');
ini_set('session.lazy_write', '0');

final class OneSession implements SessionHandlerInterface
{
    public $data = '';
    public function open($path, $name): bool { return true; }
    public function close(): bool { return true; }
    public function read($id): string { return $this->data; }
    public function write($id, $data): bool { return true; }
    public function destroy($id): bool { return true; }
    public function gc($max_lifetime): int { return 0; }
}
session_set_save_handler($handler = new OneSession(), false);

enum Suit: string { case Hearts = 'H'; case Spades = 'S'; }
enum Level { case Low; case High; }
class Point { public $x = 1; protected $y = 2; private $z = 3; public function __construct($x = 1, $y = 2, $z = 3) { $this->x = $x; $this->y = $y; $this->z = $z; } }
class Typed { public int $a; public ?string $b; protected array $c; public mixed $d; public function set($name, $value) { $this->$name = $value; } }
class Own { public $data = []; public function __serialize(): array { return $this->data; } public function __unserialize(array $data): void { $this->data = $data; } }
class Slept { public $kept; public $lost = 'lost'; public function __sleep() { return ['kept']; } }
class Old implements Serializable { public $data = ''; public function serialize() { return $this->data; } public function unserialize($data) { $this->data = $data; } }

/** Random sessions: the same for one seed. */
final class Maker
{
    private array $objects = [];
    private array $arrays = [];
    private array $references = [];

    /** @param string $kind `simple`: scalars and arrays. `plain`: and references, and objects of stdClass. `all`: and other classes */
    public function __construct(private string $kind) {}

    public function session(): array
    {
        $session = [];
        for ($left = mt_rand(0, 5); $left > 0; $left--) {
            // PHP writes a variable whose name is an int, and leaves it out when it reads.
            $this->put($session, mt_rand(0, 6) === 0 ? $this->int() : $this->name(), 0);
        }
        return $session;
    }

    private function put(array &$array, int|string $key, int $depth): void
    {
        if ($this->kind !== 'simple' && mt_rand(0, 7) === 0 && count($this->references) > 0) {
            $array[$key] = &$this->references[mt_rand(0, count($this->references) - 1)];
            return;
        }
        unset($array[$key]);
        $array[$key] = $this->value($depth);
        if ($this->kind !== 'simple' && mt_rand(0, 9) === 0) $this->references[] = &$array[$key];
    }

    private function value(int $depth): mixed
    {
        $kind = mt_rand(0, $depth > 4 ? 9 : 19);
        if ($kind < 3) return $this->text();
        if ($kind < 5) return $this->int();
        if ($kind === 5) return [1.0, 0.1, -0.0, 1e25, NAN, INF, -INF, 1.5e-7, 5e-324, 100000.0, mt_rand() / 7][mt_rand(0, 10)];
        if ($kind === 6) return null;
        if ($kind === 7) return mt_rand(0, 1) === 1;
        if ($kind === 8) return [];
        if ($kind === 9) return $this->again();
        if ($kind < 15 || $this->kind === 'simple') return $this->elements($depth);
        return $this->object($depth);
    }

    /** A value that is somewhere else too. */
    private function again(): mixed
    {
        $all = mt_rand(0, 1) === 0 ? $this->objects : $this->arrays;
        return count($all) === 0 ? [] : $all[mt_rand(0, count($all) - 1)];
    }

    private function elements(int $depth): array
    {
        $array = [];
        $isList = mt_rand(0, 1) === 0;
        for ($index = 0, $size = mt_rand(0, 30) === 0 ? 300 : mt_rand(0, 4); $index < $size; $index++) {
            $this->put($array, $isList || $size > 4 ? $index : (mt_rand(0, 2) === 0 ? $this->int() : $this->name()), $size > 4 ? 9 : $depth + 1);
        }
        // Copies of copies would soon be too many, and of arrays with objects or references in them a translation makes new arrays.
        $text = serialize($array);
        if (strlen($text) < 300 && (preg_match('/[OCErR]:/', $text) === 0 || mt_rand(0, 5) === 0)) $this->arrays[] = $array;
        return $array;
    }

    private function object(int $depth): object
    {
        $value = fn () => $this->value($depth + 1);
        switch ($this->kind === 'all' ? mt_rand(0, 11) : 11) {
            case 0: return Suit::Hearts;
            case 1: return mt_rand(0, 1) ? Level::High : Suit::Spades;
            case 2:
            case 3:
                $this->objects[] = $object = new Typed;
                if (mt_rand(0, 1)) $object->a = 5;
                if (mt_rand(0, 1)) $object->set('c', []);
                if (mt_rand(0, 1)) $object->d = $value();
                if (mt_rand(0, 3) > 0) $object->b = null;
                return $object;
            case 4:
                $this->objects[] = $object = new Own;
                $object->data = $this->elements($depth);
                return $object;
            case 5:
                $object = new Slept;
                $object->kept = $value();
                return $object;
            case 6:
                $object = new Old;
                $object->data = $this->text();
                return $object;
            case 7:
                $this->objects[] = $object = new ArrayObject($this->elements($depth));
                return $object;
            case 8:
                return new Point($value(), $value(), $value());
            default:
                $this->objects[] = $object = new stdClass;
                foreach ($this->elements($depth) as $name => $element) $object->{'n' . $name} = $element;
                if (mt_rand(0, 2) === 0) $object->self = $object;
                return $object;
        }
    }

    private function int(): int
    {
        return [0, 1, -1, 42, 255, 256, -255, -256, 65535, 65536, -65536, 4294967295, 4294967296, -4294967296,
            9007199254740991, 9007199254740993, PHP_INT_MAX, PHP_INT_MIN][mt_rand(0, 17)];
    }

    private function name(): string
    {
        return ['a', 'b', 'c', 'né', "\xff", '__proto__', 'toJSON', 'length', 'a b', 'Suit', 'x|y', '', '05', 'Hearts'][mt_rand(0, 13)];
    }

    private function text(): string
    {
        if (mt_rand(0, 40) === 0) return str_repeat('long ', mt_rand(50, 60));
        if (mt_rand(0, 400) === 0) return str_repeat('x', 65535 + mt_rand(0, 2));
        return ['', 'a', 'hello', 'Suit', 'né', "\0", "\xff\xfe", 'i:1;', '日本', 's:1:"a";', 'stdClass', 'text ' . mt_rand(0, 99)][mt_rand(0, 11)];
    }
}

/** Whether PHP can read this session. It is `$_SESSION` then. */
function start(string $bytes, string $format = 'igbinary'): bool
{
    global $handler;
    if (session_status() === PHP_SESSION_ACTIVE) session_abort();
    ini_set('session.serialize_handler', $format);
    $handler->data = $bytes;
    session_id('oracle');
    return session_start();
}

/** `$_SESSION` in both formats. */
function written(): array
{
    gc_collect_cycles();
    return ['session' => base64_encode(session_encode()), 'serialized' => base64_encode(serialize($_SESSION))];
}

function answer(string $question, mixed $argument): mixed
{
    switch ($question) {
        case 'make':
            // A random session, the same after PHP has read it, and with a change.
            [$seed, $kind, $compact] = $argument;
            mt_srand($seed);
            ini_set('igbinary.compact_strings', $compact ? '1' : '0');
            start('');
            $_SESSION = (new Maker($kind))->session();
            $made = session_encode();
            if (!start($made)) return ['made' => base64_encode($made)];
            $answer = ['made' => base64_encode($made)] + written();
            foreach (['changed' => $answer['session'], 'changedAtFirst' => $answer['made']] as $name => $bytes) {
                start(base64_decode($bytes));
                $_SESSION['counter'] = 'hello';
                $answer[$name] = base64_encode(session_encode());
            }
            return $answer;
        case 'read':
            [$bytes, $compact] = $argument;
            ini_set('igbinary.compact_strings', $compact ? '1' : '0');
            return start(base64_decode($bytes)) ? written() : null;
        case 'convert':
            ini_set('igbinary.compact_strings', '1');
            if (!start(base64_decode($argument), 'php_serialize')) return null;
            $session = $_SESSION;
            start('');
            $_SESSION = $session;
            unset($session);
            return written();
    }
}

while (($line = fgets(STDIN)) !== false) {
    foreach (json_decode($line, true) as [$question, $argument]) {
        try {
            $answer = answer($question, $argument);
        } catch (Throwable $error) {
            $answer = null;
        }
        fwrite(STDOUT, json_encode($answer) . "\n");
    }
}
