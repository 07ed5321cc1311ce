<?php

declare(strict_types=1);

namespace PhpSessionBridge\Merge;

/**
 * The formats of php.ini's session.serialize_handler: 'php', 'php_binary' and 'php_serialize'. The values in them are the same; each
 * puts the names of the variables elsewhere.
 *
 * @internal
 */
final class Format
{
    /** @var string */
    private $name;
    /** @var bool whether the session is an array in the text too: then it is a level, and has the first number */
    public $isArray;

    /** @throws \InvalidArgumentException for a format that PHP does not have by itself */
    public function __construct(string $name)
    {
        if (!in_array($name, ['php', 'php_binary', 'php_serialize'], true)) {
            throw new \InvalidArgumentException(
                "Sessions in the format '$name' cannot be merged. Set session.serialize_handler to php, php_binary or php_serialize, or 'lock' to 'row'"
            );
        }
        $this->name = $name;
        $this->isArray = $name === 'php_serialize';
    }

    /**
     * Reads the names of the variables.
     *
     * @param callable(int|string): void $read gets the name of each variable, and must read its value
     */
    public function read(Tokens $tokens, callable $read): void
    {
        if ($this->isArray) {
            if ($tokens->isAtEnd() || substr($tokens->bytes, 0, 2) === 'N;') { // PHP takes both for an empty session,
                return;
            }
            if ($tokens->peek() !== 'a') {
                throw new MalformedSession(0);
            }
            for ($left = $tokens->array(); $left > 0; --$left) {
                $read($tokens->key());
            }
            $tokens->close(); // and ignores what comes after it.
            return;
        }
        while (!$tokens->isAtEnd()) {
            $name = $this->name === 'php' ? $this->untilBar($tokens) : $tokens->take(ord($tokens->take(1)) & 0x7f);
            if ($name === null) {
                return;
            }
            $read($name);
        }
    }

    /** @return string|null null: the rest, which PHP 7 ignores. PHP 8 destroys such a session */
    private function untilBar(Tokens $tokens): ?string
    {
        $bar = strpos($tokens->bytes, '|', $tokens->at);
        if ($bar === false) {
            if (PHP_VERSION_ID < 80000) {
                return null;
            }
            throw new MalformedSession($tokens->at);
        }
        $name = $tokens->take($bar - $tokens->at);
        $tokens->take(1);
        return $name;
    }

    /** What is written before the variables. */
    public function start(int $count): string
    {
        return $this->isArray ? "a:$count:{" : '';
    }

    /** @param int|string $name what is written before a value */
    public function name($name): string
    {
        if ($this->isArray) {
            return Writer::key($name);
        }
        return $this->name === 'php' ? "$name|" : chr(strlen((string) $name)) . $name;
    }

    /** What is written after the variables. */
    public function end(): string
    {
        return $this->isArray ? '}' : '';
    }
}
