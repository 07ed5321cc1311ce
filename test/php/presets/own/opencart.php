<?php

declare(strict_types=1);

// OpenCart's own Session, its adaptor db, and its database library.

return static function (string $own, Database $database): Side {
    foreach (['engine/registry', 'engine/config', 'library/db', 'library/db/pdo', 'library/session', 'library/session/db'] as $file) {
        require_once "$own/upload/system/$file.php";
    }
    define('DB_PREFIX', 'oc_');
    $registry = new Opencart\System\Engine\Registry();
    $registry->set('db', new Opencart\System\Library\DB([
        'engine' => 'pdo',
        'hostname' => $database->server['host'],
        'port' => $database->server['port'],
        'username' => $database->server['user'],
        'password' => $database->server['password'],
        'database' => $database->server['database'],
    ]));
    $config = new Opencart\System\Engine\Config();
    foreach (['session_expire' => 86400, 'session_divisor' => 1000000, 'session_probability' => 1] as $name => $value) {
        $config->set($name, $value);
    }
    $registry->set('config', $config);
    return new class (new Opencart\System\Library\Session('db', $registry)) extends Side {
        private $session;

        public function __construct(Opencart\System\Library\Session $session)
        {
            $this->session = $session;
        }

        public function open(?string $id): void
        {
            $this->session->start((string) $id);
        }

        public function &session(): array
        {
            return $this->session->data;
        }

        public function id(): string
        {
            return $this->session->getId();
        }

        public function save(): void
        {
        }

        public function regenerate(): void
        {
            $data = $this->session->data;
            $this->session->destroy();
            $this->session->start();
            $this->session->data = $data;
        }

        public function logout(): void
        {
            $this->session->destroy();
        }
    };
};
