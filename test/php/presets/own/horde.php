<?php

declare(strict_types=1);

// Horde_Session over Horde_SessionHandler_Storage_Sql and Horde_Db. Of the registry and the injector there is what they ask for.

return static function (string $own, Database $database): Side {
    autoload('Horde_', "$own/Horde");
    ini_set('error_reporting', (string) (E_ALL & ~E_DEPRECATED));
    ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $schema] = $database->server;
    $handler = new Horde_SessionHandler(
        new Horde_SessionHandler_Storage_Sql(['db' => new Horde_Db_Adapter_Pdo_Mysql([
            'host' => $host, 'port' => $port, 'username' => $user, 'password' => $password, 'dbname' => $schema, 'charset' => 'utf-8',
        ])]),
        ['no_md5' => true]
    );
    $GLOBALS['conf'] = [
        'session' => ['use_only_cookies' => true, 'timeout' => 0, 'cache_limiter' => '', 'name' => 'Horde'],
        'cookie' => ['path' => '/', 'domain' => ''],
        'server' => ['name' => 'localhost'],
        'use_ssl' => 2,
    ];
    $GLOBALS['injector'] = new class ($handler) {
        private $handler;

        public function __construct(Horde_SessionHandler $handler)
        {
            $this->handler = $handler;
        }

        public function createInstance(string $class)
        {
            return $this->handler;
        }

        public function getInstance(string $class)
        {
            return $class === 'Horde_Pack' ? new Horde_Pack() : new class {
                public function __call(string $name, array $values): void
                {
                }
            };
        }
    };
    return new class ($handler) extends Side {
        private $handler;
        private $horde;

        public function __construct(Horde_SessionHandler $handler)
        {
            $this->handler = $handler;
            $this->horde = new Horde_Session();
        }

        public function open(?string $id): void
        {
            $this->horde->setup(true, '', $id);
        }

        public function save(): void
        {
            $this->horde->set('horde', 'auth/seen', [7, 'é']); // which is packed
            $this->handler->changed = true;
            session_write_close();
        }

        public function regenerate(): void
        {
            $this->horde->regenerate();
        }

        public function logout(): void
        {
            $this->horde->destroy();
        }
    };
};
