<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

require_once __DIR__ . '/Application.php';
require_once __DIR__ . '/ConfigurationError.php';

/**
 * The file that names the applications of this PHP, and where each keeps its sessions. It is PHP code that returns an array:
 * docs/drop-in.md.
 *
 * @internal
 */
final class Configuration
{
    private const PLACE = '/etc/php-session-bridge/config.php';
    private const ENTRIES = ['applications', 'connection', 'prepend'];

    /** @var string|null the prepend file of pages of no application, and of applications that name none */
    public $prepend;
    /** @var string */
    private $file;
    /** @var array<int, Application> */
    private $applications = [];

    /**
     * The file that `php_session_bridge.config` in php.ini names, else the one at the fixed place.
     *
     * @throws ConfigurationError
     */
    public static function find(): self
    {
        $file = get_cfg_var('php_session_bridge.config');
        return new self(is_string($file) && $file !== '' ? $file : self::PLACE);
    }

    /** @throws ConfigurationError */
    private function __construct(string $file)
    {
        $this->file = $file;
        $content = self::read($file);
        $problem = "$file must return an array with 'applications', and perhaps 'connection' and 'prepend'";
        if (!is_array($content) || array_diff_key($content, array_flip(self::ENTRIES)) !== []) {
            throw new ConfigurationError($problem);
        }
        $prepend = $content['prepend'] ?? null;
        $entries = $content['applications'] ?? null;
        if (!is_array($entries) || $entries === [] || !($prepend === null || is_string($prepend))) {
            throw new ConfigurationError($problem);
        }
        $this->prepend = $prepend;
        $tables = [];
        foreach ($entries as $name => $entry) {
            $application = new Application((string) $name, $entry, $content['connection'] ?? null);
            [$table, $database] = array_reverse(explode('.', strtolower($application->options['table']))) + [1 => ''];
            $same = $tables[$table] ?? [];
            $other = $database === '' ? reset($same) : $same[$database] ?? $same[''] ?? false;
            if ($other !== false) {
                throw new ConfigurationError("applications '$other' and '$name' have the same table: each needs its own. "
                    . 'Tables of the same name need that of their database, each of them: database.table');
            }
            $tables[$table][$database] = $name;
            $this->applications[] = $application;
        }
    }

    /**
     * The first application that a request is for.
     *
     * @param array<mixed> $server as `$_SERVER`
     */
    public function application(array $server): ?Application
    {
        foreach ($this->applications as $application) {
            if ($application->hasRequest($server)) {
                return $application;
            }
        }
        return null;
    }

    /**
     * The same in a worker that lives on and has not required prepend.php for this request. It may be for another application than the
     * request before, or for none.
     *
     * @param array<mixed> $server as `$_SERVER`
     * @throws ConfigurationError
     */
    public function applicationOfWorker(array $server): Application
    {
        $application = $this->application($server);
        if ($application === null) {
            throw new ConfigurationError('this request is for no application of the configuration: require prepend.php before each request');
        }
        return $application;
    }

    /**
     * Logs that others can get at the file.
     *
     * @param array<mixed> $server as `$_SERVER`
     */
    public function warn(array $server): void
    {
        $permissions = (int) fileperms($this->file);
        if (DIRECTORY_SEPARATOR === '/' && ($permissions & 0006) !== 0) {
            error_log("PhpSessionBridge: $this->file can be read or written by every user of this machine: give it the mode 0640");
        }
        $root = Application::text($server, 'DOCUMENT_ROOT');
        if ($root !== '' && Application::isUnder((string) realpath($this->file), $root)) {
            error_log("PhpSessionBridge: $this->file is inside the document root: move it out, as the web server may send it to visitors");
        }
    }

    /** For a page of no application: logs a path that is not there, as the sessions of a mistyped one would be in files. */
    public function warnOfMissingPaths(): void
    {
        foreach ($this->applications as $application) {
            foreach ($application->missingPaths() as $path) {
                error_log("PhpSessionBridge: $this->file: there is no $path, the 'path' of the application '$application->name'");
            }
        }
    }

    /**
     * Runs the file in a scope of its own. What PHP says of a mistake in it may quote a password, so only the line is passed on.
     *
     * @return mixed
     * @throws ConfigurationError
     */
    private static function read(string $file)
    {
        if (!@is_readable($file) || !is_file($file)) { // With open_basedir PHP warns, and that would begin the page.
            throw new ConfigurationError("$file cannot be read: it must exist, be inside open_basedir, and PHP's user must be able to read it");
        }
        ob_start();
        try {
            $content = (static function () use ($file) {
                return require $file;
            })();
        } catch (\Throwable $error) {
            throw new ConfigurationError("$file fails on line {$error->getLine()}: " . get_class($error));
        } finally {
            $output = ob_get_clean();
        }
        if ($output !== '') {
            throw new ConfigurationError("$file must print nothing: it must begin with <?php");
        }
        return $content;
    }
}
