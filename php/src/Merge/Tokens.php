<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * Reads the tokens of serialized data one after the other, each by the grammar of unserialize() (php-src:
 * ext/standard/var_unserializer.re). It accepts what PHP accepts, and returns it as serialize() would write it. Node's side has the
 * same in codec/tokens.ts.
 *
 * Every method begins at the start of its token, and leaves $at at the next one.
 *
 * @internal
 */
final class Tokens
{
    private const DIGITS = '0123456789';
    private const CLASS_NAME = '/^[0-9A-Za-z_\x80-\xff][0-9A-Za-z_\\\\\x80-\xff]*$/D';
    private const CASE_NAME = '/^\\\\?[0-9A-Za-z_\x80-\xff][0-9A-Za-z_\\\\\x80-\xff]*:[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]*$/D';
    /** Scalars as serialize() writes most of them. */
    private const USUAL = '/\G(?:i:(?:0|-?[1-9][0-9]{0,17});|b:[01];|N;)/';
    private const FLOAT = '/\Gd:([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?);/';

    /** @var string */
    public $bytes;
    /** @var int */
    public $at = 0;
    /** @var int */
    private $size;

    public function __construct(string $bytes)
    {
        $this->bytes = $bytes;
        $this->size = strlen($bytes);
    }

    /** The letter of the next token; '' at the end. */
    public function peek(): string
    {
        return $this->at < $this->size ? $this->bytes[$this->at] : '';
    }

    public function isAtEnd(): bool
    {
        return $this->at >= $this->size;
    }

    /** `N` `b` `i` `d` `s` `S`, as serialize() writes it. */
    public function scalar(): string
    {
        switch ($this->peek()) {
            case 's':
            case 'S':
                $string = $this->string();
                return 's:' . strlen($string) . ":\"$string\";";
            case 'd':
                return $this->float();
            default:
                if (preg_match(self::USUAL, $this->bytes, $match, 0, $this->at) === 1) {
                    $this->at += strlen($match[0]);
                    return $match[0];
                }
                return "i:{$this->integer()};";
        }
    }

    /** @return int|string the key of an element or property, as it is in a PHP array */
    public function key()
    {
        $letter = $this->peek();
        if ($letter === 'i') {
            return $this->integer();
        }
        if ($letter === 's' || $letter === 'S') {
            return $this->string();
        }
        throw new MalformedSession($this->at);
    }

    /** `a:count:{` */
    public function array(): int
    {
        $count = $this->number();
        $this->expect(':{', $this->at);
        return $count;
    }

    /** `O:size:"class":`; count() comes next. */
    public function className(): string
    {
        $start = $this->at;
        $name = $this->quoted($start);
        if (preg_match(self::CLASS_NAME, $name) !== 1) {
            throw new MalformedSession($start);
        }
        $this->expect(':', $this->at);
        return $name;
    }

    /** `count:{` of an object. PHP takes a sign, and no digits at all for 0. */
    public function count(): int
    {
        $start = $this->at;
        $sign = $this->peek();
        if ($sign === '+' || $sign === '-') {
            ++$this->at;
        }
        $count = $this->digits();
        $this->expect(':{', $this->at);
        if ($sign === '-' && $count > 0) {
            throw new MalformedSession($start);
        }
        return $count;
    }

    /** `C:size:"class":size:{bytes}` */
    public function custom(): PhpCustom
    {
        $name = $this->className();
        $size = $this->count();
        $data = $this->take($size);
        $this->expect('}', $this->at);
        $head = 'C:' . strlen($name) . ":\"$name\":$size:";
        return new PhpCustom($head . '{' . $data . '}');
    }

    /** `E:size:"class:case";` Only PHP knows whether there is such a case. */
    public function enum(): PhpEnum
    {
        $start = $this->at;
        $name = $this->quoted($start);
        if (preg_match(self::CASE_NAME, $name) !== 1) {
            throw new MalformedSession($start);
        }
        $this->expect(';', $this->at);
        return new PhpEnum('E:' . strlen($name) . ":\"$name\";");
    }

    /** The number after `r:` or `R:`. */
    public function reference(): int
    {
        $number = $this->number();
        $this->expect(';', $this->at);
        return $number;
    }

    /** The end of an array or object. */
    public function close(): void
    {
        $this->expect('}', $this->at);
    }

    /** The next $size bytes. */
    public function take(int $size): string
    {
        if ($size > $this->size - $this->at) {
            throw new MalformedSession($this->at);
        }
        $taken = substr($this->bytes, $this->at, $size);
        $this->at += $size;
        return $taken;
    }

