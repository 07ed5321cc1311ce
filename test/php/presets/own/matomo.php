<?php

declare(strict_types=1);

// Matomo's Zend_Session and its DbTable. Of Matomo itself there is what these two ask for.

namespace Piwik {
    class Db
    {
        public static $database;

        public static function get()
        {
            return new self();
        }

        public function getConnection(): void
        {
        }

        public function fetchOne(string $sql, array $values)
        {
            return $this->query($sql, $values)->fetchColumn();
        }

        public function query(string $sql, array $values): \PDOStatement
        {
            $statement = self::$database->pdo->prepare($sql);
            $statement->execute($values);
            return $statement;
        }
    }

    class SettingsPiwik
    {
        public static function getSalt(): string
        {
            return 'made-up-salt';
        }
    }

    class Common
    {
        public static function safe_unserialize(string $text, array $classes = [])
        {
            return unserialize($text, ['allowed_classes' => $classes]);
        }
    }

    class Session
    {
        public const SESSION_NAME = 'MATOMO_SESSID';

        public static function getSameSiteCookieValue(): string
        {
            return 'Lax';
        }
    }
}

namespace {
    return static function (string $own, Database $database): Side {
        ini_set('error_reporting', (string) (E_ALL & ~E_DEPRECATED));
        autoload('Zend_', "$own/libs/Zend");
        require_once "$own/core/Session/SaveHandler/DbTable.php";
        Piwik\Db::$database = $database;
        ini_set('session.gc_maxlifetime', '1209600');
        session_set_save_handler(new Piwik\Session\SaveHandler\DbTable([
            'name' => 'matomo_session',
            'primary' => 'id',
            'modifiedColumn' => 'modified',
            'dataColumn' => 'data',
            'lifetimeColumn' => 'lifetime',
        ]), false);
        return new class extends Side {
            public function open(?string $id): void
            {
                if ($id !== null) {
                    session_id($id);
                }
                Zend_Session::start(true);
            }

            public function save(): void
            {
                Zend_Session::writeClose();
            }
        };
    };
}
