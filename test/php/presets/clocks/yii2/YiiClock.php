<?php

declare(strict_types=1);

/** With the application's own classes, which are loaded before: the component `user` over DbSession. */
final class YiiClock implements Clock
{
    private $app;

    public function __construct(Database $database, int $authTimeout)
    {
        ['host' => $host, 'port' => $port, 'user' => $user, 'password' => $password, 'database' => $name] = $database->server;
        $this->app = new yii\web\Application([
            'id' => 'clock',
            'basePath' => __DIR__,
            'runtimePath' => sys_get_temp_dir(),
            'vendorPath' => sys_get_temp_dir(),
            'components' => [
                'request' => ['cookieValidationKey' => 'key'],
                'session' => ['class' => yii\web\DbSession::class, 'sessionTable' => 'session'],
                'db' => [
                    'class' => yii\db\Connection::class,
                    'dsn' => "mysql:host=$host;port=$port;dbname=$name",
                    'username' => $user,
                    'password' => $password,
                ],
                'user' => ['identityClass' => YiiUser::class, 'authTimeout' => $authTimeout],
                'log' => ['targets' => []],
            ],
        ]);
    }

    public function open(?string $id): void
    {
        if ($id !== null) {
            $this->app->session->setId($id);
        }
        $this->app->session->open();
    }

    public function login(): void
    {
        $this->app->user->login(new YiiUser());
    }

    public function visit(): bool
    {
        return !$this->app->user->isGuest;
    }

    public function user(): ?string
    {
        return $this->app->user->identity->name ?? null;
    }

    public function save(): void
    {
        $this->app->session->close();
    }
}

/** The user of the application's database. */
final class YiiUser implements yii\web\IdentityInterface
{
    public $name = 'alice';

    public static function findIdentity($id): ?self
    {
        return $id === 42 ? new self() : null;
    }

    public static function findIdentityByAccessToken($token, $type = null): ?self
    {
        return null;
    }

    public function getId(): int
    {
        return 42;
    }

    public function getAuthKey(): string
    {
        return 'made-up';
    }

    public function validateAuthKey($authKey): bool
    {
        return $authKey === 'made-up';
    }
}
