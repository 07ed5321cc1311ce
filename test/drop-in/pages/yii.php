<?php

declare(strict_types=1);

// The session component of a Yii 2 application, with our handler as its option `handler`.

define('YII_DEBUG', false);
require __DIR__ . '/page.php';
require application('yii2') . '/framework/Yii.php';

class YiiPage implements Session
{
    private $yii;

    public function __construct(yii\web\Session $yii)
    {
        $this->yii = $yii;
    }

    public function get(string $key)
    {
        return $this->yii->get($key);
    }

    public function set(string $key, $value): void
    {
        $this->yii->set($key, $value);
    }

    public function flash(string $text): void
    {
        $this->yii->addFlash('notice', $text);
    }

    public function flashed(): ?string
    {
        return $this->yii->getFlash('notice')[0] ?? null;
    }

    public function regenerate(): void
    {
        $this->yii->regenerateID(true);
    }

    public function logout(): void
    {
        $this->yii->destroy();
    }
}

/** The user of the application's database. */
final class Identity implements yii\web\IdentityInterface
{
    public static function findIdentity($id): ?self
    {
        return (int) $id === 42 ? new self() : null;
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

/** The page of an application with Yii's component `user`. */
final class YiiUserPage extends YiiPage implements Login
{
    public function get(string $key)
    {
        return $key === 'user' && Yii::$app->user->isGuest ? null : parent::get($key);
    }

    public function login(): void
    {
        Yii::$app->user->login(new Identity());
    }

    public function logout(): void
    {
        Yii::$app->user->logout();
    }
}

final class SiteController extends yii\web\Controller
{
    public function actionIndex(): yii\web\Response
    {
        Yii::$app->session->open();
        return $this->asJson(act(isOld() ? new YiiUserPage(Yii::$app->session) : new YiiPage(Yii::$app->session)));
    }
}

$mysql = server();
(new yii\web\Application([
    'id' => 'drop-in',
    'basePath' => __DIR__,
    'runtimePath' => getenv('PSB_DROP_IN_FOLDER'),
    'vendorPath' => getenv('PSB_DROP_IN_FOLDER'),
    'controllerMap' => ['site' => SiteController::class],
    'defaultRoute' => 'site/index',
    'components' => [
        'request' => ['cookieValidationKey' => 'key', 'enableCsrfCookie' => false, 'scriptFile' => __FILE__, 'scriptUrl' => '/yii.php'],
        'session' => isOld()
            ? ['class' => yii\web\DbSession::class, 'sessionTable' => $mysql['table']]
            : ['class' => yii\web\Session::class, 'handler' => new PhpSessionBridge\Adapter\YiiHandler(sessionHandler())],
        'db' => [
            'class' => yii\db\Connection::class,
            'dsn' => "mysql:host={$mysql['host']};port={$mysql['port']};dbname={$mysql['database']}",
            'username' => $mysql['user'],
            'password' => $mysql['password'],
        ],
        'user' => ['identityClass' => Identity::class],
        'log' => ['targets' => []],
    ],
]))->run();
