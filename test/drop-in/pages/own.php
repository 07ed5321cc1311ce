<?php

declare(strict_types=1);

// A page of one's own with native sessions. Only php.ini's auto_prepend_file puts our handler under it.

require __DIR__ . '/page.php';

session_start();

$session = new class implements Session {
    public function get(string $key)
    {
        return $_SESSION[$key] ?? null;
    }

    public function set(string $key, $value): void
    {
        $_SESSION[$key] = $value;
    }

    public function flash(string $text): void
    {
        $_SESSION['flash'] = $text;
    }

    public function flashed(): ?string
    {
        $text = $_SESSION['flash'] ?? null;
        unset($_SESSION['flash']);
        return $text;
    }

    public function regenerate(): void
    {
        session_regenerate_id(true);
    }

    public function logout(): void
    {
        session_destroy();
    }
};

echo json_encode(act($session));
