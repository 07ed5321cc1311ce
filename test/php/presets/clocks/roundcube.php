<?php

declare(strict_types=1);

// rcube_session::check_auth(), which each page of a user calls, and set_auth_cookie(), which a login calls.

/** With the application's own class. */
final class RoundcubeClock implements Clock
{
    private $side;
    private $time;
    /** @var rcube_session */
    private $roundcube;

    public function __construct(Side $side, int $time)
    {
        $this->side = $side;
        $this->time = $time;
    }

    public function open(?string $id): void
    {
        $this->side->open($id);
        $this->roundcube = $this->side->roundcube();
        // What set_lifetime() has made of time().
        (function (int $time): void {
            $this->now = $time - ($time % ($this->lifetime / 2));
        })->call($this->roundcube, $this->time);
    }

    public function login(): void
    {
        $_SESSION += ['user_id' => 42, 'username' => 'alice'];
        $this->roundcube->regenerate_id(false); // as its login: without an id it makes no secret
        $this->roundcube->set_auth_cookie();
    }

    public function visit(): bool
    {
        return $this->roundcube->check_auth();
    }

    public function user(): ?string
    {
        return $_SESSION['username'] ?? null;
    }

    public function save(): void
    {
        $this->side->save();
    }
}

/** Its rule. */
final class RoundcubeRule implements Clock
{
    private $side;
    private $slot;

    public function __construct(Side $side, int $time)
    {
        $this->side = $side;
        $this->slot = $time - $time % 300;
    }

    public function open(?string $id): void
    {
        $this->side->open($id);
    }

    public function login(): void
    {
        $_SESSION += ['user_id' => 42, 'username' => 'alice', 'auth_secret' => 'made-up'];
        $_COOKIE['roundcube_sessauth'] = $this->cookie(0);
    }

    public function visit(): bool
    {
        $isOld = in_array($_COOKIE['roundcube_sessauth'] ?? '', [$this->cookie(1), $this->cookie(2)], true);
        if ($isOld) {
            $_COOKIE['roundcube_sessauth'] = $this->cookie(0);
        }
        return ($_COOKIE['roundcube_sessauth'] ?? '') === $this->cookie(0);
    }

    private function cookie(int $slotsAgo): string
    {
        return ($_SESSION['auth_secret'] ?? bin2hex(random_bytes(9))) . '-' . ($this->slot - 300 * $slotsAgo);
    }

    public function user(): ?string
    {
        return $_SESSION['username'] ?? null;
    }

    public function save(): void
    {
        $this->side->save();
    }
}

return static function (string $name, array $request, Database $database): Clock {
    return isset($request['own'])
        ? new RoundcubeClock((require __DIR__ . "/../own/$name.php")($request['own'], $database), $request['time'])
        : new RoundcubeRule(new Statements(applications()[$name], $database), $request['time']);
};
