<?php

declare(strict_types=1);

namespace PhpSessionBridge\DropIn;

require_once __DIR__ . '/Configuration.php';
require_once __DIR__ . '/Handler.php';
require_once __DIR__ . '/Refusal.php';
require_once __DIR__ . '/Watch.php';

/**
 * Makes our handler that of the application which this request is for.
 *
 * A page without a session costs the reading of the configuration, and one call of session_set_save_handler().
 *
 * @internal for php/prepend.php
 */
final class DropIn
{
    /** @var string|null the prepend file that runs after this one */
    private static $next;
    /** @var string|null session.save_handler as it was, while our handler is in its place */
    private static $saveHandler;
    /** @var Watch|null of the latest request; null: this process has no handler of ours yet */
    private static $watch;

    /** @return bool whether there is a next() prepend file */
    public static function install(): bool
    {
        self::$next = null;
        if (in_array(PHP_SAPI, ['cli', 'phpdbg'], true) && !get_cfg_var('php_session_bridge.cli')) {
            return false; // The configuration is not even read: who runs a script need not be the user who may read it.
        }
        try {
            $configuration = Configuration::find();
            $application = $configuration->application($_SERVER);
        } catch (ConfigurationError $error) {
            self::take('?', static function () use ($error): Application { // Whose page this is, only the configuration could say.
                throw $error;
            });
            return false;
        }
        if ($application === null) {
            $configuration->warnOfMissingPaths();
            self::giveBack();
            self::$next = $configuration->prepend;
        } else {
            $began = $_SERVER['REQUEST_TIME_FLOAT'] ?? null;
            self::take($application->name, static function () use ($configuration, $application, $began): Application {
                $configuration->warn($_SERVER);
                $isSame = ($_SERVER['REQUEST_TIME_FLOAT'] ?? null) === $began; // Applications change the rest of $_SERVER.
                return $isSame ? $application : $configuration->applicationOfWorker($_SERVER);
            });
            self::$next = $application->prepend ?? $configuration->prepend;
        }
        return self::$next !== null;
    }

    public static function next(): string
    {
        return (string) self::$next;
    }

    /** @param callable(): Application $choose names the application of the request in which the session starts */
    private static function take(string $name, callable $choose): void
    {
        $isFirst = self::$watch === null;
        $saveHandler = self::$saveHandler ?? (string) session_module_name();
        self::$watch = new Watch($name);
        Refusal::unlessTaken(new Handler($choose, self::$watch));
        self::$saveHandler = $saveHandler;
        if ($isFirst) {
            // After the shutdown functions of the application, as these may use the session too.
            register_shutdown_function(static function (): void {
                register_shutdown_function([self::class, 'end']);
            });
        }
    }

    /** In a worker that lives on, the request before may have been for an application. This one is for none. */
    private static function giveBack(): void
    {
        if (self::$saveHandler !== null) {
            session_module_name(self::$saveHandler);
            self::$saveHandler = null;
            self::$watch = new Watch(null);
        }
    }

    /** @internal a shutdown function */
    public static function end(): void
    {
        if (self::$watch !== null) {
            self::$watch->end();
        }
    }
}
