<?php

declare(strict_types=1);

// yii\web\User::renewAuthStatus(), with which each page begins that asks for the user, and its login. Its time is in the session: __expire.

namespace yii\web {
    /** What the classes of this namespace take for now. */
    function time(): int
    {
        return \YiiTime::$now;
    }
}

namespace {
    final class YiiTime
    {
        /** @var int Unix seconds */
        public static $now;
    }

    /** Its rule. */
    final class YiiRule implements Clock
    {
        private $side;
        private $authTimeout;

        public function __construct(Side $side, int $authTimeout)
        {
            $this->side = $side;
            $this->authTimeout = $authTimeout;
        }

        public function open(?string $id): void
        {
            $this->side->open($id);
        }

        public function login(): void
        {
            $_SESSION['__id'] = 42;
            $_SESSION['__authKey'] = 'made-up';
            $_SESSION['__expire'] = YiiTime::$now + $this->authTimeout;
        }

        public function visit(): bool
        {
            if (!isset($_SESSION['__id']) || $_SESSION['__expire'] < YiiTime::$now) {
                return false;
            }
            $_SESSION['__expire'] = YiiTime::$now + $this->authTimeout;
            return true;
        }

        public function user(): ?string
        {
            return isset($_SESSION['__id']) ? 'alice' : null;
        }

        public function save(): void
        {
            $this->side->save();
        }
    }

    return static function (string $name, array $request, Database $database): Clock {
        YiiTime::$now = $request['time'];
        $authTimeout = 900;
        if (isset($request['own'])) {
            define('YII_DEBUG', false);
            require $request['own'] . '/framework/Yii.php';
            require __DIR__ . '/yii2/YiiClock.php';
            return new YiiClock($database, $authTimeout);
        }
        $statements = [ // of DbSession
            'read' => 'SELECT data FROM session WHERE expire > UNIX_TIMESTAMP() AND id = :id',
            'write' => 'INSERT INTO session (id, expire, data) VALUES (:id, UNIX_TIMESTAMP() + 1440, :data)
                ON DUPLICATE KEY UPDATE expire = VALUES(expire), data = VALUES(data)',
            'destroy' => 'DELETE FROM session WHERE id = :id',
        ];
        return new YiiRule(new Statements($statements, $database), $authTimeout);
    };
}
