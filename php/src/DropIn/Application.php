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
    /** @var array<string, string|int> as the second argument of SessionHandler */
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
        $entry = self::checked(is_array($entry) && array_diff_key($entry, array_flip(self::ENTRIES)) === [], $entry, $name
            . "' must be an array with the entries " . implode(', ', self::ENTRIES));
        $this->paths = self::strings($entry['path'] ?? [], "$name' needs 'path', the absolute path of its scripts");
        foreach ($this->paths as $path) {
            self::checked($path[0] === '/' || preg_match('~^[a-z]:[/\\\\]~i', $path) === 1, $path, "$name': 'path' must be absolute");
        }
        self::checked($this->paths !== [], null, "$name' needs 'path', the absolute path of its scripts");
        $problem = "$name': 'host' must be the name of a host, without a port";
        foreach (self::strings($entry['host'] ?? [], $problem) as $host) {
            self::checked(preg_match('/:\d*$/D', $host) === 0, $host, $problem);
            $this->hosts[] = self::host($host);
        }
        $this->options = self::checked(is_array($entry['options'] ?? []), $entry['options'] ?? [], "$name': 'options' must be an array");
        $table = $this->options['table'] ?? null;
        self::checked(is_string($table), null, "$name' needs ['options']['table'], a table of its own");
        $connection = $entry['connection'] ?? $connection;
        $isUsable = is_array($connection) || is_callable($connection);
        self::$connections[spl_object_id($this)] = self::checked($isUsable, $connection, "$name' needs 'connection', an array, or a function that makes one");
        $prepend = $entry['prepend'] ?? null;
        $this->prepend = self::checked($prepend === null || is_string($prepend), $prepend, "$name': 'prepend' must be a file");
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
     * @param array<string, mixed> $server as `$_SERVER`
     */
    public function hasRequest(array $server): bool
    {
        $script = realpath((string) ($server['SCRIPT_FILENAME'] ?? ''));
        $host = self::host((string) ($server['HTTP_HOST'] ?? ''));
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

    /**
     * @param mixed $value one text or several
     * @return array<int, string>
     */
    private static function strings($value, string $problem): array
    {
        foreach ((array) $value as $text) {
            self::checked(is_string($text) && $text !== '', $text, $problem);
        }
        return array_values((array) $value);
    }

    /**
     * @param mixed $value
     * @return mixed $value
     */
    private static function checked(bool $isRight, $value, string $problem)
    {
        if (!$isRight) {
            throw new ConfigurationError("application '$problem");
        }
        return $value;
    }
}
