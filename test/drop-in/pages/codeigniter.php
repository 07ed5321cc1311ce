<?php

declare(strict_types=1);

// CodeIgniter 4 as a whole, without a route: its session service, with our handler as the driver of its configuration.

namespace {
    require __DIR__ . '/page.php';

    define('FCPATH', application('codeigniter4') . '/public/');
    require application('codeigniter4') . '/app/Config/Paths.php';

    $paths = new Config\Paths();
    $paths->writableDirectory = getenv('PSB_DROP_IN_FOLDER');
    foreach (['cache', 'logs'] as $folder) {
        is_dir("$paths->writableDirectory/$folder") || @mkdir("$paths->writableDirectory/$folder");
    }
    $_SERVER['CI_ENVIRONMENT'] = 'production';
    if (is_file(application('codeigniter4') . '/system/Boot.php')) {
        require application('codeigniter4') . '/system/Boot.php';
        CodeIgniter\Boot::bootWorker($paths);
    } else { // Before 4.5.
        define('ENVIRONMENT', 'production');
        define('CI_DEBUG', false);
        require application('codeigniter4') . '/system/bootstrap.php';
    }
}

namespace App {
    final class SessionHandler extends \PhpSessionBridge\Adapter\CodeIgniterHandler
    {
        protected function sessionHandler(): \PhpSessionBridge\SessionHandler
        {
            return \sessionHandler();
        }
    }
}

namespace {
    if (isOld()) {
        ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $database, 'table' => $table] = server();
        $driver = CodeIgniter\Session\Handlers\DatabaseHandler::class;
        if (class_exists('Config\Session')) {
            config('Session')->driver = $driver;
            config('Session')->savePath = $table;
        } else { // Before 4.3.
            config('App')->sessionDriver = $driver;
            config('App')->sessionSavePath = $table;
        }
        config('Database')->default = [
            'hostname' => $host, 'port' => $port, 'username' => $user, 'password' => $password, 'database' => $database,
        ] + config('Database')->default;
    } else {
        config('Session')->driver = App\SessionHandler::class;
        config('Session')->cookieName = 'ci_session';
    }

    final class CodeIgniterPage implements Session
    {
        private $session;

        public function __construct()
        {
            $this->session = session();
        }

        public function get(string $key)
        {
            return $this->session->get($key);
        }

        public function set(string $key, $value): void
        {
            $this->session->set($key, $value);
        }

        public function flash(string $text): void
        {
            $this->session->setFlashdata('notice', $text);
        }

        public function flashed(): ?string
        {
            return $this->session->getFlashdata('notice');
        }

        public function regenerate(): void
        {
            $this->session->regenerate(true);
        }

        public function logout(): void
        {
            $this->session->destroy();
        }
    }

    echo json_encode(act(new CodeIgniterPage()));
}
