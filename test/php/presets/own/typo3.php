<?php

declare(strict_types=1);

// The cookie by TYPO3's library, firebase/php-jwt, with the key that UserSession gives it; the row by TYPO3's statements.

use Firebase\JWT\JWT;
use Firebase\JWT\Key;

return static function (string $own, Database $database): Side {
    autoload('Firebase\\JWT\\', "$own/src");
    return new class ($database) extends Statements {
        private $key;

        public function __construct(Database $database)
        {
            parent::__construct(applications()['typo3'], $database);
            $this->key = hash('sha256', str_repeat('0123456789abcdef', 6)) . '/TYPO3\CMS\Core\Session\UserSession';
        }

        public function idOf(string $cookie): string
        {
            return JWT::decode($cookie, new Key($this->key, 'HS256'))->identifier;
        }

        public function cookie(): string
        {
            $time = (new DateTimeImmutable())->format(DateTimeImmutable::RFC3339);
            $scope = ['domain' => 'www.example.com', 'hostOnly' => true, 'path' => '/'];
            return JWT::encode(['identifier' => $this->id(), 'time' => $time, 'scope' => $scope], $this->key, 'HS256');
        }
    };
};
