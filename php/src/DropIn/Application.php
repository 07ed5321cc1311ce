<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

/**
 * One application of the configuration: which requests are for it, and where its sessions are.
 *
 * @internal
 */
final class Application
{
    private const ENTRIES = ['path', 'host', 'connection', 'options', 'prepend'];

    /** @var string */
    public $name;
    /** @var array{table: string}&array<string, string|int> as the second argument of SessionHandler */
    public $options;
    /** @var string|null */
    public $prepend;
    /** @var array<int, callable|array<string, mixed>> by the ids of these objects: a dump of one shows no password */
    private static $connections = [];
    /** @var array<int, string> */
    private $paths;
    /** @var array<int, string> none: any host */
    private $hosts = [];

    /**
     * @param mixed $entry
     * @param mixed $connection the one of all applications, if this one has none
     * @throws ConfigurationError
     */
    public function __construct(
        string $name,
        #[\SensitiveParameter]
        $entry,
        #[\SensitiveParameter]
        $connection
    ) {
        $this->name = $name;
        if (!is_array($entry) || array_diff_key($entry, array_flip(self::ENTRIES)) !== []) {
            throw self::mistake("$name' must be an array with the entries " . implode(', ', self::ENTRIES));
        }
        $problem = "$name' needs 'path', the absolute path of its scripts";
        $this->paths = self::strings($entry['path'] ?? [], $problem);
        if ($this->paths === []) {
            throw self::mistake($problem);
        }
        foreach ($this->paths as $path) {
            if ($path[0] !== '/' && preg_match('~^[a-z]:[/\\\\]~i', $path) !== 1) {
                throw self::mistake("$name': 'path' must be absolute");
            }
        }
        $problem = "$name': 'host' must be the name of a host, without a port";
        foreach (self::strings($entry['host'] ?? [], $problem) as $host) {
            if (preg_match('/:\d*$/D', $host) !== 0) {
                throw self::mistake($problem);
            }
            $this->hosts[] = self::host($host);
        }
        $options = $entry['options'] ?? [];
        if (!is_array($options)) {
            throw self::mistake("$name': 'options' must be an array");
        }
        if (!is_string($options['table'] ?? null)) {
            throw self::mistake("$name' needs ['options']['table'], a table of its own");
        }
        /** @var array{table: string}&array<string, string|int> $options SessionHandler checks the others */
        $this->options = $options;
        $connection = $entry['connection'] ?? $connection;
        if (!is_array($connection) && !is_callable($connection)) {
            throw self::mistake("$name' needs 'connection', an array, or a function that makes one");
        }
        /** @var callable|array<string, mixed> $connection SessionHandler checks it */
        self::$connections[spl_object_id($this)] = $connection;
        $prepend = $entry['prepend'] ?? null;
        if ($prepend !== null && !is_string($prepend)) {
            throw self::mistake("$name': 'prepend' must be a file");
        }
        $this->prepend = $prepend;
    }

    /** @return callable|array<string, mixed> as the first argument of SessionHandler */
    public function connection()
    {
        return self::$connections[spl_object_id($this)];
    }

    /**
     * Whether a request is for this application. What counts is which script runs. A host alone does not choose a table, as a visitor
     * can send any.
     *
     * @param array<mixed> $server as `$_SERVER`
     */
    public function hasRequest(array $server): bool
    {
        $script = realpath(self::text($server, 'SCRIPT_FILENAME'));
        $host = self::host(self::text($server, 'HTTP_HOST'));
        if ($script === false || ($this->hosts !== [] && !in_array($host, $this->hosts, true))) {
            return false;
        }
        foreach ($this->paths as $path) {
            if (self::isUnder($script, $path)) {
                return true;
            }
        }
        return false;
    }

    /** @return array<int, string> its paths that are not there, as far as open_basedir lets PHP see it */
    public function missingPaths(): array
    {
        return ini_get('open_basedir') ? [] : array_filter($this->paths, static function (string $path): bool {
            return !file_exists($path);
        });
    }

    /**
     * What open_basedir keeps out of reach has no realpath(), and a warning of PHP would begin the page. Then the name counts as it is.
     *
     * @param string $file without symbolic links
     */
    public static function isUnder(string $file, string $folder): bool
    {
        $start = rtrim(@realpath($folder) ?: $folder, '/\\') . DIRECTORY_SEPARATOR;
        return strncmp($file . DIRECTORY_SEPARATOR, $start, strlen($start)) === 0;
    }

    /** @param string $host as browsers send it: perhaps in capitals, with a dot at the end, and with a port */
    private static function host(string $host): string
    {
        return (string) preg_replace('/\.?(:\d*)?$/D', '', strtolower($host));
    }

    /** @param array<mixed> $server as `$_SERVER` */
    public static function text(array $server, string $name): string
    {
        $value = $server[$name] ?? '';
        return is_string($value) ? $value : '';
    }

    /**
     * @param mixed $value one text or several
     * @return array<int, string>
     */
    private static function strings($value, string $problem): array
    {
        $texts = [];
        foreach ((array) $value as $text) {
            if (!is_string($text) || $text === '') {
                throw self::mistake($problem);
            }
            $texts[] = $text;
        }
        return $texts;
    }

    private static function mistake(string $problem): ConfigurationError
    {
        return new ConfigurationError("application '$problem");
    }
}