    /** `i:number;` */
    private function integer(): int
    {
        $start = $this->at;
        $this->expect('i:', $start);
        $sign = $this->peek();
        $first = $this->at + ($sign === '+' || $sign === '-' ? 1 : 0);
        $digits = (int) strspn($this->bytes, self::DIGITS, $first);
        $text = substr($this->bytes, $start + 2, $first + $digits - $start - 2);
        $this->at = $first + $digits;
        $this->expect(';', $start);
        if ($digits === 0) {
            throw new MalformedSession($start);
        }
        return self::nearest($text);
    }

    /** A float, by php.ini's serialize_precision: so one that PHP has only written again does not count as changed. */
    private function float(): string
    {
        foreach (['d:NAN;', 'd:INF;', 'd:-INF;'] as $text) {
            if (substr_compare($this->bytes, $text, $this->at, strlen($text)) === 0) {
                $this->at += strlen($text);
                return $text;
            }
        }
        if (preg_match(self::FLOAT, $this->bytes, $match, 0, $this->at) !== 1) {
            throw new MalformedSession($this->at);
        }
        $this->at += strlen($match[0]);
        return serialize((float) $match[1]);
    }

    private function string(): string
    {
        [$bytes, $start] = [$this->bytes, $this->at];
        if ($bytes[$start] === 'S') {
            return $this->escaped();
        }
        $digits = strspn($bytes, self::DIGITS, $start + 1 < $this->size ? $start + 2 : $start);
        $length = self::nearest((string) substr($bytes, $start + 2, $digits));
        $open = $start + $digits + 4;
        // The first comparison leaves no sum that is too large.
        if ($length > $this->size - $open - 2 || $digits === 0 || $bytes[$start + 1] !== ':'
            || substr($bytes, $open - 2, 2) !== ':"' || substr($bytes, $open + $length, 2) !== '";') {
            throw new MalformedSession($start);
        }
        $this->at = $open + $length + 2;
        return substr($bytes, $open, $length);
    }

    /** An `S:`, whose size counts what it stands for: `\41` is one byte. PHP reads this and never writes it. */
    private function escaped(): string
    {
        $start = $this->at;
        $size = $this->number();
        $this->expect(':"', $start);
        $string = '';
        while (($left = $size - strlen($string)) > 0) {
            $plain = strcspn($this->bytes, '\\', $this->at, $left);
            if ($plain > 0) {
                $string .= $this->take($plain);
            } elseif (preg_match('/\G\\\\([0-9A-Fa-f]{2})/', $this->bytes, $match, 0, $this->at) === 1) {
                $string .= chr((int) hexdec($match[1]));
                $this->at += 3;
            } else {
                throw new MalformedSession($start);
            }
        }
        $this->expect('";', $this->at);
        return $string;
    }

    /** `X:size:"bytes"` */
    private function quoted(int $start): string
    {
        $size = $this->number();
        $this->expect(':"', $start);
        $bytes = $this->take($size);
        $this->expect('"', $this->at);
        return $bytes;
    }

    /** `X:digits` */
    private function number(): int
    {
        $start = $this->at;
        if (($this->bytes[$start + 1] ?? '') !== ':' || strspn($this->bytes, self::DIGITS, $start + 2, 1) === 0) {
            throw new MalformedSession($start);
        }
        $this->at = $start + 2;
        return $this->digits();
    }

    /** The number that these digits are; without any, 0. What has more of them than the largest integer fits no session. */
    private function digits(): int
    {
        $start = $this->at;
        $length = strspn($this->bytes, self::DIGITS, $start);
        $this->at += $length;
        return self::nearest(substr($this->bytes, $start, $length));
    }

    /** As PHP reads an integer: of what is beyond 64 bits it makes the nearest one. A cast gives a warning from PHP 8.5 on. */
    private static function nearest(string $text): int
    {
        if (strlen($text) < 19) {
            return (int) $text;
        }
        $digits = ltrim($text, '+-0');
        [$most, $nearest] = $text[0] === '-' ? ['9223372036854775808', PHP_INT_MIN] : ['9223372036854775807', PHP_INT_MAX];
        $fits = strlen($digits) < 19 || (strlen($digits) === 19 && strcmp($digits, $most) <= 0);
        return $fits ? (int) $text : $nearest;
    }

    private function expect(string $text, int $offset): void
    {
        $length = strlen($text);
        if ($this->at + $length > $this->size || substr_compare($this->bytes, $text, $this->at, $length) !== 0) {
            throw new MalformedSession($offset);
        }
        $this->at += $length;
    }
}
