<?php

declare(strict_types=1);

// The session component of a Yii 2 application, with our handler as its option `handler`.

define('YII_DEBUG', false);
require __DIR__ . '/page.php';
require application('yii2') . '/framework/Yii.php';

final class YiiPage implements Session
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

final class SiteController extends yii\web\Controller
{
    public function actionIndex(): yii\web\Response
    {
        Yii::$app->session->open();
        return $this->asJson(act(new YiiPage(Yii::$app->session)));
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
        'request' => ['cookieValidationKey' => 'key', 'scriptFile' => __FILE__, 'scriptUrl' => '/yii.php'],
        'session' => isOld()
            ? ['class' => yii\web\DbSession::class, 'sessionTable' => $mysql['table']]
            : ['class' => yii\web\Session::class, 'handler' => new PhpSessionBridge\Adapter\YiiHandler(sessionHandler())],
        'db' => [
            'class' => yii\db\Connection::class,
            'dsn' => "mysql:host={$mysql['host']};port={$mysql['port']};dbname={$mysql['database']}",
            'username' => $mysql['user'],
            'password' => $mysql['password'],
        ],
        'log' => ['targets' => []],
    ],
]))->run();
