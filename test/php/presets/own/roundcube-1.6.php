<?php

declare(strict_types=1);

// rcube_session_db over rcube_db_mysql. Of the application there is what these two ask for.

function rcube_autoload(string $folder): void
{
    spl_autoload_register(static function (string $class) use ($folder): void {
        foreach ([$class, 'session/' . substr($class, 14), 'db/' . substr($class, 9)] as $name) {
            if (strncmp($class, 'rcube_', 6) === 0 && is_file("$folder/$name.php")) {
                require_once "$folder/$name.php";
                return;
            }
        }
    });
}

final class rcube
{
    public $config;
    public $plugins;
    public static $database;
    private static $instance;

    public static function get_instance(): self
    {
        return self::$instance ?? self::$instance = new self();
    }

    private function __construct()
    {
        $this->config = new class {
            public function get(string $name, $default = null)
            {
                return ['session_lifetime' => 10][$name] ?? $default;
            }
        };
        $this->plugins = new class {
            public function exec_hook(string $hook, array $values): array
            {
                return $values;
            }
        };
    }

    public function get_dbh(): rcube_db
    {
        return self::$database;
    }

    public static function raise_error(): void
    {
    }

    public static function write_log(): void
    {
    }
}

return static function (string $own, Database $database): Side {
    rcube_autoload("$own/program/lib/Roundcube");
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $schema] = $database->server;
    rcube::$database = rcube_db::factory('mysql://' . rawurlencode($user) . ':' . rawurlencode($password) . "@$host:$port/$schema");
    rcube::$database->query("SET time_zone = '$database->zone'");
    return new class (rcube_session::factory(rcube::get_instance()->config)) extends Side {
        private $roundcube;

        public function __construct(rcube_session $roundcube)
        {
            $this->roundcube = $roundcube;
        }

        public function open(?string $id): void
        {
            if ($id !== null) {
                session_id($id);
            }
            $this->roundcube->start();
        }

        public function roundcube(): rcube_session
        {
            return $this->roundcube;
        }

        public function regenerate(): void
        {
            $this->roundcube->regenerate_id();
        }

        public function save(): void
        {
            $this->roundcube->write_close();
        }
    };
};
